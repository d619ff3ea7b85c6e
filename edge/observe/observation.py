"""One listener of the assistant's events that counts them, and says how things are when somebody asks."""

import asyncio
import functools
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from anyio.to_thread import run_sync

from edge.bus import Bus
from edge.errors import SettingsError, StorageError
from edge.events import AnyEvent
from edge.heap import in_use
from edge.observe.board import board
from edge.observe.service import ServiceFigures

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from edge.assistant import Assistant
    from edge.observe.exposition import Now, Outbox
    from edge.observe.meter import Meter

_QUEUE: Final = 1024
"""Events that may wait while the first is looked at, for which something has to be imported."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of the exposition."""
BUTTON: Final = "button"
"""What wakes it where no wake word does."""


class Observation:
    """Of one assistant. What it needs is imported when it is first needed: hearing comes first."""

    def __init__(self, assistant: "Assistant") -> None:
        self._assistant = assistant
        self.figures = ServiceFigures(assistant.storage)
        """How well it serves."""
        self.overflows: Callable[[], int] | None = None
        """How often the microphone dropped sound, where there is one: whoever opens it says how to ask."""

    async def serve(self) -> None:
        """Count, and trace where that is wished, until cancelled. Raises SettingsError."""
        bus: Bus = self._assistant.bus
        with bus.subscribe(_QUEUE, listener="metrics") as events:
            await self._assistant.listens()
            takers: list[Callable[[AnyEvent], None]] = [self._meter.take, self.figures.take]
            async with self._traced(takers), anyio.create_task_group() as tasks:
                tasks.start_soon(self.figures.serve)
                while True:
                    event = await events.next()
                    for take in takers:
                        take(event)

    @asynccontextmanager
    async def _traced(self, takers: list[Callable[[AnyEvent], None]]) -> AsyncIterator[None]:
        """Within the block, ``takers`` make traces too, where a collector is configured."""
        settings = self._assistant.settings
        if settings.observe.traces is None:
            yield
            return
        try:
            from cloud_sync.otlp import close, processor, resource
            from edge.observe.traces import Tracer
        except ModuleNotFoundError as error:
            remedy = "pip install 'hearthside[traces]', or take observe.traces away"
            raise SettingsError(f"observe.traces needs {error.name}", remedy, permanent=True) from None
        out = processor(settings.observe.traces)
        takers.append(Tracer(out, resource("hearthside", settings.mqtt.site)).take)
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(close, out.shutdown)

    async def exposition(self) -> bytes:
        """All figures, as Prometheus reads them."""
        bridge = self._assistant.bridge is not None
        data_dir = self._assistant.settings.data_dir if bridge else None
        return await run_sync(_written, self._meter.registry, self._now(), data_dir)

    @functools.cached_property
    def _meter(self) -> "Meter":
        from edge.observe.meter import Meter, words_of

        def words() -> list[str]:
            return [*(words_of(self._assistant.settings.wake.words) if self._assistant.hears else ()), BUTTON]

        return Meter(words)

    def _now(self) -> "Now":
        from edge.observe.exposition import Now

        assistant, house = self._assistant, self._assistant.house
        devices = house.devices()
        return Now(
            queues=assistant.queues(),
            dropped=assistant.bus.dropped(),
            broker=house.online,
            connections=house.connections,
            devices=len(devices),
            unavailable=sum(not house.state(device.id).available for device in devices),
            clients=dict(assistant.clients),
            listening=assistant.listening.on if assistant.hears else None,
            overflows=self.overflows() if self.overflows is not None else None,
            linked=assistant.bridge.linked if assistant.bridge is not None else None,
            tasks=len(asyncio.all_tasks()),
            heap=in_use(),
            blocks=sys.getallocatedblocks(),
        )


def _written(counted: "CollectorRegistry", now: "Now", data_dir: Path | None) -> bytes:
    """In a thread: files are read, and the text is made. ``data_dir``: where there is a bridge, its folder."""
    from edge.observe.exposition import text

    outbox = _outbox(data_dir) if data_dir is not None else None
    return text(counted, replace(now, board=board(), outbox=outbox))


def _outbox(data_dir: Path) -> "Outbox | None":
    """What waits; None where that can't be read now."""
    from cloud_sync.client.status import waiting
    from edge.observe.exposition import Outbox

    try:
        found = waiting(data_dir)
    except StorageError:
        return None
    oldest_s = max(0.0, time.time() - found.oldest_ms / 1000) if found.oldest_ms is not None else 0.0
    return Outbox(sum(found.kinds.values()), found.size, oldest_s, found.acked, found.lost)
