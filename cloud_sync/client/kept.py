"""Questions that wait for a link, and answers that came when nobody listened: until the person was told.

``sync_question``  what was kept, by the id of its Ask; it goes when its answer was told, or that there is none
``sync_answer``    what came back
"""

from dataclasses import dataclass
from typing import Final

import msgspec
from apsw import Connection

from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.protocol.event import Kind
from cloud_sync.protocol.messages import Answer, Ask

PART: Final = "sync.kept"
STEPS: Final = (
    """CREATE TABLE sync_question (
        id TEXT PRIMARY KEY, question TEXT NOT NULL, asked_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE TABLE sync_answer (id TEXT PRIMARY KEY, answer BLOB NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID",
)
_NOBODYS: Final = 20
"""Answers to questions that are not kept here."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A question that waits, or waited in vain."""

    id: str
    question: str
    """As it was asked of the bridge: masked."""
    asked_ms: int
    """Milliseconds since the epoch."""
    expires_ms: int
    """After that nobody wants to know; 0: never."""


@dataclass(frozen=True, slots=True)
class Late:
    """An answer that came when nobody listened."""

    answer: Answer
    kept: Kept | None
    """The question, where it was kept; None where it was asked live and the assistant was gone before the answer."""
    at_ms: int
    """When it came, milliseconds since the epoch."""


class KeptQuestions:
    """All of it runs in the transaction that ``connection`` is in."""

    def __init__(self, outbox: DatabaseOutbox) -> None:
        self._outbox = outbox

    def keep(self, connection: Connection, ask: Ask) -> None:
        """Have it asked when there is a link. Raises StorageError when there is no room for it."""
        self._outbox.put(connection, Kind.QUESTION, ask)
        connection.execute(
            "INSERT OR REPLACE INTO sync_question VALUES (?, ?, ?, ?)",
            (ask.id, ask.question, self._outbox.now_ms(connection), ask.expires_ms),
        )

    def waiting(self, connection: Connection) -> list[Kept]:
        """What still waits for an answer, oldest first; what has expired is not among it."""
        query = """SELECT id, question, asked_ms, expires_ms FROM sync_question
            WHERE (expires_ms = 0 OR expires_ms > ?) AND id NOT IN (SELECT id FROM sync_answer) ORDER BY asked_ms"""
        return [Kept(*row) for row in connection.execute(query, (self._outbox.now_ms(connection),))]

    def expired(self, connection: Connection) -> list[Kept]:
        """What waited in vain, oldest first, until that was told."""
        query = """SELECT id, question, asked_ms, expires_ms FROM sync_question
            WHERE expires_ms > 0 AND expires_ms <= ? AND id NOT IN (SELECT id FROM sync_answer) ORDER BY asked_ms"""
        return [Kept(*row) for row in connection.execute(query, (self._outbox.now_ms(connection),))]

    def late(self, connection: Connection) -> list[Late]:
        """Answers that nobody was told yet, oldest first."""
        query = """SELECT answer, at_ms, q.id, question, asked_ms, expires_ms
            FROM sync_answer AS a LEFT JOIN sync_question AS q ON q.id = a.id ORDER BY at_ms"""
        return [
            Late(_ANSWER.decode(raw), Kept(ident, *rest) if ident is not None else None, at)
            for raw, at, ident, *rest in connection.execute(query)
        ]

    def told(self, connection: Connection, ident: str) -> None:
        """The person knows the answer, or that there will be none."""
        connection.execute("DELETE FROM sync_question WHERE id = ?", (ident,))
        connection.execute("DELETE FROM sync_answer WHERE id = ?", (ident,))


def is_asked(connection: Connection, ident: str) -> bool:
    """Whether the question of that id is kept here."""
    return connection.execute("SELECT 1 FROM sync_question WHERE id = ?", (ident,)).get is not None


def take(connection: Connection, answer: Answer, now_ms: int) -> None:
    """Keep an answer for which nobody listens, in the transaction that ``connection`` is in."""
    row = (answer.id, msgspec.msgpack.encode(answer), now_ms)
    connection.execute("INSERT OR IGNORE INTO sync_answer VALUES (?, ?, ?)", row)
    # Of those that nobody waits for, a question may still be kept, when its link has just gone.
    nobodys = "SELECT id FROM sync_answer WHERE id NOT IN (SELECT id FROM sync_question) ORDER BY at_ms DESC, id"
    connection.execute(f"DELETE FROM sync_answer WHERE id IN ({nobodys} LIMIT -1 OFFSET ?)", (_NOBODYS,))  # noqa: S608


_ANSWER: Final = msgspec.msgpack.Decoder(Answer)
