"""What one worker tells the others of a house: only what may be lost, because the store has it.

A lost :class:`Changed` is found again by the next one, or by the look into the store that every worker takes now and
then; a lost :class:`ToDevice` is a piece of an answer that is kept whole; a lost :class:`Revoked` is found when the
next batch is refused, or by the same look.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec


class _Note(msgspec.Struct, frozen=True, tag=str.lower, omit_defaults=True):
    """Anything that is told."""


class Changed(_Note, frozen=True):
    """The house has changes up to ``cursor``."""

    cursor: int


class Arrived(_Note, frozen=True):
    """A device has connected: an older connection of the same incarnation is dead."""

    device: str
    incarnation: str
    connection: str


class Left(_Note, frozen=True):
    """A device is not connected any more."""

    device: str


class Revoked(_Note, frozen=True):
    """A device may not come in any more."""

    device: str


class ToDevice(_Note, frozen=True):
    """A frame for a device, wherever it is connected."""

    device: str
    frame: bytes


class FromDevice(_Note, frozen=True):
    """A frame of a device, for the worker that answers it."""

    device: str
    frame: bytes


Note: TypeAlias = Changed | Arrived | Left | Revoked | ToDevice | FromDevice
Receive: TypeAlias = Callable[[str, Note], None]
"""Is given a house and what is told in it."""


class Fanout(Protocol):
    """Between the workers of a bridge."""

    @property
    def is_up(self) -> bool:
        """Whether what is told now will be heard."""

    def publish(self, house: str, note: Note) -> None:
        """Tell all workers that listen to ``house``, this one too. It may be lost."""

    async def listen(self, house: str) -> None:
        """What is told in ``house`` is wanted here."""

    async def ignore(self, house: str) -> None:
        """It is not wanted any more."""


class InProcess:
    """The only worker that there is."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    @property
    def is_up(self) -> bool:
        """Always."""
        return True

    def publish(self, house: str, note: Note) -> None:
        """At once."""
        self._receive(house, note)

    async def listen(self, house: str) -> None:
        """Everything is heard anyway."""

    async def ignore(self, house: str) -> None:
        """Everything is heard anyway."""
