"""Where spans go: an OpenTelemetry collector, by OTLP over HTTP. Imported only where one is configured."""

import threading
from collections.abc import Callable
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_EVERY_MS = 2_000
"""Spans go together, at most so much later."""
_TIMEOUT_S = 5.0
_FAREWELL_S = 0.5
_WAITING = 2_048
"""Spans; where nobody takes them, the newest go."""


def processor(url: str) -> BatchSpanProcessor:
    """Sends the spans that it is given to ``url`` (``http://host:4318``), in a thread of its own; what can't be sent is
    lost, and said so in the log.
    """
    exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=_TIMEOUT_S)
    return BatchSpanProcessor(exporter, max_queue_size=_WAITING, schedule_delay_millis=_EVERY_MS)


def close(shut_down: Callable[[], None]) -> None:
    """Send what waits by ``shut_down``, of a processor or its provider, where that is soon done; call it in a thread.

    A collector that is not there is tried for seconds, in which nobody shall have to wait for the program's end.
    """
    farewell = threading.Thread(target=shut_down, name="otlp-farewell", daemon=True)
    farewell.start()
    farewell.join(_FAREWELL_S)


def resource(service: str, instance: str) -> Resource:
    """Who tells: the program's name, and which one of several."""
    told = {"service.name": service, "service.version": version("hearthside"), "service.instance.id": instance}
    return Resource(told)
