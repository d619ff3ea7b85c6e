"""Whether the microphone may be listened to: one switch, whoever throws it.

A mute switch on the device outranks it: while that is off, nothing turns the microphone on. What people have chosen
outlives a restart.
"""

import functools
import time
from typing import Final

import anyio
from apsw import Connection

from edge.bus import Bus
from edge.errors import AssistantError
from edge.events import Fault, ListeningChanged
from edge.ports import Storage

_STEPS: Final = ("CREATE TABLE listening (id INTEGER PRIMARY KEY CHECK (id = 1), wanted INTEGER NOT NULL)",)


class Listening:
    """The switch. What it switches asks it; whoever shows it hears ListeningChanged."""

    def __init__(self, bus: Bus, *, on: bool = True, button: bool = False, switch: bool = False) -> None:
        """``button``: whether the device has one for it; ``switch``: whether it has a mute switch. As long as the
        position of that is not known, it counts as off.
        """
        self._bus, self.button = bus, button or switch
        self._wanted, self._locked = on, switch
        self._kept = on
        self._changed = anyio.Event()

    @property
    def on(self) -> bool:
        """Whether sound may come in."""
        return self._wanted and not self._locked

    @property
    def locked(self) -> bool:
        """Whether the device's own mute switch is off, so that nothing else can turn it on."""
        return self._locked

    def set(self, on: bool) -> None:
        """Call from the event loop's thread. Nothing happens when it is so already, or when the device's own switch
        is off.
        """
        if not (on and self._locked):
            self._become(on, self._locked)

    def switched(self, on: bool) -> None:
        """The device's own mute switch was moved there. It decides, whatever was chosen before."""
        self._become(on or self._wanted, not on)

    def found(self, on: bool) -> None:
        """The mute switch was in that position when it was first looked at: a choice of before stays one."""
        self._become(self._wanted, not on)

    async def becomes(self, on: bool) -> None:
        """Returns once it is so."""
        while self.on is not on:
            await self._changed.wait()

    async def remember(self, storage: Storage) -> None:
        """Be as it was left. Raises StorageError."""
        await storage.migrate("listening", _STEPS)
        kept = await storage.read(lambda db: db.execute("SELECT wanted FROM listening").fetchone())
        if kept is not None:
            self._kept = bool(kept[0])
            self._become(self._kept, self._locked)

    async def keep(self, storage: Storage) -> None:
        """Write down every change, until cancelled. What can't be written is reported, and tried with the next."""
        while True:
            changed, wanted = self._changed, self._wanted
            if wanted is not self._kept:
                try:
                    await storage.write(functools.partial(_write, wanted))
                    self._kept = wanted
                except AssistantError as error:
                    self._report(error)
            await changed.wait()

    def _become(self, wanted: bool, locked: bool) -> None:
        before, chosen = self.on, self._wanted
        self._wanted, self._locked = wanted, locked
        if self.on is before and wanted is chosen:
            return
        if self.on is not before:
            self._bus.emit(ListeningChanged(turn="", at=time.monotonic(), on=self.on))
        self._changed.set()
        self._changed = anyio.Event()

    def _report(self, error: AssistantError) -> None:
        at = time.monotonic()
        self._bus.emit(Fault(turn="", at=at, code=error.code, stage=error.stage, message=str(error)))


def _write(wanted: bool, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO listening VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET wanted = excluded.wanted", (wanted,)
    )
