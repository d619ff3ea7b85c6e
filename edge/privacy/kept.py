"""What is kept about the people of the house: how much of what, since when, and all of it as one JSON document."""

import base64
import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from edge.at_rest import unlock
from edge.errors import StorageError
from edge.memory import recordings

_INTERNAL: Final = ("schema_part", "listening")
"""That the microphone is off says nothing about anybody, and must not be forgotten."""
_ACCESS: Final = "access_"
"""Nor who may use the console: without a password it would be open to whoever uses this machine."""


_BEFORE_ROW: Final = "\n "
"""In the text of an export; within a row there is none."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that is kept: tables that belong together."""

    name: str
    tables: tuple[str, ...]
    where: str = "1"
    """SQL: which rows still say something."""
    at: str | None = None
    """SQL: when a row was made, seconds since the epoch; None: that is not known."""
    records: tuple[str, ...] = ()
    """What the bridge calls rows of each of the tables; empty: it does not know them one by one."""


KINDS: Final = (
    Kind("turns", ("memory_turn",), at="at"),
    Kind("facts", ("memory_fact",), "forgotten IS NULL", "created", ("fact",)),
    Kind("lists", ("list_item", "list"), "NOT deleted", "created", ("item", "list")),
    Kind("routines", ("routine",), "NOT deleted", "created", ("routine",)),
    Kind("timers", ("timers_timer",), at="seen"),
    Kind("alarms", ("alarms_entry",), at="start"),
    Kind("reminders", ("reminders_entry",), at="start"),
    Kind("later", ("schedule_entry",), at="start"),
    Kind("names", ("house_name",), at="created"),
    Kind("questions", ("cloud_question",), at="asked"),
    Kind("feedback", ("memory_feedback",), at="at"),
    Kind("consents", ("privacy_consent",), at="at"),
)
_OTHER: Final = "other"
_LINK: Final = "link"
"""What the link to the bridge needs: what waits, what was told."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much there is of a kind."""

    kind: str
    count: int
    oldest: float | None = None
    """Seconds since the epoch."""
    newest: float | None = None


def tables(connection: apsw.Connection) -> list[str]:
    """Of everything that is kept, by name."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    names = [name for (name,) in connection.execute(query) if name not in _INTERNAL]
    return [name for name in names if not name.startswith(_ACCESS)]


def amounts(connection: apsw.Connection) -> list[Amount]:
    """Of each kind that there is any of; what is of none is ``other``, what the link needs is ``link``."""
    there = tables(connection)
    found = [_amount(connection, kind, [name for name in kind.tables if name in there]) for kind in KINDS]
    rest = [name for name in there if not any(name in kind.tables for kind in KINDS)]
    link = [name for name in rest if name.startswith("sync_")]
    for name, some in ((_OTHER, [name for name in rest if name not in link]), (_LINK, link)):
        found.append(_amount(connection, Kind(name, tuple(some)), some))
    return [amount for amount in found if amount.count]


def _amount(connection: apsw.Connection, kind: Kind, names: Sequence[str]) -> Amount:
    ages = f"min({kind.at}), max({kind.at})" if kind.at else "NULL, NULL"
    # The names are ours, or come out of the schema itself.
    queries = [f'SELECT count(*), {ages} FROM "{name}" WHERE {kind.where}' for name in names]  # noqa: S608
    found: list[Any] = [connection.execute(query).fetchall()[0] for query in queries]
    oldest = [first for _, first, _ in found if first is not None]
    newest = [last for _, _, last in found if last is not None]
    count = sum(number for number, _, _ in found)
    return Amount(kind.name, count, min(oldest, default=None), max(newest, default=None))


def rows(connection: apsw.Connection, table: str) -> Iterator[dict[str, Any]]:
    """Every row of a table, by column."""
    cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608  # the name comes out of the schema itself
    for row in cursor:
        yield dict(zip((column for column, _ in cursor.getdescription()), row, strict=True))


def exported(file: Path, further: Iterable[tuple[str, Iterable[dict[str, Any]]]] = ()) -> Iterator[str]:
    """All that is in the database ``file``, as it is at one moment, as the text of one JSON object: every row of every
    table, by the table's name; and likewise what is ``further`` known. Reads, and never keeps anybody from writing.

    Raises StorageError.
    """
    try:
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
        unlock(connection, file)
        connection.execute("PRAGMA query_only = ON").fetchall()
        connection.execute("BEGIN").fetchall()
        yield "{"
        comma = ""
        for name in tables(connection):
            yield f"{comma}\n{json.dumps(name)}: "
            yield from _array(rows(connection, name))
            comma = ","
        for name, some in further:
            yield f"{comma}\n{json.dumps(name)}: "
            yield from _array(some)
            comma = ","
        yield "\n}\n"
    except apsw.Error as error:
        raise StorageError(f"{file} can't be read: {error}", "check the disk and the folder's permissions") from None


def recorded(data_dir: Path) -> Iterator[dict[str, Any]]:
    """The sound of turns, where it is kept: ``turn``, and ``flac`` in base 64. Raises StorageError."""
    for turn, sound in recordings.all_of(data_dir / recordings.FOLDER):
        yield {"turn": turn, "flac": base64.b64encode(sound).decode()}


def entries(piece: str) -> int:
    """How many rows there are in a piece of what :func:`exported` gives."""
    return piece.count(_BEFORE_ROW)


def counts(connection: apsw.Connection) -> dict[str, int]:
    """How many rows each table has, by its name."""
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').get for name in tables(connection)}  # noqa: S608


def _array(some: Iterable[dict[str, Any]]) -> Iterator[str]:
    start = "["
    for row in some:
        yield f"{start}{_BEFORE_ROW}{json.dumps(row, ensure_ascii=False, default=_in_json)}"
        start = ","
    yield "[]" if start == "[" else "\n]"


def _in_json(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def moment(seconds: float) -> str:
    """``seconds`` since the epoch as ISO 8601, in the machine's time zone."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
