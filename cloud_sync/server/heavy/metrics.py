"""Heavy questions as Prometheus sees them. Which house asked is on the page of usage, not here: there are too many."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from cloud_sync.server.heavy.budget import Cost


class HeavyMeter:
    """The figures of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "hearth_heavy_answers", "Heavy questions that are over", ["model", "outcome", "cached"], registry=registry
        )
        self._tokens = Counter("hearth_heavy_tokens", "Tokens", ["model", "direction"], registry=registry)
        self._cost = Counter("hearth_heavy_cost", "Cost in the currency of the settings", ["model"], registry=registry)
        self._first = Histogram(
            "hearth_heavy_first_seconds",
            "From the question to the first piece of the answer",
            ["model"],
            buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
            registry=registry,
        )
        self._whole = Histogram(
            "hearth_heavy_seconds",
            "From the question to the end of the answer",
            ["model"],
            buckets=(0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0),
            registry=registry,
        )
        self.running = Gauge("hearth_heavy_running", "Answers that are being made", registry=registry)

    def settled(self, outcome: str, cost: Cost) -> None:
        """One is over."""
        self._answers.labels(cost.model, outcome, str(cost.cached).lower()).inc()
        if cost.cached or not cost.model:
            return
        self._tokens.labels(cost.model, "in").inc(cost.tokens_in)
        self._tokens.labels(cost.model, "out").inc(cost.tokens_out)
        self._cost.labels(cost.model).inc(cost.cost / 1_000_000)
        self._whole.labels(cost.model).observe(cost.latency_ms / 1000)
        if cost.first_ms is not None:
            self._first.labels(cost.model).observe(cost.first_ms / 1000)
