"""One trace of one turn, through the assistant, hearth-sync and the bridge, at a real collector."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.cloud import as_ask
from edge.events import TurnEnded
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.ports import Query
from tests.brokers import Mosquitto
from tests.collector import children, collector
from tests.flow.test_cloud_whole import enrolled, linked, said
from tests.model_endpoint import Scripted, serving

pytestmark = pytest.mark.anyio
QUESTION = "ask the cloud why quibblesnark loves marmalade"


async def test_what_the_bridge_does_belongs_to_the_turn_that_asked(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Scripted(["Because grumblethwack told her so."])
    with collector() as taking:
        monkeypatch.setenv("HEARTH_OBSERVE__TRACES", taking.url)
        monkeypatch.setenv("HEARTH_CLOUD_TRACES", taking.url)
        async with (
            serving(endpoint),
            enrolled(broker, tmp_path, monkeypatch, endpoint.settings().model_dump(exclude_none=True)) as board,
            board.bridging(),
            board.running() as running,
        ):
            await linked(running)
            first = await said(running, QUESTION)
            again = (await running.ask(QUESTION, None, "somebody else"))[-1]
            assert isinstance(again, TurnEnded)
            light = await said(running, "turn on the kitchen light")
    assert [turn.outcome for turn in (first, again, light)] == [OutcomeKind.DONE] * 3
    (whole,) = taking.named("turn", turn=first.turn)
    (act,) = (span for span in children(taking.spans, whole) if span.name == "act")
    (answering,) = (span for span in children(taking.spans, act) if span.service == "hearth-cloud")
    assert (whole.service, answering.name, answering.trace) == ("hearthside", "heavy question", whole.trace)
    assert answering.attributes == {"hearth.outcome": "stop", "hearth.model": "scripted-model", "hearth.cached": False}
    within = children(taking.spans, answering)
    assert sorted(span.name for span in within) == ["cache", "model", "quota"]
    assert next(span for span in within if span.name == "model").attributes["hearth.tokens_out"] > 0
    assert all(answering.begin <= span.begin <= span.end <= answering.end for span in within)
    # The same question is answered from what is known, and that can be seen.
    (whole,) = taking.named("turn", turn=again.turn)
    (answering,) = (span for span in taking.named("heavy question") if span.trace == whole.trace)
    assert answering.attributes["hearth.cached"] is True
    assert [span.attributes["hearth.found"] for span in children(taking.spans, answering) if span.name == "cache"] == [
        True
    ]
    (whole,) = taking.named("turn", turn=light.turn)
    assert {span.service for span in taking.spans if span.trace == whole.trace} == {"hearthside"}
    for word in (b"quibblesnark", b"marmalade", b"grumblethwack", b"kitchen light"):
        assert word not in taking.raw.lower()


def test_without_a_collector_nothing_of_it_travels_and_nothing_is_imported() -> None:
    assert as_ask(Query("q", "why", "en", turn="t1")).traceparent == ""
    programs = "edge.cli.run, edge.api.web.server, cloud_sync.client.daemon, cloud_sync.server.app"
    # FastAPI imports the API where it is there; what sends is of ours alone.
    heavy = "('opentelemetry.sdk', 'opentelemetry.exporter')"
    loaded = f"import sys, {programs}; print([name for name in sys.modules if name.startswith({heavy})])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
