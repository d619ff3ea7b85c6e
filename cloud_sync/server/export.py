"""All that the bridge has of a house, for those who live there: ``GET /v1/export``, one JSON object a line.

What another part keeps in tables of its own comes along: every table with a column ``house`` does, but for secrets.
"""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from sqlalchemy import Table, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from cloud_sync.protocol.event import Event
from cloud_sync.server.database import Database, metadata
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.http import bearer, refusing
from cloud_sync.server.identity.roles import May
from cloud_sync.server.identity.tokens import Bearer, Tokens

_SECRET: Final = frozenset({"token", "enrolment"})
"""Tables of what somebody could come in with."""
_PAGE: Final = 500


def export_routes(database: Database, tokens: Tokens, audit: Audit) -> list[Route]:
    """``/v1/export``."""

    async def export(request: Request) -> Response:
        who = await bearer(request, tokens, May.EXPORT)
        async with database.transaction(who.house) as connection:
            await audit.add(connection, who.house, who.who, "exported")
        return StreamingResponse(_lines(database, who), media_type="application/x-ndjson")

    return [Route("/v1/export", refusing(export), methods=["GET"])]


async def _lines(database: Database, who: Bearer) -> AsyncIterator[bytes]:
    for table in metadata.sorted_tables:
        if "house" not in table.columns or table.name in _SECRET:
            continue
        async for row in _rows(database, table, who.house):
            yield json.dumps({"table": table.name, **row}, ensure_ascii=False).encode() + b"\n"


async def _rows(database: Database, table: Table, house: str) -> AsyncIterator[dict[str, Any]]:
    """In pages by primary key, each in a transaction of its own: a slow reader must not hold up the store."""
    keys, start = list(table.primary_key.columns), 0
    while True:
        # A page is found by its place: whatever comes in meanwhile may be missed, and is not asked for.
        query = select(table).where(table.c.house == house).order_by(*keys).limit(_PAGE).offset(start)
        async with database.transaction(house) as connection:
            page = (await connection.execute(query)).all()
        for row in page:
            yield {name: _readable(name, value) for name, value in row._mapping.items()}
        if len(page) < _PAGE:
            return
        start += _PAGE


def _readable(name: str, value: Any) -> Any:
    """As JSON has it: events and other MessagePack as objects, other bytes in hexadecimal."""
    if not isinstance(value, bytes | memoryview):
        return value
    raw = bytes(value)
    try:
        if name == "raw":
            one = msgspec.msgpack.decode(raw, type=Event)
            return {"kind": one.kind, "clock": one.clock, "body": _plain(msgspec.msgpack.decode(one.body))}
        if name in ("value", "body", "ask", "answer"):
            return _plain(msgspec.msgpack.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        pass
    return raw.hex()


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
    return value
