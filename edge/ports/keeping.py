"""What is kept, and how it is found again."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from apsw import Connection

from edge.chunk import Pcm
from edge.events import TurnEnded

R = TypeVar("R")
Vector: TypeAlias = npt.NDArray[np.float32]
"""The meaning of a text, of length 1; the nearer two texts are in meaning, the larger the product."""


class Journal(Protocol):
    """Where turns are kept."""

    def keep_for(self, days: float) -> None:
        """How long turns are kept from now on, in days; 0: no further one is."""

    async def write(self, ended: TurnEnded) -> bool:
        """Returns when the turn would survive a power cut, and whether it is kept at all. Raises StorageError."""

    async def kept(self, ids: Sequence[str]) -> set[str]:
        """Which of these turns there are. Raises StorageError."""


class Recorder(Protocol):
    """Where the sound of turns is kept."""

    def keep(self, turn: str, pcm: Pcm) -> None:
        """That of a turn that has ended and is in the journal: int16, 16 kHz. Returns at once."""


class Storage(Protocol):
    """What is kept on disk."""

    async def migrate(self, part: str, steps: Sequence[str]) -> None:
        """Bring the tables of ``part`` up to date: runs the ``steps`` (SQL) that were not run yet, all or none. Steps
        are only ever added at the end. Raises StorageError.
        """

    async def read(self, work: Callable[["Connection"], R]) -> R:
        """The result of ``work``, which only reads. Raises StorageError."""

    async def write(self, work: Callable[["Connection"], R]) -> R:
        """Run ``work`` in one transaction. When this returns, what it wrote survives a power cut; when it raises,
        nothing of it was written. Raises StorageError.
        """


class Outbox(Protocol):
    """What waits for the bridge."""

    def put(self, connection: "Connection", kind: str, body: object) -> int:
        """Have the bridge told, in the transaction that ``connection`` is in: neither is ever there without the other.
        Returns the stamp of what happened, a hybrid logical clock.

        ``kind``: one of :class:`cloud_sync.protocol.event.Kind`; ``body``: a mapping, or a msgspec Struct, of anything
        that MessagePack can hold. Raises StorageError when there is no room for what may not be given up.
        """

    def withdraw(self, connection: "Connection", kinds: Collection[str]) -> int:
        """Take back what was not sent yet of these kinds, likewise. Returns how many events that were."""


class Consents(Protocol):
    """What the people of the house allow to leave it, by purpose: see :class:`edge.privacy.consent.Purpose`."""

    async def allows(self, purpose: str) -> bool:
        """Whether what serves ``purpose`` may leave the house now. Raises StorageError."""

    async def say(self, purpose: str, how: str, *, yes: bool) -> None:
        """From now on. ``how`` it was said: see :class:`edge.privacy.consent.How`. Raises StorageError."""


class Erasures(Protocol):
    """Has the bridge, and all that it told, forget what is forgotten here."""

    def forget(
        self,
        connection: "Connection",
        *,
        turns: Sequence[str] = (),
        records: Sequence[tuple[str, str]] = (),
        time: tuple[float, float] | None = None,
    ) -> None:
        """In the transaction that ``connection`` is in. ``turns``: their ids; ``records``: kind and id; ``time``: from
        when to when everything that was said here goes, seconds since the epoch. Raises StorageError.
        """

    def forget_everything(self, connection: "Connection") -> None:
        """All that the house told until now, likewise."""


class Meaning(Protocol):
    """Compares texts by what they mean."""

    async def vector(self, text: str) -> Vector | None:
        """The meaning of ``text``; None where it can't be told. Raises ModelError."""
