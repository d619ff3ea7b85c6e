"""The running assistant, for whoever gives it sound or text: the command line, the APIs, the hardware."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from edge.act.confirm import Guard
from edge.adoption import LIVE, differing, exchange_engines, taking
from edge.bus import Bus, Tap
from edge.chunk import Pcm
from edge.database import Database
from edge.engine_thread import EngineThread
from edge.engines import endpoint_rules, wake_rules
from edge.errors import AssistantError
from edge.events import AnyEvent, Fault, TurnEnded
from edge.forgetting import Forgetting
from edge.home.house import MqttHouse
from edge.intents import Intent, Origin, Phrase, Transcript, Understanding
from edge.listen.endpoint import EndpointRules
from edge.listen.listen import Listener
from edge.memory.recordings import Recordings
from edge.mind import Mind, confirmed
from edge.observe.observation import Observation
from edge.ports import (
    Afterthought,
    Announcer,
    AudioSink,
    Countdowns,
    Delegate,
    Loudness,
    RingingEnd,
    Sayable,
    Silenced,
    Skill,
    Sound,
    Storage,
    SttEngine,
    TtsEngine,
    VadEngine,
    WakeEngine,
)
from edge.service import set_log_level
from edge.session.arbiter import Arbiter
from edge.session.clock import TurnClock
from edge.session.listening import Listening
from edge.session.loop import FollowUpRules, Loop
from edge.session.neighbours import HouseNeighbours
from edge.session.recent import Recent
from edge.session.talker import Talker, until_let_go
from edge.session.turn import Stages, Turn
from edge.settings import Settings
from edge.speak.speak import Voice
from edge.speak.wording import Wording
from edge.wake.gauge import Gauge

if TYPE_CHECKING:
    from cloud_sync.client.bridge import LocalBridge

_LOOK_S: Final = 1.0
"""Between two looks whether the house has changed."""


@dataclass(frozen=True, slots=True)
class Engines:
    """What hears words and speaks them. Where it has no microphone or no loudspeaker itself, they are loaded once
    somebody who talks by network needs them, and stay.
    """

    vad: EngineThread[VadEngine]
    stt: EngineThread[SttEngine]
    tts: EngineThread[TtsEngine]


class Assistant:
    """The running assistant: takes sound or text, gives turns and events."""

    def __init__(
        self,
        settings: Settings,
        house: MqttHouse,
        stages: Stages,
        wake: EngineThread[WakeEngine] | None,
        engines: Engines,
        bus: Bus,
        mind: Mind,
        arbiter: Arbiter,
        listening: Listening,
        loudness: Loudness,
        neighbours: HouseNeighbours,
        storage: Storage,
        recordings: Recordings,
        tasks: TaskGroup,
        *,
        bridge: "LocalBridge | None" = None,
        make_wake: Callable[[Settings], WakeEngine],
    ) -> None:
        """``bridge``: the link to it, where there is one. ``make_wake`` makes another wake engine, as settings want."""
        self._make_wake = make_wake
        self.settings, self.house, self.bus = settings, house, bus
        self.listening, self.loudness, self.neighbours, self.storage = listening, loudness, neighbours, storage
        self._stages, self._wake, self._mind, self._arbiter = stages, wake, mind, arbiter
        self.engines = engines
        self.tasks = tasks
        """What outlives whoever began it, but not the assistant."""
        self._floor, self._conversations = mind.floor, mind.conversations
        self._pressed = threading.Event()
        self._loops: set[Loop] = set()
        self._adopting = anyio.Lock()
        self.boot = uuid.uuid4().hex[:12]
        """What tells this start from every other."""
        self.begin_anew: Callable[[], None] | None = None
        """Ends it, to be started anew in its place; None where whoever runs it can't."""
        self.recordings = recordings
        """The sound of turns, where it is kept."""
        self.bridge = bridge
        self.observation = Observation(self)
        self.recent = Recent(bus, listening=listening.on)
        self.forgetting = Forgetting(bus, mind.conversations, self.recent, stages.journal, self.report)
        self.gauge = Gauge()
        """What is heard at this moment."""
        self.clients: Counter[str] = Counter()
        """How many are connected over the network now, by kind of stream: ``events``, ``voice`` and the like. Whoever
        serves one counts it in and out."""

    @property
    def announcer(self) -> Announcer:
        """By which it is heard unasked."""
        return self._mind.announcer

    @property
    def skills(self) -> Sequence[Skill]:
        """What it can do."""
        return self._mind.skills

    @property
    def countdowns(self) -> Sequence[Countdowns]:
        """What counts time down."""
        return [skill for skill in self._mind.skills if isinstance(skill, Countdowns)]

    @property
    def voice(self) -> Voice | None:
        """None where answers are only written."""
        return self._stages.voice

    @property
    def guard(self) -> Guard:
        """What stands before a command that could let somebody in."""
        return self._mind.guard

    @property
    def wording(self) -> Wording:
        """What phrases are in words."""
        return self._mind.wording

    @property
    def hears(self) -> bool:
        """Whether there is any sound to hear."""
        return self._wake is not None

    @property
    def unloadable(self) -> Sequence[EngineThread[Any]]:
        """Engines that may go while memory is short, the least missed first. What listens for wake words never goes."""
        return (*self._mind.engines, self.engines.tts, self.engines.stt)

    def queues(self) -> Mapping[str, int]:
        """How many calls wait for each engine's thread now."""
        own = self.engines
        wake = [self._wake] if self._wake is not None else []
        engines: list[EngineThread[Any]] = [*wake, own.vad, own.stt, own.tts, *self._mind.engines]
        waiting = {engine.name: engine.waiting for engine in engines}
        if isinstance(self.storage, Database):
            waiting["database"] = self.storage.waiting
        return waiting

    def grammar(self, text: str, area: str | None = None) -> Understanding | None:
        """What ``text`` means word for word, said in ``area``: within milliseconds. Nothing of it is done."""
        return self._mind.grammar.of(self.settings.understand.language).exactly(text, self._origin(area))

    def sayable(self) -> Sayable:
        """The start of every sentence that means something in this house now."""
        return self._mind.grammar.sayable()

    async def listens(self) -> None:
        """Returns when a wake word would be heard; what comes after it waits for its engines to load."""
        if self._wake is not None:
            await self._wake.ready()

    async def ready(self) -> None:
        """Returns when every engine that a command needs is loaded and warm. Raises what loading one raised."""
        await self.listens()
        if self._stages.listener is not None:
            await self._stages.listener.ready()
        if self._stages.voice is not None:
            await self._stages.voice.ready()

    async def keep_ready(self) -> None:
        """Prepare anew when the house has changed, before a command waits for it; runs until it is cancelled."""
        while True:
            await anyio.sleep(_LOOK_S)
            renewed = self._mind.grammar.renew()
            # What was unloaded stays so: the next turn has it built, and prepared.
            if renewed and self._stages.listener is not None and not self.engines.stt.unloaded:
                self._stages.listener.prepare()

    async def follow(self, sound: Sound, delegate: Delegate | None = None) -> list[TurnEnded]:
        """Wake, listen, answer, until ``sound`` ends. Returns the turns it gave. ``delegate``: see :class:`Loop`."""
        assert self._wake is not None
        loop = Loop(
            self._wake, self._at_home(), self.bus, wake_rules(self.settings), self._at_microphone, self._conversations,
            self._floor, self._follow_up(), self._arbiter, delegate, self._pressed, self.gauge,
        )  # fmt: skip
        self._loops.add(loop)
        try:
            return await loop.run(sound)
        finally:
            self._loops.discard(loop)

    async def adopt(self, settings: Settings) -> frozenset[str]:
        """Go by ``settings``, as far as that is possible while it runs. Returns the dotted keys of those that it has to
        be started anew for; they stay as they were.

        Raises ModelError and SettingsError for what is missing, with nothing changed.
        """
        async with self._adopting:
            changed = differing(self.settings, settings)
            now = taking(self.settings, settings, changed & LIVE)
            await exchange_engines(now, changed, self._wake, self.engines.tts, self._make_wake)
            self.settings = now
            for loop in self._loops:
                loop.adopt(wake_rules(now), self._follow_up())
            if self._stages.listener is not None:
                self._stages.listener.adopt(endpoint_rules(now))
            if self._stages.journal is not None:
                self._stages.journal.keep_for(now.memory.keep_turns_days)
            if "memory.keep_audio_days" in changed:
                await self.recordings.keep_for(now.memory.keep_audio_days)
            self._mind.guard.adopt(confirmed(now))
            if "log_level" in changed:
                set_log_level(now.log_level)
            return changed - LIVE

    async def still(self) -> None:
        """Returns when nobody is listened to or answered, and nothing sounds or rings."""
        while True:
            await self._floor.still()
            if self.announcer.ringing is None:
                return
            await anyio.sleep(_LOOK_S)

    @property
    def still_now(self) -> bool:
        """Whether nobody is listened to or answered, and nothing is said unasked, at this moment."""
        return self._floor.is_still

    def _at_home(self) -> Stages:
        """Of turns that are spoken at this assistant's own microphone and answered by its own voice."""
        asks = self.settings.kpi.ask_satisfaction and self.voice is not None and self._follow_up().within_s > 0
        afterthought = next((skill for skill in self.skills if isinstance(skill, Afterthought)), None)
        return replace(self._stages, afterthought=afterthought if asks else None)

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

    async def ask(
        self, text: str, area: str | None = None, session: str | None = None, *, guest: bool = False
    ) -> list[AnyEvent]:
        """One command in writing, asked from ``area`` if that is given; the answer is not spoken. ``guest``: see
        :class:`edge.intents.Origin`.

        Returns the turn's events, the last of them its TurnEnded.
        """
        silent = replace(self._stages, listener=None, voice=None, precedence=None)
        origin = replace(self._origin(area, session), guest=guest)
        turn = Turn(silent, self.bus, origin, TurnClock(time.monotonic()), self._conversations.of(origin.session))
        with self.bus.subscribe(listener="ask") as events:
            ended = await turn.written(text)
            # That it can't be kept is told after its end.
            before = [each for each in events.pending() if each.turn == turn.id and not isinstance(each, TurnEnded)]
            return [*before, ended]

    async def carry_out(
        self,
        text: str,
        intents: Sequence[Intent] = (),
        *,
        area: str | None = None,
        session: str | None = None,
        guest: bool = False,
    ) -> TurnEnded:
        """What another program wants done: ``intents``, of which ``text`` tells; where there are none, the sentence
        ``text``. What is guarded is asked about, however clear it is, and done for the PIN alone.
        ``guest``: see :class:`edge.intents.Origin`.
        """
        silent = replace(self._stages, listener=None, voice=None, precedence=None)
        origin = replace(self._origin(area, session), guest=guest)
        conversation = self._conversations.of(origin.session)
        turn = Turn(silent, self.bus, origin, TurnClock(time.monotonic()), conversation, careful=True)
        return await (turn.meant(intents, text) if intents else turn.written(text))

    async def hear(self, pcm: Pcm) -> Transcript | None:
        """What is said in ``pcm`` (int16, 16 kHz); nothing of it is done. None where nothing is."""
        return (await self._listener(endpoint_rules(self.settings)).whole(pcm)).transcript

    def converse(
        self,
        sink: AudioSink | None,
        hear: Callable[[AnyEvent], None],
        area: str | None = None,
        session: str | None = None,
        *,
        guest: bool = False,
    ) -> Talker:
        """For somebody who talks by network, from ``area``, to whom ``sink`` carries the answers: None, where they are
        only written. ``hear`` is told each event of these turns at once. Their words and sounds are made by the same
        engines as those of the house's own microphone, after its own. ``guest``: see :class:`edge.intents.Origin`.
        """
        rules, origin = endpoint_rules(self.settings), replace(self._origin(area, session), guest=guest)
        stages = replace(
            self._stages,
            listener=self._listener(rules),
            voice=Voice(self.engines.tts.behind, sink) if sink is not None else None,
            precedence=None,
        )
        return Talker(
            stages=stages,
            held=self._listener(until_let_go(rules)),
            bus=Tap(self.bus, hear),
            origin=origin,
            conversations=self._conversations,
            follow_up=self._follow_up(),
        )

    async def understand(self, said: str | Transcript, session: str | None = None) -> Understanding | None:
        """What was ``said`` means, by all tiers; nothing of it is done. None when none of them knows."""
        origin = self._origin(session=session)
        context = self._conversations.context(origin.session)
        transcript = said if isinstance(said, Transcript) else Transcript(said.strip(), origin.language)
        origin = replace(origin, language=transcript.language)
        routed = await self._stages.router.understand(transcript, origin, context)
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

    def _listener(self, rules: EndpointRules) -> Listener:
        """For somebody who can wait."""
        engines, language = self.engines, self.settings.understand.language
        return Listener(engines.vad.behind, engines.stt.behind, rules, language, self._mind.grammar.sayable)

    def _follow_up(self) -> FollowUpRules:
        listen = self.settings.listen
        return FollowUpRules(listen.follow_up_s, always=listen.follow_up == "always")

    def _at_microphone(self) -> Origin:
        return self._origin(session=self._conversations.spoken())

    def _origin(self, area: str | None = None, session: str | None = None) -> Origin:
        language = self.settings.understand.language
        return Origin(session or uuid.uuid4().hex[:12], area or self.settings.area, language)
