"""Whether the microphone may be listened to: one switch, whoever throws it."""

import time

import anyio

from edge.bus import Bus
from edge.events import ListeningChanged


class Listening:
    """The switch. What it switches asks it; whoever shows it hears ListeningChanged."""

    def __init__(self, bus: Bus, *, on: bool = True) -> None:
        self._bus, self._on = bus, on
        self._changed = anyio.Event()

    @property
    def on(self) -> bool:
        """Whether sound may come in."""
        return self._on

    def set(self, on: bool) -> None:
        """Call from the event loop's thread. Nothing happens when it is so already."""
        if on == self._on:
            return
        self._on = on
        self._bus.emit(ListeningChanged(turn="", at=time.monotonic(), on=on))
        self._changed.set()
        self._changed = anyio.Event()

    async def becomes(self, on: bool) -> None:
        """Returns once it is so."""
        while self._on is not on:
            await self._changed.wait()
