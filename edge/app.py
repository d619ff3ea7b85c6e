"""The composition root: the only file that knows every stage, and builds the assistant from settings."""

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import anyio

from cloud_sync.client.compose import AssistantEnd, assistant_end, let_go
from edge import at_rest, plugins
from edge.assistant import Assistant, Engines
from edge.bus import Bus
from edge.cloud import open_cloud
from edge.database import Database
from edge.engine_thread import EngineThread
from edge.engines import endpoint_rules, stt, tts, wake_engine, wake_model, wake_rules
from edge.heap import return_memory_when_still
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.home.shared_names import SharedNames
from edge.identity import boot, identity
from edge.listen.listen import Listener
from edge.memory.episodes import Episodes
from edge.memory.recordings import FOLDER, Recordings
from edge.mind import SEMANTIC, Mind, build_mind
from edge.ports import (
    AudioSink,
    Closeable,
    Cloud,
    Neighbour,
    Post,
    Service,
    Shared,
    Storage,
    VadEngine,
    WakeEngine,
)
from edge.privacy.consent import Consents
from edge.session.arbiter import Arbiter
from edge.session.attention import AttentiveWake
from edge.session.elsewhere import Elsewhere
from edge.session.kept import tell_changes
from edge.session.listening import Listening
from edge.session.neighbours import HouseNeighbours
from edge.session.precedence import Precedence
from edge.session.turn import Stages
from edge.settings import Settings
from edge.speak.loudness import VoiceLoudness
from edge.speak.speak import Voice
from edge.understand.languages import Grammars
from edge.unloading import Unloading
from models.store import Store

E = TypeVar("E", bound=Closeable)
Serve: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Runs until it is cancelled."""

_SETTLED_S = 1.0
"""How long is waited at a time for the broker to say which devices there are."""


@asynccontextmanager
async def assistant(
    settings: Settings,
    *,
    hears: bool,
    sink: AudioSink | None,
    suspect: Callable[[], None] | None = None,
    stays: bool = True,
    cloud: Cloud | None = None,
) -> AsyncIterator[Assistant]:
    """Build everything and take it down again. Engines load in the background, all at once.

    ``hears``: whether sound will come in; ``sink``: where answers are heard, None for written ones. ``suspect`` is
    called in the wake engine's thread when a wake word may be on its way. ``stays`` False: it answers and goes, so
    whatever is due waits for one that stays. ``cloud``: a bridge of the caller's; None: that of the settings.
    Raises SettingsError and ModelError for what is missing before anything is started.
    """
    store = Store(settings.models_dir)
    bus = Bus()
    hardware = settings.hardware
    listening = Listening(bus, button=hardware.has_button, switch=hardware.mute_switch is not None)
    async with AsyncExitStack() as stack:
        wake = await _wake(settings, store, suspect, stack) if hears else None
        engines = await _engines(settings, store, stack, hears=hears, speaks=sink is not None)
        loudness = VoiceLoudness()
        voice = Voice(engines.tts, sink, loudness) if sink is not None else None
        house = open_house(settings)
        end = assistant_end(settings, lambda: [*house.areas(), *(device.name for device in house.devices())])
        storage = await stack.enter_async_context(_database(settings, end))
        await (end.prepare(storage) if end is not None else let_go(storage, settings.data_dir))
        await listening.remember(storage)
        neighbours = open_neighbours(settings, house.post, answers=stays)
        cloud = cloud or stack.enter_context(open_cloud(settings, end, house))
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
            cloud=cloud,
            erasures=end.erasures if end is not None else None,
            consents=Consents(storage, end.outbox) if end is not None else None,
        )
        # Skills have said by now what they want to hear of it.
        await stack.enter_async_context(house)
        folder, keep_audio = settings.data_dir / FOLDER, settings.memory.keep_audio_days
        recordings = Recordings(storage, folder, keep_audio, bus)
        stages = Stages(
            router=mind.router,
            dispatch=mind.dispatch,
            wording=mind.wording,
            listener=_listener(settings, engines, mind.grammar) if hears else None,
            voice=voice,
            journal=Episodes(storage, settings.memory.keep_turns_days, outbox=end.outbox if end is not None else None),
            recorder=recordings,
            precedence=Precedence(engines.stt, engines.tts, [each for each in mind.engines if each.name == SEMANTIC]),
        )
        services = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(services.cancel_scope.cancel)
        arbiter = Arbiter(house.post, neighbours.place(settings.wake.earshot), lambda: neighbours.alone)
        built = Assistant(
            settings, house, stages, wake, engines, bus, mind, arbiter, listening, loudness, neighbours, storage,
            recordings, services,
            bridge=end.bridge if end is not None else None,
            make_wake=functools.partial(_attentive, suspect=suspect),
        )  # fmt: skip
        for serve in _always(built, arbiter, end):
            services.start_soon(serve)
        for serve in _while_it_stays(built, mind, end) if stays else ():
            services.start_soon(serve)
        yield built


def _always(built: Assistant, arbiter: Arbiter, end: AssistantEnd | None) -> Iterator[Serve]:
    """What runs as long as any assistant."""
    yield built.neighbours.serve
    yield arbiter.serve
    yield functools.partial(built.listening.keep, built.storage)
    if end is not None:
        yield end.bridge.serve
    yield functools.partial(tell_changes, built.bus, built.skills)
    yield built.recent.serve


def _while_it_stays(built: Assistant, mind: Mind, end: AssistantEnd | None) -> Iterator[Serve]:
    """What runs as long as one that does not only answer and go."""
    if end is not None:
        yield _elsewhere(built.storage, mind, built.house).serve
    yield from (skill.serve for skill in mind.skills if isinstance(skill, Service))
    yield built.recordings.serve
    yield built.keep_ready
    yield built.forgetting.serve
    yield built.observation.serve
    yield functools.partial(return_memory_when_still, built.bus)
    yield Unloading(built.unloadable, built.bus, built.settings.board.unload_after_s).serve


def _database(settings: Settings, end: AssistantEnd | None) -> Database:
    """Where there is a bridge, it is told what changes, in the same transaction, and reminded to look."""
    at_rest.prepare(settings.data_dir, encrypt=settings.privacy.encrypt)
    file = settings.data_dir / at_rest.DATABASE
    return Database(file) if end is None else Database(file, end.seal, after_write=end.bridge.look)


def _elsewhere(storage: Storage, mind: Mind, house: MqttHouse) -> Elsewhere:
    """Sees what the house's other assistants were told."""
    refresh = [skill.refresh for skill in mind.skills if isinstance(skill, Shared)]
    if (names := house.names) is None:
        return Elsewhere(storage, refresh)
    shared = SharedNames(names, storage, functools.partial(house.settled, _SETTLED_S))
    return Elsewhere(storage, [*refresh, shared.merge], lambda: names.stamp)


async def _wake(
    settings: Settings, store: Store, suspect: Callable[[], None] | None, stack: AsyncExitStack
) -> EngineThread[WakeEngine]:
    if (needed := wake_model(settings)) is not None:
        store.require(needed)
    wake_rules(settings)  # what it needs is missed now, not at the first wake
    build = functools.partial(_attentive, settings, suspect)
    return await stack.enter_async_context(EngineThread[WakeEngine]("wake", build))


async def _engines(settings: Settings, store: Store, stack: AsyncExitStack, *, hears: bool, speaks: bool) -> Engines:
    """What its own microphone and loudspeaker need is loaded now; the rest by whoever needs it."""

    def find_vad() -> Callable[[], VadEngine]:
        path = store.require("silero-vad") / "silero_vad_v6.onnx"
        return functools.partial(plugins.load("vad", settings.listen.vad), path)

    return Engines(
        vad=await _engine("vad", find_vad, stack, now=hears),
        stt=await _engine("stt", functools.partial(stt, settings, store), stack, now=hears),
        tts=await _engine("tts", functools.partial(tts, settings, store), stack, now=speaks),
    )


async def _engine(
    name: str, find: Callable[[], Callable[[], E]], stack: AsyncExitStack, *, now: bool
) -> EngineThread[E]:
    """What ``find`` raises for what is missing comes out now, or else of the first call."""

    def build() -> E:
        return find()()

    return await stack.enter_async_context(EngineThread[E](name, find() if now else build, lazy=not now))


def _attentive(settings: Settings, suspect: Callable[[], None] | None) -> WakeEngine:
    """The wake engine; ``suspect`` is told when a wake word may be on its way."""
    engine = wake_engine(settings)
    return AttentiveWake(engine, suspect) if suspect else engine


def open_house(settings: Settings, *, visits: bool = False) -> MqttHouse:
    """The house on the configured broker, to be entered as an async context. ``visits``: see MqttHouse."""
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
        birth=mqtt.birth and not visits,
        visits=visits,
    )


def open_neighbours(settings: Settings, post: Post, *, answers: bool) -> HouseNeighbours:
    """The other assistants on the configured broker. ``answers``: whether they are answered. Raises StorageError."""
    me = Neighbour(identity(settings.data_dir), settings.mqtt.site, settings.area)
    return HouseNeighbours(post, me, boot(), answers=answers)


def _listener(settings: Settings, engines: Engines, grammars: Grammars) -> Listener:
    return Listener(engines.vad, engines.stt, endpoint_rules(settings), settings.understand.language, grammars.sayable)
