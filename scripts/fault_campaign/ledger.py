"""What was said to be done, beside what is: it believes neither the answers nor the assistant's view of its data."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import apsw
import msgspec

from cloud_sync.protocol.event import Kind, decode
from cloud_sync.protocol.record import Change
from edge.at_rest import DATABASE, unlock

Thing: TypeAlias = tuple[str, str]
"""What it is (``list``, ``timer``, ``reminder``), and the word that it goes by."""
_KEPT: Final[Mapping[str, str]] = {
    "list": "SELECT text FROM list_item WHERE NOT deleted AND NOT completed",
    "timer": "SELECT name FROM timers_timer",
    "reminder": "SELECT text FROM reminders_entry",
}
_BUSY_MS: Final = 10_000


@dataclass
class Ledger:
    """Of one house."""

    confirmed: set[Thing] = field(default_factory=set)
    """What an answer said is kept."""
    denied: set[Thing] = field(default_factory=set)
    """What an answer said is not."""
    unknown: set[Thing] = field(default_factory=set)
    """What no answer came for: it may be there, or not."""

    def note(self, thing: Thing, outcome: str) -> None:
        """What came of asking for it."""
        known = {"done": self.confirmed, "nobody": self.denied, "lost": self.unknown}
        known.get(outcome, self.denied).add(thing)

    def begin_anew(self) -> None:
        """What was kept is gone, and that was said: from now on it counts from nothing."""
        self.confirmed.clear()
        self.denied.clear()
        self.unknown.clear()

    def broken(self, data_dir: Path) -> list[str]:
        """What does not hold of the promises, in words; empty: all does. What is stored is read from the disk."""
        with _opened(data_dir / DATABASE) as connection:
            stored = Counter(_stored(connection))
            told, gaps = Counter(_told(connection)), _gaps(connection)
        wrong = [f"lost: {kind} {word}" for kind, word in sorted(self.confirmed - stored.keys())]
        wrong += [f"doubled: {kind} {word}" for (kind, word), n in stored.items() if n > 1]
        wrong += [f"kept, though it was said not to be: {kind} {word}" for kind, word in self.denied & stored.keys()]
        if told:
            wrong += [f"no event: {kind} {word}" for kind, word in self.confirmed - told.keys() if kind == "list"]
            wrong += [f"two events: {kind} {word}" for (kind, word), n in told.items() if n > 1 and kind == "list"]
        return wrong + gaps


class _opened:  # noqa: N801  # used like a function
    """A connection to the database of an assistant, which may run."""

    def __init__(self, file: Path) -> None:
        self._connection = apsw.Connection(str(file))
        self._connection.set_busy_timeout(_BUSY_MS)
        self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        unlock(self._connection, file)

    def __enter__(self) -> apsw.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _tables(connection: apsw.Connection) -> set[str]:
    return {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def _stored(connection: apsw.Connection) -> Iterator[Thing]:
    there = _tables(connection)
    for kind, sql in _KEPT.items():
        if sql.split(" FROM ")[1].split()[0] in there:
            yield from ((kind, str(text)) for (text,) in connection.execute(sql))


def _told(connection: apsw.Connection) -> Iterator[Thing]:
    """What the events of the outbox say is on a list, one for each event."""
    if "sync_event" not in _tables(connection):
        return
    for (raw,) in connection.execute("SELECT event FROM sync_event ORDER BY seq"):
        event = decode(raw)
        if event.kind != Kind.CHANGE:
            continue
        change = msgspec.msgpack.decode(event.body, type=Change)
        if change.kind == "list_item" and isinstance(text := change.fields.get("text"), str):
            yield "list", text


def _gaps(connection: apsw.Connection) -> list[str]:
    if "sync_event" not in _tables(connection):
        return []
    first, last, count = next(connection.execute("SELECT min(seq), max(seq), count(*) FROM sync_event"))
    if count and last - first + 1 != count:
        return [f"the outbox has {count} events between {first} and {last}"]
    return []
