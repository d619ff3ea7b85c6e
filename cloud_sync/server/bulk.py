"""Many rows at once, as each of the two stores takes them fastest."""

import functools
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Table, TextClause, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

_ARRAY_OF = {BigInteger: "bigint", Integer: "integer", LargeBinary: "bytea"}


class Present(Enum):
    """What is done with a row whose primary key is there already."""

    REFUSED = "refused"
    """IntegrityError."""
    STAYS = "stays"
    OVERWRITTEN = "overwritten"


async def insert(
    connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], present: Present = Present.REFUSED
) -> None:
    """Insert ``rows``, which all have the same columns."""
    if not rows:
        return
    columns = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        arrays = {name: [row[name] for row in rows] for name in columns}
        await connection.execute(_unnest(table, columns, present), arrays)
        return
    new = sqlite.insert(table)
    if present is Present.STAYS:
        new = new.on_conflict_do_nothing()
    elif present is Present.OVERWRITTEN:
        key, others = _split(table, columns)
        new = new.on_conflict_do_update(index_elements=key, set_={name: new.excluded[name] for name in others})
    await connection.execute(new, list(rows))


@functools.cache
def _unnest(table: Table, columns: tuple[str, ...], present: Present) -> TextClause:
    # One statement of constant text with an array for each column: parsed once, whatever the number of rows.
    arrays = ", ".join(f"CAST(:{name} AS {_type(table, name)}[])" for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    sql = f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays})'  # noqa: S608
    key, others = _split(table, columns)
    if present is Present.STAYS:
        sql += " ON CONFLICT DO NOTHING"
    elif present is Present.OVERWRITTEN:
        sets = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
        sql += f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}"
    return text(sql)


def _split(table: Table, columns: Sequence[str]) -> tuple[list[str], list[str]]:
    key = [column.name for column in table.primary_key]
    return key, [name for name in columns if name not in key]


def _type(table: Table, column: str) -> str:
    kind = table.c[column].type
    return next((name for of, name in _ARRAY_OF.items() if isinstance(kind, of)), "text")
