"""What people of a house may do over HTTPS, each as their role allows: see the devices and the log, let devices in and
turn them out, have everything forgotten.
"""

import json

import uuid_utils
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloud_sync.protocol.clock import stamp
from cloud_sync.protocol.erasure import Erase, Wanted
from cloud_sync.server.database import Database
from cloud_sync.server.erasures import EraseApplier, emptied
from cloud_sync.server.identity import audit
from cloud_sync.server.identity.access import Access
from cloud_sync.server.identity.devices import devices_of
from cloud_sync.server.identity.http import bearer, refusing
from cloud_sync.server.identity.roles import May

_COUNTER = (1 << 16) - 1


def owner_routes(database: Database, who: Access, erases: EraseApplier) -> list[Route]:
    """``/v1/devices``, ``/v1/audit`` and ``/v1/erase``."""

    async def devices(request: Request) -> Response:
        one = await bearer(request, who.tokens, May.MANAGE)
        names = ("device", "name", "enrolled_ms", "seen_ms", "revoked_ms")
        rows = await devices_of(database, one.house)
        return JSONResponse([dict(zip(names, row, strict=True)) for row in rows])

    async def let_in(request: Request) -> Response:
        one = await bearer(request, who.tokens, May.MANAGE)
        return JSONResponse({"code": await who.enrolments.new_code(one.house, by=one.who)})

    async def turn_out(request: Request) -> Response:
        one = await bearer(request, who.tokens, May.MANAGE)
        await who.revocations.revoke_device(one.house, request.path_params["device"], by=one.who)
        return Response(status_code=204)

    async def log(request: Request) -> Response:
        one = await bearer(request, who.tokens, May.AUDIT)
        after = request.query_params.get("after", "0")
        lines = await audit.lines(database, one.house, int(after) if after.isdecimal() else 0)
        said = [{"n": line.n, "at_ms": line.at_ms, "actor": line.actor, "action": line.action} for line in lines]
        details = [json.loads(line.detail) for line in lines]
        return JSONResponse([row | {"detail": detail} for row, detail in zip(said, details, strict=True)])

    async def erase(request: Request) -> Response:
        one = await bearer(request, who.tokens, May.ERASE)
        now = stamp(who.audit.now_ms(), _COUNTER)
        wanted = Wanted(one.house, one.who, uuid_utils.uuid7().bytes.hex(), now, Erase(everything=True))
        async with database.transaction(one.house) as connection:
            receipt = await _erased(connection, erases, wanted)
        await erases.keep_apart([wanted])
        await emptied(database)
        return Response(receipt, media_type="application/json")

    return [
        Route("/v1/devices", refusing(devices), methods=["GET"]),
        Route("/v1/devices", refusing(let_in), methods=["POST"]),
        Route("/v1/devices/{device}", refusing(turn_out), methods=["DELETE"]),
        Route("/v1/audit", refusing(log), methods=["GET"]),
        Route("/v1/erase", refusing(erase), methods=["POST"]),
    ]


async def _erased(connection: AsyncConnection, erases: EraseApplier, wanted: Wanted) -> bytes:
    receipt = await erases.erase(connection, wanted)
    statement = json.loads(receipt.statement)
    return json.dumps({"statement": statement, "signature": receipt.signature.hex()}).encode()
