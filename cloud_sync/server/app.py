"""The composition root of the bridge: which parts there are, and how one process is made of them."""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvicorn
from pydantic import IPvAnyNetwork
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cloud_sync.notify import beat_s, tell_systemd
from cloud_sync.protocol.event import Kind
from cloud_sync.server import compaction, retention
from cloud_sync.server.certificate import AUTHORITY, Certificate, self_made
from cloud_sync.server.consents import ConsentApplier
from cloud_sync.server.database import Database
from cloud_sync.server.erasures import FILE, EraseApplier, StoredReceipts
from cloud_sync.server.export import export_routes
from cloud_sync.server.gate import PrivacyGate
from cloud_sync.server.guarded import AuditedQuestions, GuardedHeavy
from cloud_sync.server.heavy.parts import heavy_parts
from cloud_sync.server.heavy.service import Tell
from cloud_sync.server.heavy.store import Forgetting
from cloud_sync.server.heavy.tracing import Tracing
from cloud_sync.server.identity.access import access, now_ms
from cloud_sync.server.identity.http import bearer, enrolment_routes, token_routes
from cloud_sync.server.identity.owner_http import owner_routes
from cloud_sync.server.identity.roles import May
from cloud_sync.server.identity.signing import signer
from cloud_sync.server.metrics import CONTENT_TYPE, Meter
from cloud_sync.server.migrate import migrate
from cloud_sync.server.ports import Applier, Devices, Gate, Heavy, Receipts
from cloud_sync.server.retention import Keep
from cloud_sync.server.settings import PORT, CloudSettingsError, Settings
from cloud_sync.server.tables import store
from cloud_sync.server.websocket import Opening
from cloud_sync.server.worker import Worker

_SHUTDOWN_S: Final = 1
_logger: Final = logging.getLogger(__name__)
_BACKLOG: Final = 4_096
_PASSED_ON: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers of proxies."""
_ACCEPTED_AT_ONCE: Final = 32
"""Sockets between two looks at those that are there: who has come in is served before the next are let in."""
TLS: Final = "tls"
"""Folder of the certificate that the bridge made itself, in the data directory."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of."""

    devices: Devices
    appliers: Mapping[str, Applier] = field(default_factory=dict)
    heavy: Heavy | None = None
    gate: Gate | None = None
    receipts: Receipts | None = None
    routes: Sequence[BaseRoute] = ()
    services: Sequence[Callable[[Tell], Coroutine[Any, Any, None]]] = ()
    """What runs beside the worker, and has something to tell devices."""


@asynccontextmanager
async def parts(settings: Settings, database: Database, meter: Meter) -> AsyncIterator[Parts]:
    """Those that this program has."""
    signed_with = signer(settings.data_dir)
    who = await access(database, signed_with)
    erases = EraseApplier(database, signed_with, who.server, who.audit, (Forgetting(),), settings.data_dir / FILE)
    authority = settings.data_dir / TLS / AUTHORITY

    async def whose_usage(request: Request) -> str:
        return (await bearer(request, who.tokens, May.USAGE)).house

    async with (
        _tracing(settings, who.server) as tracing,
        heavy_parts(settings.heavy, database, meter.registry, whose_usage, tracing) as heavy,
    ):
        yield Parts(
            devices=who.devices,
            appliers={
                Kind.CONSENT: ConsentApplier(who.audit),
                Kind.ERASE: erases,
                **{kind: AuditedQuestions(each, who.audit) for kind, each in heavy.service.appliers.items()},
            },
            heavy=GuardedHeavy(heavy.service, database, who.audit),
            gate=PrivacyGate(),
            receipts=StoredReceipts(database, now_ms),
            routes=[
                *enrolment_routes(who.enrolments, authority if authority.exists() else None),
                *token_routes(who),
                *export_routes(database, who.tokens, who.audit),
                *owner_routes(database, who, erases),
                *heavy.routes,
            ],
            services=[heavy.service.serve],
        )


@asynccontextmanager
async def _tracing(settings: Settings, server: str) -> AsyncIterator[Tracing | None]:
    """What tells a collector of questions, where one is configured. Raises CloudSettingsError."""
    if settings.traces is None:
        yield None
        return
    try:
        from cloud_sync.server.heavy.otel import OtelTracing
    except ModuleNotFoundError as error:
        raise CloudSettingsError(f"traces needs {error.name}: pip install 'hearthside[server,traces]'") from None
    tracing = OtelTracing(settings.traces, server)
    try:
        yield tracing
    finally:
        await asyncio.to_thread(tracing.close)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[Worker, Parts]]:
    """A worker, from the first migration to the last connection."""
    async with Database(settings.url) as owner:
        await migrate(owner)
    async with Database(settings.url, worker=True) as database:
        async with database.transaction() as connection:
            row = (await connection.execute(select(store.c.server, store.c.epoch))).one()
        meter = Meter()
        async with parts(settings, database, meter) as made:
            others = made.appliers, made.heavy, made.gate, made.receipts, settings.connections
            worker = Worker(database, made.devices, row.server, row.epoch, meter, *others)
            async with _fanout(settings, worker):
                work = [
                    worker.run(),
                    _beats(worker, database),
                    *_upkeep(settings, database),
                    *(serve(worker.tell) for serve in made.services),
                ]
                tasks = [asyncio.create_task(each) for each in work]
                for task in tasks:
                    task.add_done_callback(_ended)
                try:
                    yield worker, made
                finally:
                    for task in tasks:
                        task.cancel()
                    # All of them: one that is still at the database would wait for ever once that is closed.
                    ended = await asyncio.gather(*tasks, return_exceptions=True)
                    for error in ended:
                        if isinstance(error, Exception):
                            raise error


def _ended(task: asyncio.Task[None]) -> None:
    """A part of the worker is gone: better none than one that answers pings and takes nothing. Devices come again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _logger.critical("the worker ends, because a part of it did", exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def _beats(worker: Worker, database: Database) -> None:
    """systemd's watchdog: a beat whenever the loop has turned, and our own file, where that is the store, was read. One
    that can't be read is told by /healthz, and no restart mends it; one that never answers is a thread that is stuck.
    """
    if (beat := beat_s()) is None:
        return
    while True:
        if not database.is_postgres:
            with contextlib.suppress(SQLAlchemyError):
                await worker.check()
        tell_systemd("WATCHDOG=1")
        await asyncio.sleep(beat)


def _upkeep(settings: Settings, database: Database) -> Sequence[Coroutine[Any, Any, None]]:
    def owner() -> AbstractAsyncContextManager[Database]:
        # A worker of PostgreSQL does not see all houses. In SQLite there is one connection, for everything.
        return Database(settings.url) if database.is_postgres else contextlib.nullcontext(database)

    keep = Keep(
        turn=settings.keep_turns_days,
        question=settings.keep_questions_days,
        telemetry=settings.keep_telemetry_days,
        audio=settings.keep_audio_days,
        usage=settings.heavy.usage_days,
    )
    return retention.serve(owner, keep, now_ms), compaction.serve(owner, now_ms)


@asynccontextmanager
async def _fanout(settings: Settings, worker: Worker) -> AsyncIterator[None]:
    if settings.nats_url is None:
        yield
        return
    from cloud_sync.server.fanout_nats import connected

    dropped = worker.meter.fanout_dropped.inc
    async with connected(settings.nats_url, worker.heard, worker.lost_notes, dropped) as worker.fanout:
        yield


def application(settings: Settings) -> Starlette:
    """What uvicorn serves. The WebSocket is beside it: see :mod:`cloud_sync.server.websocket`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with running(settings) as (worker, made):
            app.router.routes.extend(made.routes)
            yield {"worker": worker}

    async def metrics(request: Request) -> Response:
        host = "" if request.client is None or _is_passed_on(request) else request.client.host
        if not reads_metrics(host, settings.metrics_allow):
            return Response(status_code=404)
        return await _metrics(request)

    return Starlette(routes=[Route("/healthz", _healthz), Route("/metrics", metrics)], lifespan=lifespan)


def reads_metrics(host: str, allow: Sequence[IPvAnyNetwork]) -> bool:
    """Whether ``host`` is told how much goes on here: those that the settings name. This machine itself is not taken
    for granted: with a proxy on it, all the world comes from there.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in allow)


def _is_passed_on(request: Request) -> bool:
    """Whether a proxy says so: who is behind it is not who was named."""
    return any(name in request.headers for name in _PASSED_ON)


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


class Server(uvicorn.Server):
    """uvicorn's, before which many may wait though few are let in at once; it leaves word of where it is."""

    def __init__(self, config: uvicorn.Config, data_dir: Path) -> None:
        super().__init__(config)
        self._data_dir = data_dir

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Returns when it listens."""
        await super().startup(sockets)
        for listening in (one for each in self.servers for one in each.sockets):
            # asyncio takes one number for both; the kernel can be told another one afterwards.
            with socket.socket(fileno=os.dup(listening.fileno())) as same:
                same.listen(_BACKLOG)
            (self._data_dir / PORT).write_text(str(listening.getsockname()[1]), "utf-8")
        if self.started:
            tell_systemd("READY=1")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Returns when nobody is served any more."""
        tell_systemd("STOPPING=1")
        await super().shutdown(sockets)


def server(settings: Settings) -> uvicorn.Server:
    """Ready to be run."""
    logging.getLogger("cloud_sync.server.wire").setLevel(logging.WARNING)
    config = uvicorn.Config(
        application(settings),
        host=settings.host,
        port=settings.port,
        http=Opening,
        ws="none",
        log_config=None,
        access_log=False,
        backlog=_ACCEPTED_AT_ONCE,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        server_header=False,
    )
    if (certificate := certificate_of(settings)) is not None:
        config.load()
        # Not by uvicorn's own settings, which would allow TLS 1.2.
        config.ssl = certificate.context()
    return Server(config, settings.data_dir)


def certificate_of(settings: Settings) -> Certificate | None:
    """What the bridge shows; None: it speaks without TLS, for a proxy in front of it. Raises OSError."""
    if settings.tls_certificate is not None and settings.tls_key is not None:
        return Certificate(settings.tls_certificate, settings.tls_key)
    return self_made(settings.data_dir / TLS, settings.tls_hosts) if settings.tls_hosts else None
