"""Noticing what skills write into shared tables, without their knowing: triggers note which rows were touched.

See docs/decisions/0048. The triggers are there while the assistant has a bridge, and gone when it has none.
"""

import json
from collections.abc import Iterable
from typing import Final

from apsw import Connection

from cloud_sync.client.shared import Table
from cloud_sync.protocol.record import Value

_PREFIX: Final = "sync_capture_"
_NOTE: Final = (
    "INSERT INTO sync_pending SELECT '{kind}', {row}.{key}"
    # Not OR IGNORE: in a trigger the statement that fired it decides what becomes of a conflict.
    " WHERE NOT EXISTS (SELECT 1 FROM sync_pending WHERE kind = '{kind}' AND record = {row}.{key});"
)


def begin(connection: Connection, tables: Iterable[Table]) -> list[tuple[Table, frozenset[str] | None]]:
    """Make the triggers that are missing. Returns the tables that were not watched until now, each with the fields
    that were shared when it last was; None: never.
    """
    watched = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")}
    shared = {kind: frozenset(json.loads(fields)) for kind, fields in connection.execute("SELECT * FROM sync_table")}
    new = []
    for table in tables:
        known = shared.get(table.kind)
        if known == frozenset(table.fields) and _triggers(table).keys() <= watched:
            continue
        for name, trigger in _triggers(table).items():
            connection.execute(f"DROP TRIGGER IF EXISTS {name}; {trigger}")
        fields = json.dumps(sorted(table.fields))
        connection.execute("INSERT OR REPLACE INTO sync_table VALUES (?, ?)", (table.kind, fields))
        new.append((table, known))
    return new


def end(connection: Connection) -> None:
    """Nothing is noticed any more. What is known stays, so that it can be compared when it begins again."""
    for name in watching(connection):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("DELETE FROM sync_pending")


def watching(connection: Connection) -> list[str]:
    """The triggers that there are."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB ? ORDER BY name"
    return [name for (name,) in connection.execute(query, (f"{_PREFIX}*",))]


def is_there(connection: Connection, table: Table) -> bool:
    """Whether it is, as it is declared: the skill's migrations may still be to come."""
    query = "SELECT version >= ? FROM schema_part WHERE part = ?"
    row = connection.execute(query, (table.since, table.part)).fetchone()
    return row is not None and bool(row[0])


def read(connection: Connection, table: Table, record: str) -> dict[str, Value] | None:
    """The shared columns of a row; None where it is deleted."""
    columns = ", ".join(table.fields)
    query = f"SELECT {columns} FROM {table.name} WHERE {table.key} = ? AND NOT ({table.deleted})"  # noqa: S608  # declared
    row = connection.execute(query, (record,)).fetchone()
    return dict(zip(table.fields, row, strict=True)) if row is not None else None


def write(connection: Connection, table: Table, record: str, row: dict[str, Value] | None) -> None:
    """The row becomes ``row``; None: it goes."""
    if row is None:
        connection.execute(f"DELETE FROM {table.name} WHERE {table.key} = ?", (record,))  # noqa: S608
        return
    columns = {table.key: record, **row, **table.local}
    marks = ", ".join("?" * len(columns))
    changes = [f"{name} = excluded.{name}" for name in row] + [f"{name} = NULL" for name in table.derived]
    connection.execute(
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
        f" ON CONFLICT ({table.key}) DO UPDATE SET {', '.join(changes)}",
        tuple(columns.values()),
    )


def touch_all(connection: Connection, table: Table) -> None:
    """Note every row, and every record that there was once a row of."""
    connection.execute(
        f"INSERT OR IGNORE INTO sync_pending SELECT ?1, {table.key} FROM {table.name}"  # noqa: S608
        " UNION SELECT kind, record FROM sync_field WHERE kind = ?1",
        (table.kind,),
    )


def _triggers(table: Table) -> dict[str, str]:
    """By name, the statement that makes it."""
    new, old = (_NOTE.format(kind=table.kind, key=table.key, row=row) for row in ("new", "old"))
    when = {"insert": ("INSERT", new), "update": ("UPDATE", old + new), "delete": ("DELETE", old)}
    return {
        f"{_PREFIX}{table.name}_{name}": f"CREATE TRIGGER {_PREFIX}{table.name}_{name}"
        f" AFTER {what} ON {table.name} BEGIN {note} END"
        for name, (what, note) in when.items()
    }
