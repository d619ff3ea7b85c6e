"""The figures as Prometheus reads them: what was counted, and how things are at the moment of asking."""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from edge.observe.board import Board


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits for the bridge."""

    waiting: int
    size: int
    """Bytes of it."""
    oldest_s: float
    """Age of the oldest, seconds; 0 where nothing waits."""
    acked: int
    """Up to that number it is with the bridge."""
    lost: Mapping[str, int]
    """What was given up, by reason."""


@dataclass(frozen=True, slots=True)
class Now:
    """How things are."""

    queues: Mapping[str, int]
    """Calls that wait for each engine's thread."""
    dropped: Mapping[str, int]
    """Events lost, by kind of listener."""
    broker: bool
    connections: int
    """To the broker, since the start."""
    devices: int
    unavailable: int
    clients: Mapping[str, int]
    """Connected over the network, by kind."""
    listening: bool | None
    """Whether the microphone is on; None where there is none."""
    overflows: int | None
    """How often the microphone dropped sound; None likewise."""
    linked: bool | None
    """Whether the bridge is linked; None where there is none."""
    board: Board = field(default_factory=lambda: Board(None, None))
    outbox: Outbox | None = None
    """None where there is no bridge."""
    tasks: int | None = None
    """Tasks on the event loop; None where nobody counts them."""
    heap: int | None = None
    """Bytes of the C library's heap that are in use; None where it does not tell."""
    blocks: int | None = None
    """Python's objects, in blocks of memory."""


def families(now: Now) -> Iterator[Metric]:
    """What is told of ``now``."""
    build = {"version": version("hearthside"), "python": platform.python_version(), "machine": platform.machine()}
    yield InfoMetricFamily("hearth_build", "What runs here", value=build)
    yield _by("hearth_engine_queue_depth", "Calls that wait for an engine's thread", "engine", now.queues)
    yield _counts("hearth_bus_dropped_events", "Events lost by a slow listener", "listener", now.dropped)
    yield GaugeMetricFamily("hearth_broker_up", "Whether the MQTT broker is connected", now.broker)
    yield CounterMetricFamily("hearth_broker_connections", "Connections made to the MQTT broker", now.connections)
    yield GaugeMetricFamily("hearth_devices", "Devices known", now.devices)
    yield GaugeMetricFamily("hearth_devices_unavailable", "Devices that say they are away", now.unavailable)
    yield _by("hearth_clients", "Connected over the network", "kind", now.clients)
    if now.tasks is not None:
        yield GaugeMetricFamily("hearth_loop_tasks", "Tasks on the event loop; it stays where it is", now.tasks)
    if now.heap is not None:
        what = "Memory that libraries asked for and have not given back; it stays about where it is"
        yield GaugeMetricFamily("hearth_heap_bytes", what, now.heap)
    if now.blocks is not None:
        yield GaugeMetricFamily("hearth_python_blocks", "Python's objects; they stay about as many", now.blocks)
    if now.listening is not None:
        yield GaugeMetricFamily("hearth_listening", "Whether the microphone is on", now.listening)
    if now.overflows is not None:
        what = "Times that the microphone dropped sound, as it was not taken in time"
        yield CounterMetricFamily("hearth_microphone_overflows", what, now.overflows)
    if now.linked is not None:
        yield GaugeMetricFamily("hearth_sync_linked", "Whether the bridge is linked", now.linked)
    if now.outbox is not None:
        yield from _outbox(now.outbox)
    if now.board.celsius is not None:
        yield GaugeMetricFamily("hearth_board_temperature_celsius", "The warmest sensor", now.board.celsius)
    if now.board.limits is not None:
        what = "Whether the board slows itself down, or gets too little power"
        yield _by("hearth_board_throttled", what, "reason", now.board.limits)


def _outbox(outbox: Outbox) -> Iterator[Metric]:
    yield GaugeMetricFamily("hearth_outbox_events", "Events that wait for the bridge", outbox.waiting)
    yield GaugeMetricFamily("hearth_outbox_bytes", "Bytes of them", outbox.size)
    yield GaugeMetricFamily("hearth_outbox_oldest_seconds", "Age of the oldest of them", outbox.oldest_s)
    yield CounterMetricFamily("hearth_outbox_acknowledged_events", "Events that the bridge has", outbox.acked)
    yield _counts("hearth_outbox_lost_events", "Events given up, by reason and kind", "reason", outbox.lost)


def _by(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _counts(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, what, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


class _Snapshot(Collector):
    """What was read on the event loop, for the thread that writes it down."""

    def __init__(self, now: Now) -> None:
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """As prometheus_client has it."""
        return families(self._now)


class _Shown(CollectorRegistry):
    """Several sources, without the moments at which counters were made: three series for each that nobody asked for."""

    def __init__(self, sources: Iterable[Callable[[], Iterable[Metric]]]) -> None:
        super().__init__()
        self._sources = tuple(sources)

    def collect(self) -> Iterator[Metric]:
        """As prometheus_client has it."""
        for source in self._sources:
            for metric in source():
                metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
                yield metric


def text(counted: CollectorRegistry, now: Now) -> bytes:
    """The exposition, in the text format 0.0.4. Takes some milliseconds: call it in a thread."""
    process = ProcessCollector(registry=None)
    return generate_latest(_Shown((counted.collect, process.collect, _Snapshot(now).collect)))
