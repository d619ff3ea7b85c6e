"""What can be seen of a worker from outside, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Meter:
    """The figures of one worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.connections = Gauge("hearth_connections", "Devices connected to this worker", registry=self.registry)
        self.events = Counter("hearth_events", "Events taken in", registry=self.registry)
        self.refused = Counter("hearth_refused", "What was refused", ["code"], registry=self.registry)
        self.asks = Counter("hearth_asks", "Heavy questions", registry=self.registry)
        self.fanout_dropped = Counter(
            "hearth_fanout_dropped", "What other workers were not told", registry=self.registry
        )
        self.half_open_dropped = Counter(
            "hearth_half_open_dropped", "Sockets given up before anybody said who it is", registry=self.registry
        )
        self.ack_seconds = Histogram(
            "hearth_ack_seconds",
            "From a batch's arrival to its commit",
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """In the format that Prometheus reads."""
        return generate_latest(self.registry)
