"""How things are, in figures."""

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from edge.observe.board import Board
from edge.observe.exposition import Now, Outbox, text

NOW = Now(
    queues={"stt": 2}, dropped={"log": 1}, broker=True, connections=3, devices=9, unavailable=2,
    clients={"events": 4}, listening=True, overflows=5, linked=False,
    board=Board(48.5, {"throttled": True, "under_voltage": False}),
    outbox=Outbox(waiting=7, size=700, oldest_s=60.0, acked=90, lost={"given_up.turn": 6}),
    tasks=70, heap=123_456_789, blocks=2_000_000,
)  # fmt: skip


def told(now: Now) -> dict[str, float]:
    """Samples by name, and the value of the label where there is one."""
    families = text_string_to_metric_families(text(CollectorRegistry(), now).decode())
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value for each in families for sample in each.samples
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hearth_engine_queue_depth stt", 2),
        ("hearth_bus_dropped_events_total log", 1),
        ("hearth_broker_up", 1),
        ("hearth_broker_connections_total", 3),
        ("hearth_devices", 9),
        ("hearth_devices_unavailable", 2),
        ("hearth_clients events", 4),
        ("hearth_listening", 1),
        ("hearth_loop_tasks", 70),
        ("hearth_heap_bytes", 123_456_789),
        ("hearth_python_blocks", 2_000_000),
        ("hearth_microphone_overflows_total", 5),
        ("hearth_sync_linked", 0),
        ("hearth_outbox_events", 7),
        ("hearth_outbox_bytes", 700),
        ("hearth_outbox_oldest_seconds", 60),
        ("hearth_outbox_acknowledged_events_total", 90),
        ("hearth_outbox_lost_events_total given_up.turn", 6),
        ("hearth_board_temperature_celsius", 48.5),
        ("hearth_board_throttled throttled", 1),
        ("hearth_board_throttled under_voltage", 0),
    ],
)
def test_each_figure_has_its_name(name: str, value: float) -> None:
    assert told(NOW)[name] == value


@pytest.mark.parametrize(
    ("without", "gone"),
    [
        ({"listening": None, "overflows": None}, ("hearth_listening", "hearth_microphone")),
        ({"linked": None, "outbox": None}, ("hearth_sync", "hearth_outbox")),
        ({"board": Board(None, None)}, ("hearth_board",)),
    ],
)
def test_of_what_there_is_not_nothing_is_told(without: dict[str, object], gone: tuple[str, ...]) -> None:
    assert any(name.startswith(gone) for name in told(NOW))
    assert not any(name.startswith(gone) for name in told(replace(NOW, **without)))  # type: ignore[arg-type]


def test_the_broker_is_away() -> None:
    assert told(replace(NOW, broker=False))["hearth_broker_up"] == 0
