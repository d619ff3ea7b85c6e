"""The composition root of the bridge: which parts there are, and how one process is made of them."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cloud_sync.server.database import Database
from cloud_sync.server.devices import StoredDevices
from cloud_sync.server.fanout import InProcess
from cloud_sync.server.metrics import CONTENT_TYPE, Meter
from cloud_sync.server.migrate import migrate
from cloud_sync.server.ports import Applier, Devices, Heavy
from cloud_sync.server.settings import Settings
from cloud_sync.server.tables import store
from cloud_sync.server.websocket import Opening, WebSocket
from cloud_sync.server.worker import Worker

_SHUTDOWN_S: Final = 1
_BACKLOG: Final = 4_096


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of."""

    devices: Devices
    appliers: Mapping[str, Applier] = field(default_factory=dict)
    heavy: Heavy | None = None
    routes: Sequence[BaseRoute] = ()


@asynccontextmanager
async def parts(settings: Settings, database: Database) -> AsyncIterator[Parts]:
    """Those that this program has."""
    yield Parts(StoredDevices(database))


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[Worker, Parts]]:
    """A worker, from the first migration to the last connection."""
    async with Database(settings.url) as database:
        await migrate(database)
        async with database.transaction() as connection:
            row = (await connection.execute(select(store.c.server, store.c.epoch))).one()
        meter = Meter()
        async with parts(settings, database) as made:
            worker = Worker(database, made.devices, row.server, row.epoch, meter, made.appliers, made.heavy, InProcess)
            task = asyncio.create_task(worker.run())
            try:
                yield worker, made
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def application(settings: Settings) -> Starlette:
    """What uvicorn serves. The WebSocket is beside it: see :mod:`cloud_sync.server.websocket`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with running(settings) as (worker, made):
            app.router.routes.extend(made.routes)
            yield {"worker": worker}

    return Starlette(routes=[Route("/healthz", _healthz), Route("/metrics", _metrics)], lifespan=lifespan)


async def _healthz(request: Request) -> Response:
    worker: Worker = request.state.worker
    try:
        await worker.check()
    except (SQLAlchemyError, OSError):
        return JSONResponse({"status": "the store does not answer"}, 503)
    return JSONResponse({"status": "ok", "epoch": worker.epoch})


async def _metrics(request: Request) -> Response:
    worker: Worker = request.state.worker
    return Response(worker.meter.text(), media_type=CONTENT_TYPE)


def server(settings: Settings) -> uvicorn.Server:
    """Ready to be run."""
    logging.getLogger("cloud_sync.server.wire").setLevel(logging.WARNING)
    config = uvicorn.Config(
        application(settings),
        host=settings.host,
        port=settings.port,
        http=Opening,
        ws=WebSocket,
        access_log=False,
        log_level=settings.log_level,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        server_header=False,
    )
    return uvicorn.Server(config)
