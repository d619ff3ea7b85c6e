"""What was done, for ever: a chain of hashes for each house, to which lines are only ever added.

Each line's hash covers the line and the hash before it, so that none can be changed, left out or put between without
all that follow being another. The store refuses to change or delete lines; receipts carry the last hash out of the
house's reach, so that whoever holds one can tell whether the end was cut off. No line has any content of what was said.

Schneier, Kelsey: Secure Audit Logs to Support Computer Forensics, ACM TISSEC 2(2), 1999 (hash chain).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, TypeAlias

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.server import bulk
from cloud_sync.server.bulk import Present
from cloud_sync.server.database import Database
from cloud_sync.server.identity import tables

Detail: TypeAlias = Mapping[str, str | int | float | bool | Sequence[str] | None]
OPERATOR: Final = "operator"
"""Whoever has the bridge's command line."""
FIRST: Final = "0" * 64
"""What stands before the first line."""
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Done:
    """Something that is to be written down."""

    house: str
    actor: str
    """Who did it: a device's or a person's id, or :data:`OPERATOR`."""
    action: str
    detail: Detail
    """Never any content of what was said."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done."""

    house: str
    n: int
    """From 1, without gaps."""
    at_ms: int
    actor: str
    action: str
    detail: str
    """JSON."""
    previous: str
    hash: str

    def sealed(self) -> str:
        """The hash that it must have."""
        said = [self.house, self.n, self.at_ms, self.actor, self.action, self.detail, self.previous]
        return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode("ascii")).hexdigest()


class Broken(Exception):
    """The chain is not what it was."""


class Audit:
    """The log."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self.now_ms = now_ms

    async def add(
        self, connection: AsyncConnection, house: str, actor: str, action: str, detail: Detail | None = None
    ) -> Line:
        """Add a line, in the transaction of what it tells of, which must be one of that house."""
        return (await self.add_all(connection, [Done(house, actor, action, detail or {})]))[0]

    async def add_all(self, connection: AsyncConnection, all_done: Sequence[Done]) -> Sequence[Line]:
        """Add a line for each, of any houses of the transaction."""
        ends = await _locked(connection, sorted({done.house for done in all_done}))
        at_ms, added = self.now_ms(), []
        for done in all_done:
            n, previous = ends[done.house]
            detail = json.dumps(dict(done.detail), ensure_ascii=True, sort_keys=True)
            line = Line(done.house, n + 1, at_ms, done.actor, done.action, detail, previous, "")
            line = replace(line, hash=line.sealed())
            ends[done.house] = (line.n, line.hash)
            added.append(line)
        await bulk.insert_named(connection, tables.audit, [asdict(line) for line in added])
        heads = [{"house": house, "n": n, "hash": end} for house, (n, end) in ends.items()]
        await bulk.insert_named(connection, tables.audit_head, heads, Present.OVERWRITTEN)
        return added


async def _locked(connection: AsyncConnection, houses: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Number and hash of the last line of each house. Whoever adds to one of them waits for this transaction's end."""
    begun = [{"house": house, "n": 0, "hash": FIRST} for house in houses]
    await bulk.insert_named(connection, tables.audit_head, begun, Present.STAYS)
    head = tables.audit_head.c
    # In order of their names, so that no two transactions wait for each other.
    query = select(head.house, head.n, head.hash).where(head.house.in_(houses)).order_by(head.house)
    return {row.house: (row.n, row.hash) for row in await connection.execute(query.with_for_update())}


async def lines(database: Database, house: str, after: int = 0) -> list[Line]:
    """Up to a thousand lines of that house after number ``after``, in order."""
    audit = tables.audit
    query = select(audit).where(audit.c.house == house, audit.c.n > after).order_by(audit.c.n).limit(_PAGE)
    async with database.transaction(house) as connection:
        return [_line(row) for row in await connection.execute(query)]


async def verify(database: Database, house: str, known: Mapping[int, str] | None = None) -> int:
    """How many lines there are, all of them whole. ``known``: hashes by number that somebody kept, as receipts hold
    them. Raises Broken.
    """
    n, previous, left = 0, FIRST, dict(known or {})
    while page := await lines(database, house, n):
        for line in page:
            if line.n != n + 1:
                raise Broken(f"line {n + 1} of {house} is missing")
            if line.previous != previous or line.hash != line.sealed():
                raise Broken(f"line {line.n} of {house} was changed")
            if left.pop(line.n, line.hash) != line.hash:
                raise Broken(f"line {line.n} of {house} is not the one that a receipt tells of")
            n, previous = line.n, line.hash
    head = tables.audit_head
    async with database.transaction(house) as connection:
        last = (await connection.execute(select(head.c.n, head.c.hash).where(head.c.house == house))).first()
    if last is not None and (last.n, last.hash) != (n, previous):
        raise Broken(f"{house} had {last.n} lines, and has {n}")
    if left:
        raise Broken(f"{house} had line {max(left)}, by a receipt, and has {n} lines")
    return n


def _line(row: Row[tuple[object, ...]]) -> Line:
    return Line(**row._mapping)
