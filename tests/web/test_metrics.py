"""``/metrics``."""

import math
import shutil
import time
from collections.abc import Iterator

import anyio
import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from edge.api.web import metrics
from edge.api.web.problems import answer_problems
from edge.events import ReplyReady, Woke
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


async def told(served: Served) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample, by name and labels."""
    answer = await served.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return dict(samples(answer.text))


def samples(text: str) -> Iterator[tuple[tuple[str, tuple[tuple[str, str], ...]], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield (sample.name, tuple(sorted(sample.labels.items()))), sample.value


async def test_a_turn_is_counted_with_its_stages_and_what_the_device_did(served: Served) -> None:
    before, begun = await told(served), time.monotonic()
    await served.client.post("/v1/ask", json={"text": "turn on the kitchen light"})
    await served.client.post("/v1/ask", json={"text": "colourless green ideas sleep furiously"})
    after, took = await told(served), time.monotonic() - begun

    def risen(name: str, **labels: str) -> float:
        key = name, tuple(sorted(labels.items()))
        return after[key] - before.get(key, 0.0)

    assert risen("hearth_turns_total", outcome="done", tier="grammar") == 1
    assert risen("hearth_turns_total", outcome="not_understood", tier="none") == 1
    assert risen("hearth_actions_total", result="confirmed") == 1
    assert risen("hearth_stage_seconds_count", stage="act") == 1
    assert risen("hearth_stage_seconds_count", stage="understand") == 2
    assert risen("hearth_turn_seconds_count") == 2
    assert 0 < risen("hearth_stage_seconds_sum", stage="act") < took


async def test_how_things_are_is_read_when_somebody_asks(served: Served) -> None:
    first = await told(served)
    devices = len(served.assistant.house.devices())
    assert first["hearth_broker_up", ()] == 1
    assert first["hearth_broker_connections_total", ()] == 1
    assert (first["hearth_devices", ()], first["hearth_devices_unavailable", ()]) == (devices, 0)
    assert first["hearth_engine_queue_depth", (("engine", "database"),)] < 10
    assert first["process_resident_memory_bytes", ()] > 1e7
    assert abs(first["hearth_last_wake_timestamp_seconds", ()] - time.time()) < 60
    # There is neither a microphone nor a bridge, so that nothing is claimed of them.
    assert not [name for name, _ in first if "outbox" in name or "sync" in name or "listening" in name]
    served.assistant.clients["events"] += 3
    with served.assistant.bus.subscribe(1, listener="slow"):
        for number in range(5):
            served.assistant.bus.emit(ReplyReady(turn="t", at=number, text="so it goes"))
        later = await told(served)
    assert later["hearth_clients", (("kind", "events"),)] == 3
    assert later["hearth_bus_dropped_events_total", (("listener", "slow"),)] == 4


async def test_what_it_says_is_what_prometheus_wants_to_read(served: Served) -> None:
    await served.client.post("/v1/ask", json={"text": "turn on the kitchen light"})
    text = (await served.client.get("/metrics")).content
    promtool = shutil.which("promtool")
    assert promtool is not None, "apt install prometheus"
    found = await anyio.run_process([promtool, "check", "metrics"], input=text, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")
    assert not any(math.isnan(value) for _, value in samples(text.decode()))


async def test_nothing_that_was_said_and_no_name_is_in_it(served: Served) -> None:
    await served.client.post("/v1/ask", json={"text": "turn on the kitchen light", "area": "Bungalow"})
    await served.client.post("/v1/ask", json={"text": "my name is Zebulon"})
    served.assistant.bus.emit(Woke(turn="t", at=0.0, word="hey zebulon", score=1.0))
    text = (await served.client.get("/metrics")).text.lower()
    words = {word for device in served.assistant.house.devices() for word in (device.id, device.name.lower())}
    assert not [word for word in (*words, "zebulon", "bungalow", "turn on") if word in text]


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.168.1.7", {}, 401),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 401),
        ("127.0.0.1", {"X-Real-IP": "203.0.113.9"}, 401),
        ("testclient", {}, 401),
    ],
)
async def test_nobody_who_is_not_known_reads_it_from_elsewhere(
    served: Served, peer: str, headers: dict[str, str], status: int
) -> None:
    app = FastAPI()
    answer_problems(app)
    app.include_router(metrics.router(served.assistant))
    transport = httpx.ASGITransport(app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status
