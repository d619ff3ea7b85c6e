"""What was done, for ever: a chain of hashes for each house, to which lines are only ever added.

Each line's hash covers the line and the hash before it, so that none can be changed, left out or put between without
all that follow being another. The store refuses to change or delete lines; receipts carry the last hash out of the
house's reach, so that whoever holds one can tell whether the end was cut off. No line has any content of what was said.

Schneier, Kelsey: Secure Audit Logs to Support Computer Forensics, ACM TISSEC 2(2), 1999 (hash chain).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.server.database import Database
from cloud_sync.server.identity import tables

Detail: TypeAlias = Mapping[str, str | int | float | bool | Sequence[str] | None]
FIRST: Final = "0" * 64
"""What stands before the first line."""
_PAGE: Final = 1_000
_BEGUN: Final = text("INSERT INTO audit_head (house, n, hash) VALUES (:house, 0, :hash) ON CONFLICT DO NOTHING")


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
        self._now_ms = now_ms

    async def add(
        self, connection: AsyncConnection, house: str, actor: str, action: str, detail: Detail | None = None
    ) -> Line:
        """Add a line, in the transaction of what it tells of, which must be one of that house."""
        head = tables.audit_head
        await connection.execute(_BEGUN, {"house": house, "hash": FIRST})
        # The lock of the chain: whoever adds at the same moment waits until this transaction is over.
        head = tables.audit_head
        locked = select(head.c.n, head.c.hash).where(head.c.house == house).with_for_update()
        n, previous = (await connection.execute(locked)).one()
        told = json.dumps(dict(detail or {}), ensure_ascii=True, sort_keys=True)
        line = Line(house, n + 1, self._now_ms(), actor, action, told, previous, "")
        line = Line(house, n + 1, line.at_ms, actor, action, told, previous, line.sealed())
        await connection.execute(insert(tables.audit).values(_row(line)))
        await connection.execute(update(head).where(head.c.house == house).values(n=line.n, hash=line.hash))
        return line


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


def _row(line: Line) -> dict[str, str | int]:
    return {name: getattr(line, name) for name in Line.__slots__}


def _line(row: Row[tuple[object, ...]]) -> Line:
    return Line(**row._mapping)
