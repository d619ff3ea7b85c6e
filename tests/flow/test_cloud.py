"""Questions for a larger model, from the words to the answer that is told while it is still being made."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from edge.app import assistant
from edge.assistant import Assistant
from edge.bus import Subscription
from edge.events import AnyEvent, ReplyPart, ReplyReady, TurnEnded
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind, Tier
from edge.ports import AudioSink, Finish, LinkLost, ToolCall, Whole
from edge.sections import ConfirmSettings, MqttSettings, UnderstandSettings
from edge.session.clock import TurnClock
from edge.session.turn import Turn
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.stand_in_bridge import Hold, StandInBridge, cloud

pytestmark = pytest.mark.anyio
PARIS = "What is the capital of France?"


@asynccontextmanager
async def connected(
    broker: Mosquitto, folder: Path, bridge: StandInBridge, *, sink: AudioSink | None = None, **names: str
) -> AsyncIterator[Assistant]:
    address = broker.address
    settings = Settings(
        data_dir=folder,
        mqtt=MqttSettings(host=address.host, port=address.port, confirm_s=20.0),
        confirm=ConfirmSettings(unlock="unsure"),
        understand=UnderstandSettings(semantic=False, llm="none"),
    )
    async with assistant(settings, hears=False, sink=sink, cloud=cloud(bridge, names=names)) as running:
        await running.ready()
        await running.house.settled(30)
        yield running


async def said(running: Assistant, text: str, session: str = "s") -> TurnEnded:
    ended = (await running.ask(text, None, session))[-1]
    assert isinstance(ended, TurnEnded)
    return ended


class Ear:
    """A loudspeaker that counts what goes out, and holds it until it may go on."""

    def __init__(self) -> None:
        self.played = 0
        self.first = anyio.Event()
        self.at: list[float] = []

    async def play(self, pcm: object, rate: int) -> None:
        self.at.append(time.perf_counter())
        self.played += 1
        self.first.set()
        await anyio.lowlevel.checkpoint()

    async def finish(self) -> None:
        await anyio.lowlevel.checkpoint()


def aloud(running: Assistant) -> Turn:
    """A turn that is written and answered aloud."""
    return Turn(running._stages, running.bus, running._origin(session="s"), TurnClock(time.monotonic()))


async def test_a_question_that_nothing_here_understands_is_asked_and_answered(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    bridge = StandInBridge(["The capital of **France** ", "is Paris. It lies on", " the Seine."])
    async with connected(broker, tmp_path, bridge) as running:
        events = await running.ask(PARIS, None, "s")
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert (ended.tier, ended.outcome) == (Tier.CLOUD, OutcomeKind.DONE)
    assert ended.reply.text == "The capital of France is Paris. It lies on the Seine."
    assert [each.text for each in events if isinstance(each, ReplyPart)] == [
        "The capital of France is Paris.",
        "It lies on the Seine.",
    ]
    assert [each.text for each in events if isinstance(each, ReplyReady)] == [ended.reply.text]
    assert bridge.asked[0].question == PARIS
    assert not bridge.asked[0].state


async def test_the_first_sentence_is_heard_while_the_rest_is_still_being_made(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    hold, ear = Hold(), Ear()
    bridge = StandInBridge(["The capital of France is Paris. It ", hold, "lies on the Seine."])
    async with connected(broker, tmp_path, bridge, sink=ear) as running, anyio.create_task_group() as tasks:
        turn = aloud(running)
        ended: list[TurnEnded] = []

        async def ask() -> None:
            ended.append(await turn.written(PARIS))

        tasks.start_soon(ask)
        with anyio.fail_after(60):
            await ear.first.wait()
        assert not hold.go_on.is_set()
        assert ear.played == 1
        hold.go_on.set()
    assert ear.played == 2
    assert ended[0].reply.text == "The capital of France is Paris. It lies on the Seine."


async def test_barge_in_stops_the_model_and_keeps_what_was_heard(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    hold, ear = Hold(), Ear()
    bridge = StandInBridge(["The capital of France is Paris. It ", hold, "lies on the Seine."])
    async with connected(broker, tmp_path, bridge, sink=ear) as running:
        with running.bus.subscribe() as events:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(aloud(running).written, PARIS)
                with anyio.fail_after(60):
                    await ear.first.wait()
                tasks.cancel_scope.cancel()
            ended = _turn_of(events)
    assert bridge.answering[0].cancelled
    assert ended.reply.text == "The capital of France is Paris."


async def test_when_the_link_goes_in_mid_answer_the_rest_is_told_later(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    bridge = StandInBridge(["The capital of France is Paris. It lies", LinkLost()])
    async with connected(broker, tmp_path, bridge) as running:
        ended = await said(running, PARIS)
        assert ended.reply.text == (
            "The capital of France is Paris. The connection is gone; I'll tell you the rest when I have it."
        )
        assert ended.outcome is OutcomeKind.FAILED
        assert bridge.kept[0].id == bridge.asked[0].id
        bridge.answer_late("The capital of France is Paris. It lies on the Seine.")
        told = await said(running, "what did you find out?")
    assert told.reply.text == f"Here is the rest of what you asked, {PARIS[:-1]}: It lies on the Seine."


async def test_when_the_model_dies_in_mid_answer_the_rest_is_said_to_be_lost(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    bridge = StandInBridge(["The capital of France is Paris. It lies", Whole("", Finish.CUT)])
    async with connected(broker, tmp_path, bridge) as running:
        ended = await said(running, PARIS)
    assert ended.reply.text == "The capital of France is Paris. Sorry, the rest of the answer is lost."
    assert ended.outcome is OutcomeKind.FAILED
    assert not bridge.kept


async def test_without_a_link_a_question_is_kept_and_told_when_it_is_known(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    bridge = StandInBridge()
    bridge.up = False
    async with connected(broker, tmp_path, bridge) as running:
        ended = await said(running, PARIS)
        assert ended.outcome is OutcomeKind.QUEUED
        assert ended.reply.text == "I can't reach the cloud now; I'll tell you when I know."
        assert [query.question for query in bridge.kept] == [PARIS]
        assert (await said(running, "what did you find out")).reply.text == (
            "Nothing yet: one question still waits for its answer."
        )
        bridge.answer_late("It is Paris.")
        assert (await said(running, "what did you find out")).reply.text == f"You asked: {PARIS} It is Paris."
        assert (await said(running, "what did you find out")).reply.text == "No question waits for an answer."


async def test_a_command_never_goes_up_to_be_carried_out_later(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    bridge = StandInBridge()
    bridge.up = False
    async with connected(broker, tmp_path, bridge) as running:
        ended = await said(running, "ask the cloud to unlock the front door")
        assert ended.outcome is OutcomeKind.FAILED
        assert ended.reply.text == "I can't reach the cloud now, and I don't keep commands for later."
        await said(running, "can you open the pod bay doors")
    assert not bridge.kept


async def test_names_are_masked_on_their_way_up_and_put_back_on_their_way_down(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    bridge = StandInBridge(["Write this: happy birthday, dear [na", "me 1]!"])
    async with connected(broker, tmp_path, bridge, Rosalind="[name 1]") as running:
        ended = await said(running, "ask the cloud what to write to Rosalind for her birthday")
    assert "Rosalind" not in bridge.asked[0].question
    assert ended.reply.text == "Write this: happy birthday, dear Rosalind!"


async def test_what_the_model_asks_for_is_done_here_and_told_by_the_device(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    call = ToolCall("1", "control_home", {"command": "turn on the kitchen light"})
    bridge = StandInBridge([call, "It is cosy in here now."])
    async with connected(broker, tmp_path, bridge) as running:
        ended = await said(running, "ask the cloud to make the kitchen cosy")
    assert bridge.answering[0].results == [("1", "Done, and confirmed by the device.")]
    assert [report.device for report in ended.actions] == ["light.kitchen_light"]
    assert ended.reply.text.startswith("It is cosy in here now. ")
    assert "kitchen" in ended.reply.text.casefold()


async def test_a_tool_call_is_asked_about_and_can_not_confirm(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    calls = [
        ToolCall(str(n), "control_home", {"command": each}) for n, each in enumerate(("unlock the front door", "yes"))
    ]
    bridge = StandInBridge([*calls, "The door is open now."])
    async with connected(broker, tmp_path, bridge) as running:
        ended = await said(running, "ask the cloud to let the neighbours in")
        assert [content for _, content in bridge.answering[0].results] == [
            "Not done yet: the person is asked first.",
            "Not done: too many commands for one answer.",
        ]
        assert not ended.actions
        assert ended.question is not None
        confirmed = await said(running, "yes")
    assert [report.device for report in confirmed.actions] == ["lock.front_door"]


@pytest.mark.parametrize(
    "command",
    [
        "ask the cloud for more",
        "forget everything",
        "remind me to call mum at six",
        "turn off the light in ten minutes",
    ],
)
async def test_a_tool_call_does_nothing_that_only_a_person_may(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path, command: str
) -> None:
    bridge = StandInBridge([ToolCall("1", "control_home", {"command": command}), "I did that."])
    async with connected(broker, tmp_path, bridge) as running:
        ended = await said(running, "ask the cloud to do something clever")
    assert bridge.answering[0].results[0][1].startswith("Not done")
    assert not ended.actions


@pytest.mark.parametrize("up", [True, False])
async def test_no_local_command_touches_the_bridge(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path, up: bool
) -> None:
    bridge = StandInBridge()
    bridge.up = up
    async with connected(broker, tmp_path, bridge) as running:
        for text in ("turn on the kitchen light", "what time is it", "add milk to the shopping list", "turn it off"):
            ended = await said(running, text)
            assert ended.outcome is OutcomeKind.DONE, text
    assert bridge.touched == 0


def _turn_of(events: Subscription) -> TurnEnded:
    ended: list[AnyEvent] = [event for event in events.pending() if isinstance(event, TurnEnded)]
    assert isinstance(ended[-1], TurnEnded)
    return ended[-1]
