"""Many rows at once, as each of the two stores takes them fastest.

SQLAlchemy's own ways look at every value of every row, which costs more here than the stores do: 60 of 85 µs an event.
So these statements have a constant text and go to the drivers as they are.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    Table,
    any_,
    func,
    literal,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

Row: TypeAlias = tuple[Any, ...]

_TYPES = {BigInteger: "int8", Integer: "int4", LargeBinary: "bytea", Boolean: "bool"}


class Present(Enum):
    """What is done with a row whose primary key is there already."""

    REFUSED = "refused"
    """IntegrityError."""
    STAYS = "stays"
    OVERWRITTEN = "overwritten"


async def insert(
    connection: AsyncConnection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[Row],
    present: Present = Present.REFUSED,
) -> None:
    """Insert ``rows``, whose values are those of ``columns``."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        await connection.exec_driver_sql(_values(table, columns, present), list(rows))
    else:
        # COPY is a quarter faster, and PostgreSQL refuses it where rows are behind policies.
        arrays = tuple(map(list, zip(*rows, strict=True)))
        await connection.exec_driver_sql(_unnest(table, columns, present), arrays)


async def insert_named(
    connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], present: Present = Present.REFUSED
) -> None:
    """The same for a few ``rows`` by the names of their columns, which are the same in all."""
    if rows:
        columns = tuple(rows[0])
        await insert(connection, table, columns, [tuple(row[name] for name in columns) for row in rows], present)


async def matching(
    connection: AsyncConnection,
    table: Table,
    key: tuple[str, ...],
    values: Sequence[tuple[str, ...]],
    wanted: Sequence[str],
) -> Sequence[Any]:
    """The ``wanted`` columns of all rows whose ``key`` columns, which are texts, are one of ``values``."""
    if not values:
        return []
    if connection.dialect.name != "postgresql":
        rows = await connection.exec_driver_sql(_json_join(table, key, tuple(wanted)), (json.dumps(values),))
    else:
        arrays = tuple(map(list, zip(*values, strict=True)))
        rows = await connection.exec_driver_sql(_array_join(table, key, tuple(wanted)), arrays)
    return rows.all()


def any_of(connection: AsyncConnection, column: Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether ``column``, a text or an integer, is one of ``values``."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))


@functools.cache
def _values(table: Table, columns: tuple[str, ...], present: Present) -> str:
    sql = f'INSERT INTO "{table.name}" ({_names(columns)}) VALUES ({", ".join("?" * len(columns))})'  # noqa: S608
    return sql + _on_conflict(table, columns, present)


@functools.cache
def _unnest(table: Table, columns: tuple[str, ...], present: Present) -> str:
    # An array for each column: one statement, whatever the number of rows. %b: binary, which is cheaper to write.
    arrays = ", ".join(f"%b::{_type(table, name)}[]" for name in columns)
    sql = f'INSERT INTO "{table.name}" ({_names(columns)}) SELECT * FROM unnest({arrays})'  # noqa: S608
    return sql + _on_conflict(table, columns, present)


def _on_conflict(table: Table, columns: tuple[str, ...], present: Present) -> str:
    if present is Present.REFUSED:
        return ""
    if present is Present.STAYS:
        return " ON CONFLICT DO NOTHING"
    key = [column.name for column in table.primary_key]
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in key)
    return f" ON CONFLICT ({_names(tuple(key))}) DO UPDATE SET {sets}"


@functools.cache
def _array_join(table: Table, key: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    arrays = ", ".join("%b::text[]" for _ in key)
    given = f"unnest({arrays}) AS given ({_names(key)})"
    return f'SELECT {_names(wanted)} FROM {given} JOIN "{table.name}" USING ({_names(key)})'  # noqa: S608


@functools.cache
def _json_join(table: Table, key: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    parts = ", ".join(f"value ->> {at}" for at, _ in enumerate(key))
    given = f"SELECT {parts} FROM json_each(?)"  # noqa: S608
    return f'SELECT {_names(wanted)} FROM "{table.name}" WHERE ({_names(key)}) IN ({given})'  # noqa: S608


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _type(table: Table, column: str) -> str:
    kind = table.c[column].type
    return next((name for of, name in _TYPES.items() if isinstance(kind, of)), "text")
