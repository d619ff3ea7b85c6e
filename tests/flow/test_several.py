"""Three assistants hear the same sentence through the whole loop, each as loud as it is far away, on one broker."""

import functools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import numpy as np
import pytest

from edge import plugins
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.bus import Bus
from edge.database import Database
from edge.engine_thread import EngineThread
from edge.engines import endpoint_rules, stt_model, wake_engine, wake_rules
from edge.events import AnyEvent, TurnEnded, Woke, Yielded
from edge.home.broker import Broker
from edge.home.demo import SimulatedHome
from edge.home.house import MqttHouse
from edge.intents import Origin, OutcomeKind
from edge.listen.listen import Listener
from edge.memory.episodes import Episodes
from edge.mind import build_mind
from edge.ports import SttEngine, VadEngine, WakeEngine
from edge.sections import MqttSettings, UnderstandSettings
from edge.session.arbiter import Arbiter, Place
from edge.session.arbitration import Arbitration, Timing
from edge.session.conversation import Conversations
from edge.session.floor import Floor
from edge.session.loop import FollowUpRules, Loop
from edge.session.turn import Stages
from edge.settings import Settings
from models.store import Store
from tests.brokers import Mosquitto
from tests.sounds import Pcm, Say, quiet

pytestmark = pytest.mark.anyio
GAINS = {"Hallway": 0.06, "Kitchen": 1.0, "Bedroom": 0.12}
PATIENT = Timing(decide=0.8, take_over=1.2, rank=0.4, silence=5.0, same=2.0)
"""They share one busy processor: each has longer to hear the word than on a board of its own."""


@dataclass
class Room:
    """One assistant: ears and a journal of its own; understanding and speech recognition are the same for all."""

    loop: Loop
    bus: Bus
    journal: Episodes
    events: list[AnyEvent] = field(default_factory=list)
    turns: list[TurnEnded] = field(default_factory=list)

    async def hear(self, sound: Pcm) -> None:
        """At the speed of speech."""
        ring = Ring(30.0)
        with self.bus.subscribe() as events:
            async with Replay(sound, ring, realtime=True, tail_s=4.0):
                self.turns = await self.loop.run(ring)
            self.events = events.pending()


@asynccontextmanager
async def rooms(broker: Mosquitto, folder: Path, store: Store) -> AsyncIterator[dict[str, Room]]:
    where = Broker(host=broker.address.host, port=broker.address.port)
    settings = Settings(
        data_dir=folder,
        mqtt=MqttSettings(host=where.host, port=where.port),
        understand=UnderstandSettings(semantic=False, llm="none"),
    )
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(Database(folder / "house.db"))
        house = MqttHouse(where, site="house")
        mind = await build_mind(settings, house, storage, stack)
        await stack.enter_async_context(house)
        stt = functools.partial(plugins.load("stt", "moonshine"), store.require(stt_model(settings)), 1)
        vad = functools.partial(plugins.load("vad", "silero"), store.require("silero-vad") / "silero_vad_v6.onnx")
        words = await stack.enter_async_context(EngineThread[SttEngine]("stt", stt))
        serving = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(serving.cancel_scope.cancel)
        there = {}
        for area in GAINS:
            post = (await stack.enter_async_context(MqttHouse(where, site=area.lower()))).post
            arbiter = Arbiter(post, Place(area, area.lower(), area), lambda: False)
            arbiter._arbitration = Arbitration(area, "house", PATIENT)
            serving.start_soon(arbiter.serve)
            ear = await stack.enter_async_context(
                EngineThread[WakeEngine]("wake", functools.partial(wake_engine, settings))
            )
            voice = await stack.enter_async_context(EngineThread[VadEngine]("vad", vad))
            journal = Episodes(await stack.enter_async_context(Database(folder / f"{area}.db")), 30)
            listener = Listener(voice, words, endpoint_rules(settings), "en", mind.grammar.sayable)
            stages = Stages(mind.router, mind.dispatch, mind.wording, listener, None, journal)
            bus, origin = Bus(), Origin("s", area)
            loop = Loop(
                ear, stages, bus, wake_rules(settings), lambda origin=origin: origin, Conversations(), Floor(),
                FollowUpRules(0.0), arbiter,
            )  # fmt: skip
            there[area] = Room(loop, bus, journal)
            await ear.ready()
            await listener.ready()
            await post.next_connection(0)
        await house.settled(30)
        yield there


def heard(said: Pcm, gain: float) -> Pcm:
    """``said`` in a room with noise, from further away."""
    return quiet(len(said) / 16_000, 20.0) + (said * gain).astype(np.int16)


async def test_the_nearest_one_answers_and_the_others_leave_no_trace(
    home: SimulatedHome, broker: Mosquitto, say: Say, store: Store, tmp_path: Path
) -> None:
    said = np.concatenate([np.zeros(32_000, np.int16), say("Alexa, turn on the kitchen light.")])
    async with rooms(broker, tmp_path, store) as there:
        async with anyio.create_task_group() as listening:
            for area, room in there.items():
                listening.start_soon(room.hear, heard(said, GAINS[area]))
        kept = {area: [turn["text"] for turn in await room.journal.whole()] for area, room in there.items()}
    woke = {area: [e.word for e in room.events if isinstance(e, Woke)] for area, room in there.items()}
    assert woke == {key: ["alexa"] for key in GAINS}
    (answered,) = there["Kitchen"].turns
    assert (answered.outcome, answered.text.casefold().strip(".")) == (OutcomeKind.DONE, "turn on the kitchen light")
    assert len(home.commands("kitchen_light")) == 1
    for area in ("Hallway", "Bedroom"):
        assert there[area].turns == []
        assert [e.to for e in there[area].events if isinstance(e, Yielded)] == ["Kitchen"]
        (ended,) = [e for e in there[area].events if isinstance(e, TurnEnded)]
        assert (ended.outcome, ended.reply.text) == (OutcomeKind.CANCELLED, "")
    assert kept == {"Hallway": [], "Kitchen": [answered.text], "Bedroom": []}
