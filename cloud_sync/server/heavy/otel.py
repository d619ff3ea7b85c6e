"""Spans by OpenTelemetry. Imported only where a collector is configured."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from cloud_sync.otlp import close, processor, resource
from cloud_sync.protocol.trace import checked
from cloud_sync.server.heavy.tracing import Note


class OtelTracing:
    """The one :class:`cloud_sync.server.heavy.tracing.Tracing` that tells anybody."""

    def __init__(self, url: str, instance: str) -> None:
        """``url``: of the collector; ``instance``: which bridge this is."""
        self._provider = TracerProvider(
            resource=resource("hearth-cloud", instance), shutdown_on_exit=False, sampler=ALWAYS_ON
        )
        self._provider.add_span_processor(processor(url))
        self._tracer = self._provider.get_tracer("hearth-cloud")
        self._context = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, traceparent: str = "") -> Iterator[Note]:
        """As the protocol has it. What a device says of its trace is believed only in form."""
        told = checked(traceparent)
        parent = self._context.extract({"traceparent": told}) if told else None
        # An exception's message may hold what was asked: none is written down.
        with self._tracer.start_as_current_span(
            name, context=parent, record_exception=False, set_status_on_exception=False
        ) as made:

            def note(**attributes: str | float | bool) -> None:
                made.set_attributes({f"hearth.{key}": value for key, value in attributes.items()})

            yield note

    def close(self) -> None:
        """Send what waits. Call it in a thread."""
        close(self._provider.shutdown)
