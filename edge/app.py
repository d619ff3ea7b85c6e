"""The composition root: the only file that knows every stage, and builds the assistant from settings."""

import functools
import logging
import threading
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import anyio

from edge import plugins
from edge.bus import Bus
from edge.chunk import Pcm
from edge.database import Database
from edge.engine_thread import EngineThread
from edge.errors import AssistantError
from edge.events import AnyEvent, Fault, TurnEnded
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.identity import boot, identity
from edge.intents import Intent, Origin, Phrase, Transcript, Understanding
from edge.listen.endpoint import EndpointRules
from edge.listen.listen import Listener
from edge.memory.episodes import Episodes
from edge.mind import Mind, build_mind, has_semantic, installed
from edge.ports import (
    Announcer,
    AudioSink,
    Countdowns,
    Delegate,
    Loudness,
    Neighbour,
    Post,
    RingingEnd,
    Sayable,
    Service,
    Silenced,
    Sound,
    SttEngine,
    TtsEngine,
    VadEngine,
    WakeEngine,
)
from edge.session.arbiter import Arbiter
from edge.session.attention import AttentiveWake
from edge.session.clock import TurnClock
from edge.session.listening import Listening
from edge.session.loop import FollowUpRules, Loop, WakeRules
from edge.session.neighbours import HouseNeighbours
from edge.session.turn import Stages, Turn
from edge.settings import Settings
from edge.speak.loudness import VoiceLoudness
from edge.speak.speak import Voice
from edge.understand.languages import Grammars
from edge.understand.semantic import encoder
from edge.wake.quiet import DozingEngine
from edge.wake.verify import build as build_verifier
from edge.wyoming.remote import Machine
from models.store import Store

_EMBEDDING = "speech-embedding"
_SEMANTIC_S = 1.0
_LLM_S = 3.0
_REMOTE: Final = "wyoming"
"""Engines on another machine; there is a local one behind each."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ears:
    """What hears: present when there is any sound to hear."""

    wake: EngineThread[WakeEngine]
    vad: EngineThread[VadEngine]
    stt: EngineThread[SttEngine]


class Assistant:
    """The running assistant: takes sound or text, gives turns and events."""

    def __init__(
        self,
        settings: Settings,
        house: MqttHouse,
        stages: Stages,
        ears: Ears | None,
        bus: Bus,
        mind: Mind,
        arbiter: Arbiter,
        listening: Listening,
        loudness: Loudness,
        neighbours: HouseNeighbours,
    ) -> None:
        self.settings, self.house, self.bus = settings, house, bus
        self.listening, self.loudness, self.neighbours = listening, loudness, neighbours
        self._stages, self._ears, self._mind, self._arbiter = stages, ears, mind, arbiter
        self._floor, self._conversations = mind.floor, mind.conversations
        self._pressed = threading.Event()

    @property
    def announcer(self) -> Announcer:
        """By which it is heard unasked."""
        return self._mind.announcer

    @property
    def countdowns(self) -> Sequence[Countdowns]:
        """What counts time down."""
        return [skill for skill in self._mind.skills if isinstance(skill, Countdowns)]

    @property
    def voice(self) -> Voice | None:
        """None where answers are only written."""
        return self._stages.voice

    def sayable(self) -> Sayable:
        """The start of every sentence that means something in this house now."""
        return self._mind.grammar.sayable()

    async def listens(self) -> None:
        """Returns when a wake word would be heard; what comes after it waits for its engines to load."""
        if self._ears is not None:
            await self._ears.wake.ready()

    async def ready(self) -> None:
        """Returns when every engine that a command needs is loaded and warm. Raises what loading one raised."""
        await self.listens()
        if self._stages.listener is not None:
            await self._stages.listener.ready()
        if self._stages.voice is not None:
            await self._stages.voice.ready()

    async def follow(self, sound: Sound, delegate: Delegate | None = None) -> list[TurnEnded]:
        """Wake, listen, answer, until ``sound`` ends. Returns the turns it gave. ``delegate``: see :class:`Loop`."""
        assert self._ears is not None
        rules = wake_rules(self.settings)
        listen, ears = self.settings.listen, self._ears
        follow_up = FollowUpRules(listen.follow_up_s, always=listen.follow_up == "always")
        loop = Loop(
            ears.wake, self._stages, self.bus, rules, self._at_microphone, self._conversations, self._floor, follow_up,
            self._arbiter, delegate, self._pressed,
        )  # fmt: skip
        return await loop.run(sound)

    async def press(self) -> None:
        """Somebody pressed the button: what rings, or is said unasked, is stopped; else a turn is opened, as by a wake
        word, unless the microphone is off. Raises AssistantError.
        """
        if await self.announcer.silence(Silenced(RingingEnd.STOPPED)) is not None or self._floor.dismiss():
            return
        if self.listening.on:
            self._pressed.set()

    async def change_volume(self, step: int) -> None:
        """Somebody turned the knob by ``step`` percent points. Raises AssistantError."""
        await self._stages.dispatch.run(Intent("HassSetVolumeRelative", {"volume_step": step}), self._origin(), 1.0)

    async def utterance(self, pcm: Pcm) -> TurnEnded:
        """``pcm`` (int16, 16 kHz) taken as one command without a wake word."""
        return await Turn(self._stages, self.bus, self._origin(), TurnClock(0.0)).recorded(pcm)

    async def ask(self, text: str, area: str | None = None, session: str | None = None) -> list[AnyEvent]:
        """One command in writing, asked from ``area`` if that is given; the answer is not spoken.

        Returns the turn's events, the last of them its TurnEnded.
        """
        silent = replace(self._stages, listener=None, voice=None)
        origin = self._origin(area, session)
        turn = Turn(silent, self.bus, origin, TurnClock(time.monotonic()), self._conversations.of(origin.session))
        with self.bus.subscribe() as events:
            await turn.written(text)
            return [event for event in events.pending() if event.turn == turn.id]

    async def understand(self, text: str, session: str | None = None) -> Understanding | None:
        """What ``text`` means, by all tiers; nothing of it is done. None when none of them knows."""
        origin = self._origin(session=session)
        context = self._conversations.context(origin.session)
        routed = await self._stages.router.understand(Transcript(text.strip(), origin.language), origin, context)
        return routed.understanding

    async def unasked(self, speak: Callable[[], Awaitable[None]]) -> None:
        """Run ``speak`` while nobody is listened to or answered."""
        await self._floor.unasked(speak)

    def report(self, error: AssistantError) -> None:
        """Tell of an expected failure that belongs to no turn."""
        fault = Fault(turn="", at=time.monotonic(), code=error.code, stage=error.stage, message=str(error))
        self.bus.emit(fault)

    async def say(self, text: str) -> str | None:
        """Speak ``text``; returns when it was heard, with the path of its recording where one was made."""
        if self._stages.voice is None:
            raise AssistantError("there is no loudspeaker", "set audio.output")
        voice, recording = self._stages.voice, None

        async def speak() -> None:
            nonlocal recording
            await voice.speak(text, lambda: None)
            recording = await voice.finish()

        await self._floor.unasked(speak)
        return recording

    async def set_volume(self, percent: float) -> None:
        """As loud as if somebody had asked for it, also after a restart; 0 silences the voice. Raises StorageError."""
        await self._stages.dispatch.run(Intent("HassSetVolume", {"volume_level": percent}), self._origin())

    async def complain(self, error: AssistantError) -> None:
        """Say aloud what is wrong, where there is a voice and a phrase for it. Raises AssistantError."""
        if self._stages.voice is not None and self._stages.wording.knows(error.code):
            await self.say(self._stages.wording.say(Phrase(error.code)))

    def _at_microphone(self) -> Origin:
        return self._origin(session=self._conversations.spoken())

    def _origin(self, area: str | None = None, session: str | None = None) -> Origin:
        language = self.settings.understand.language
        return Origin(session or uuid.uuid4().hex[:12], area or self.settings.area, language)


@asynccontextmanager
async def assistant(
    settings: Settings,
    *,
    hears: bool,
    sink: AudioSink | None,
    suspect: Callable[[], None] | None = None,
    stays: bool = True,
) -> AsyncIterator[Assistant]:
    """Build everything and take it down again. Engines load in the background, all at once.

    ``hears``: whether sound will come in; ``sink``: where answers are heard, None for written ones. ``suspect`` is
    called in the wake engine's thread when a wake word may be on its way. ``stays`` False: it answers and goes, so
    whatever is due waits for one that stays.
    Raises SettingsError and ModelError for what is missing before anything is started.
    """
    store = Store(settings.models_dir)
    bus = Bus()
    hardware = settings.hardware
    listening = Listening(bus, button=hardware.has_button, switch=hardware.mute_switch is not None)
    async with AsyncExitStack() as stack:
        ears = await _ears(settings, store, suspect, stack) if hears else None
        loudness = VoiceLoudness()
        voice = await _voice(settings, store, sink, loudness, stack) if sink is not None else None
        house = open_house(settings)
        storage = await stack.enter_async_context(Database(settings.data_dir / "hearthside.db"))
        await listening.remember(storage)
        neighbours = open_neighbours(settings, house.post, answers=stays)
        mind = await build_mind(
            settings,
            house,
            storage,
            stack,
            bus=bus,
            voice=voice,
            loudness=loudness,
            listening=listening,
            naming=house.names,
            post=house.post,
            neighbours=neighbours,
        )
        # Skills have said by now what they want to hear of it.
        await stack.enter_async_context(house)
        stages = Stages(
            router=mind.router,
            dispatch=mind.dispatch,
            wording=mind.wording,
            listener=_listener(settings, ears, mind.grammar) if ears else None,
            voice=voice,
            journal=Episodes(storage, settings.memory.keep_turns_days),
        )
        services = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(services.cancel_scope.cancel)
        arbiter = Arbiter(house.post, neighbours.place(settings.wake.earshot), lambda: neighbours.alone)
        for serve in (neighbours.serve, arbiter.serve, functools.partial(listening.keep, storage)):
            services.start_soon(serve)
        for service in (skill for skill in mind.skills if stays and isinstance(skill, Service)):
            services.start_soon(service.serve)
        yield Assistant(settings, house, stages, ears, bus, mind, arbiter, listening, loudness, neighbours)


async def _ears(settings: Settings, store: Store, suspect: Callable[[], None] | None, stack: AsyncExitStack) -> Ears:
    if (needed := _wake_model(settings)) is not None:
        store.require(needed)
    wake_rules(settings)  # what it needs is missed now, not at the first wake
    stt = _stt(settings, store)
    vad = functools.partial(
        plugins.load("vad", settings.listen.vad), store.require("silero-vad") / "silero_vad_v6.onnx"
    )
    return Ears(
        wake=await stack.enter_async_context(
            EngineThread[WakeEngine]("wake", functools.partial(_attentive, settings, suspect))
        ),
        vad=await stack.enter_async_context(EngineThread[VadEngine]("vad", vad)),
        stt=await stack.enter_async_context(EngineThread[SttEngine]("stt", stt)),
    )


def _attentive(settings: Settings, suspect: Callable[[], None] | None) -> WakeEngine:
    """The wake engine; ``suspect`` is told when a wake word may be on its way."""
    engine = wake_engine(settings)
    return AttentiveWake(engine, suspect) if suspect else engine


async def _voice(
    settings: Settings, store: Store, sink: AudioSink, loudness: VoiceLoudness, stack: AsyncExitStack
) -> Voice:
    build = _tts(settings, store)
    return Voice(await stack.enter_async_context(EngineThread[TtsEngine]("tts", build)), sink, loudness)


def _stt(settings: Settings, store: Store) -> Callable[[], SttEngine]:
    """Builds what this assistant hears by, be it on another machine. Raises SettingsError, ModelError."""
    stt, local = settings.stt, local_stt(settings, store)
    if stt.engine != _REMOTE:
        return local
    return functools.partial(plugins.load("stt", _REMOTE), local, Machine(stt.host, stt.port, stt.deadline_s))


def local_stt(settings: Settings, store: Store) -> Callable[[], SttEngine]:
    """Builds this machine's own speech to text. Raises SettingsError, ModelError."""
    model = store.require(stt_model(settings))
    return functools.partial(plugins.load("stt", stt_engine(settings)), model, settings.stt.threads)


def _tts(settings: Settings, store: Store) -> Callable[[], TtsEngine]:
    """Builds the voice, be it on another machine. Raises SettingsError, ModelError."""
    speak, local = settings.speak, local_tts(settings, store)
    if speak.engine != _REMOTE:
        return local
    machine = Machine(speak.host, speak.port, speak.deadline_s)
    return functools.partial(plugins.load("tts", _REMOTE), local, machine, speak.remote_voice, speak.volume)


def local_tts(settings: Settings, store: Store) -> Callable[[], TtsEngine]:
    """Builds this machine's own voice. Raises SettingsError, ModelError."""
    path = next(store.require(settings.speak.voice).glob("*.onnx"))
    return functools.partial(plugins.load("tts", tts_engine(settings)), path, settings.speak.volume)


def open_house(settings: Settings) -> MqttHouse:
    """The house on the configured broker, to be entered as an async context."""
    mqtt = settings.mqtt
    broker = Broker(
        host=mqtt.host,
        port=mqtt.port,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
        tls=mqtt.tls,
        ca_file=mqtt.ca_file,
    )
    return MqttHouse(
        broker,
        site=mqtt.site,
        discovery_prefix=mqtt.discovery_prefix,
        house_file=settings.data_dir / "house.toml",
        birth=mqtt.birth,
    )


def open_neighbours(settings: Settings, post: Post, *, answers: bool) -> HouseNeighbours:
    """The other assistants on the configured broker. ``answers``: whether they are answered. Raises StorageError."""
    me = Neighbour(identity(settings.data_dir), settings.mqtt.site, settings.area)
    return HouseNeighbours(post, me, boot(), answers=answers)


def _listener(settings: Settings, ears: Ears, grammars: Grammars) -> Listener:
    return Listener(ears.vad, ears.stt, endpoint_rules(settings), settings.understand.language, grammars.sayable)


def endpoint_rules(settings: Settings) -> EndpointRules:
    """When a command begins and ends."""
    listen = settings.listen
    return EndpointRules(
        threshold=listen.speech_threshold,
        pause_s=listen.pause_s,
        silence_s=listen.silence_s,
        whole_s=listen.whole_s,
        closed_s=listen.closed_s,
        open_s=listen.open_s,
        no_speech_s=listen.no_speech_s,
        max_speech_s=listen.max_speech_s,
    )


def stt_engine(settings: Settings) -> str:
    """This machine's engine that the settings ask for, or the usual one for the language."""
    chosen = settings.stt.fallback if settings.stt.engine == _REMOTE else settings.stt.engine
    return chosen or ("moonshine" if _english(settings) else "whisper")


def tts_engine(settings: Settings) -> str:
    """This machine's engine that the settings ask for."""
    return settings.speak.fallback if settings.speak.engine == _REMOTE else settings.speak.engine


def wake_engine(settings: Settings) -> WakeEngine:
    """The wake engine of the settings, which dozes in quiet. Raises SettingsError, ModelError."""
    wake = settings.wake
    store = Store(settings.models_dir)
    needed = _wake_model(settings)
    folder = store.require(needed) if needed else store.root
    return DozingEngine(plugins.load("wake", wake.engine)(wake.words, folder))


def wake_rules(settings: Settings) -> WakeRules:
    """When a wake word counts as said. Raises ModelError."""
    wake = settings.wake
    if not _verifies(settings):
        return WakeRules(wake.threshold, wake.refractory_s)
    folder = Store(settings.models_dir).require(_EMBEDDING)
    return WakeRules(wake.threshold, wake.refractory_s, functools.partial(build_verifier, folder))


def _wake_model(settings: Settings) -> str | None:
    """The id of what the wake engine runs on; None for an engine that brings its own."""
    if settings.wake.engine != "openwakeword":
        return None
    own = all(word.endswith(".onnx") for word in settings.wake.words)
    return _EMBEDDING if own else "openwakeword"


def _verifies(settings: Settings) -> bool:
    return settings.wake.verify and settings.wake.engine == "microwakeword"


def stt_model(settings: Settings) -> str:
    """The model that the settings ask for, or the engine's usual one for the language."""
    if settings.stt.model:
        return settings.stt.model
    if stt_engine(settings) == "moonshine":
        return "moonshine-tiny-en"
    return "whisper-tiny.en" if _english(settings) else "whisper-base"


def _english(settings: Settings) -> bool:
    return settings.understand.language.startswith("en")


def models_of(settings: Settings) -> dict[str, bool]:
    """Ids of the models that this configuration loads, and whether it can't do its job without."""
    hears, speaks = settings.audio.input != "none", settings.audio.output != "none"
    models = {"silero-vad": hears, stt_model(settings): hears, settings.speak.voice: speaks}
    if (model := _wake_model(settings)) is not None:
        models[model] = hears
    elif _verifies(settings):
        models[_EMBEDDING] = hears
    if has_semantic(settings):
        models[encoder.MODEL] = False
    if settings.understand.llm != "none" and installed("llama_cpp"):
        models[settings.understand.llm_model] = False
        if settings.understand.llm_adapter != "none":
            models[settings.understand.llm_adapter] = False
    return models
