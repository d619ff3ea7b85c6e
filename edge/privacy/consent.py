"""What the people of the house allow to leave it, purpose by purpose. At first: nothing.

Each yes and no is kept with its time and with how it was said, and is told to the bridge, which refuses what was not
allowed. A no takes back at once what waits for the bridge and was not sent.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from apsw import Connection

if TYPE_CHECKING:
    from edge.ports import Outbox, Storage

PART: Final = "privacy.consent"
STEPS: Final = (
    """CREATE TABLE privacy_consent (
        id INTEGER PRIMARY KEY, purpose TEXT NOT NULL, allowed INTEGER NOT NULL, at REAL NOT NULL, how TEXT NOT NULL
    )""",
)


class Purpose(StrEnum):
    """What for."""

    ANSWERS = "answers"
    """Questions go to a larger model, masked."""
    HISTORY = "history"
    """What was said and done is kept on the bridge, masked."""
    MEMORY = "memory"
    """Lists, facts, preferences, routines are shared with the other assistants of the house, by the bridge."""
    TELEMETRY = "telemetry"
    """How long things took, and what failed."""
    AUDIO = "audio"
    """Recordings of voices."""


KINDS: Final = {
    "question": Purpose.ANSWERS,
    "turn": Purpose.HISTORY,
    "change": Purpose.MEMORY,
    "telemetry": Purpose.TELEMETRY,
    "audio": Purpose.AUDIO,
}
"""What events of a kind serve. Those of no purpose (consent itself, erasures) always go."""


class How(StrEnum):
    """How somebody said so."""

    VOICE = "voice"
    """In a sentence to the assistant, be it typed."""
    CLI = "cli"
    """``hearth privacy``."""
    CONSOLE = "console"
    """On the page, or by another program over HTTP."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was last said about a purpose."""

    purpose: Purpose
    allowed: bool
    at: float
    """Seconds since the epoch."""
    how: str


def given(connection: Connection) -> dict[Purpose, Given]:
    """What was said last, by purpose; a purpose that nobody spoke about is missing."""
    if not _is_there(connection):
        return {}
    query = "SELECT purpose, allowed, at, how FROM privacy_consent ORDER BY id"
    rows = [row for row in connection.execute(query) if row[0] in set(Purpose)]
    return {Purpose(purpose): Given(Purpose(purpose), bool(allowed), at, how) for purpose, allowed, at, how in rows}


def allowed(connection: Connection, purpose: str) -> bool:
    """Whether what serves ``purpose`` may leave the house."""
    if not _is_there(connection):
        return False
    query = "SELECT allowed FROM privacy_consent WHERE purpose = ? ORDER BY id DESC LIMIT 1"
    row = connection.execute(query, (purpose,)).fetchone()
    return row is not None and bool(row[0])


def may_be_sent(connection: Connection, kind: str) -> bool:
    """Whether events of that kind may leave the house."""
    return kind not in KINDS or allowed(connection, KINDS[kind])


def say_again(connection: Connection, outbox: "Outbox") -> None:
    """Tell the bridge, which may have lost it, what was last said about each purpose; within a transaction."""
    for each in given(connection).values():
        outbox.put(connection, "consent", _told(each.purpose, each.how, yes=each.allowed))


def _told(purpose: Purpose, how: str, *, yes: bool) -> dict[str, str | bool]:
    return {"purpose": purpose.value, "allowed": yes, "how": str(how)}


class Consents:
    """The one :class:`edge.ports.Consents`."""

    def __init__(
        self, storage: "Storage", outbox: "Outbox | None" = None, now: Callable[[], float] = time.time
    ) -> None:
        """``outbox`` None: there is no bridge to be told. ``now``: seconds since the epoch."""
        self._storage, self._outbox, self._now = storage, outbox, now

    async def load(self) -> None:
        """Make the table. Raises StorageError."""
        await self._storage.migrate(PART, STEPS)

    async def allows(self, purpose: str) -> bool:
        """Whether what serves ``purpose`` may leave the house now. Raises StorageError."""
        return await self._storage.read(lambda connection: allowed(connection, purpose))

    async def all(self) -> Sequence[Given]:
        """What was said about each purpose; where nothing was, that is a no of no time. Raises StorageError."""
        known = await self._storage.read(given)
        return [known.get(purpose, Given(purpose, allowed=False, at=0.0, how="")) for purpose in Purpose]

    async def say(self, purpose: str, how: str, *, yes: bool) -> None:
        """From now on. Raises StorageError."""
        await self.load()
        await self._storage.write(lambda connection: self._write(connection, Purpose(purpose), how, yes))

    def _write(self, connection: Connection, purpose: Purpose, how: str, yes: bool) -> None:
        row = (purpose.value, int(yes), self._now(), str(how))
        connection.execute("INSERT INTO privacy_consent (purpose, allowed, at, how) VALUES (?, ?, ?, ?)", row)
        if self._outbox is None:
            return
        if not yes:
            self._outbox.withdraw(connection, [kind for kind, serves in KINDS.items() if serves is purpose])
        self._outbox.put(connection, "consent", _told(purpose, how, yes=yes))


def _is_there(connection: Connection) -> bool:
    query = "SELECT 1 FROM sqlite_schema WHERE name = 'privacy_consent'"
    return connection.execute(query).fetchone() is not None
