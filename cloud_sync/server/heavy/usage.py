"""What questions cost a house, by day, device and model: as JSON and as a page."""

import datetime
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import RowMapping, case, func, select
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from cloud_sync.server.database import Database
from cloud_sync.server.heavy.tables import usage
from cloud_sync.server.identity.http import refusing

_DAYS: Final = 30
_MOST: Final = 400
_CONTENT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

House = Callable[[Request], Awaitable[str]]
"""Whose usage a request may see. Raises Forbidden."""


class Line(msgspec.Struct, frozen=True):
    """One day of one device with one model."""

    day: str
    device: str
    model: str
    questions: int
    cached: int
    failed: int
    """Refused, cut or cancelled."""
    tokens_in: int
    tokens_out: int
    cost: float
    """In the currency of the settings."""
    first_ms: int | None
    """Mean time to the first piece of an answer."""
    latency_ms: int | None
    """Mean time to the last."""


class Report(msgspec.Struct, frozen=True):
    """All of it, the latest day first."""

    house: str
    since: str
    currency: str
    questions: int
    tokens: int
    cost: float
    lines: tuple[Line, ...]


async def report(database: Database, house: str, currency: str, days: int = _DAYS) -> Report:
    """Of the last ``days``, today included; days are those of UTC."""
    today = datetime.datetime.now(datetime.UTC).date()
    since = (today - datetime.timedelta(days=days - 1)).isoformat()
    column = usage.c
    answered = column.outcome.in_(("stop", "running"))
    query = (
        select(
            column.day,
            column.device,
            column.model,
            func.count().label("questions"),
            func.sum(case((column.cached, 1), else_=0)).label("cached"),
            func.sum(case((answered, 0), else_=1)).label("failed"),
            func.sum(column.tokens_in).label("tokens_in"),
            func.sum(column.tokens_out).label("tokens_out"),
            func.sum(column.cost).label("cost"),
            func.avg(column.first_ms).label("first_ms"),
            func.avg(column.latency_ms).label("latency_ms"),
        )
        .where(column.house == house, column.day >= since)
        .group_by(column.day, column.device, column.model)
        .order_by(column.day.desc(), column.device, column.model)
    )
    async with database.transaction(house) as connection:
        rows = (await connection.execute(query)).mappings().all()
    lines = tuple(_line(row) for row in rows)
    return Report(
        house=house,
        since=since,
        currency=currency,
        questions=sum(line.questions for line in lines),
        tokens=sum(line.tokens_in + line.tokens_out for line in lines),
        cost=sum(line.cost for line in lines),
        lines=lines,
    )


def usage_routes(database: Database, house: House, currency: str) -> list[Route]:
    """``/v1/usage``: HTML for a browser, JSON for whoever accepts that alone or says ``?format=json``; ``?days=``."""
    environment = Environment(
        loader=PackageLoader("cloud_sync.server.heavy"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("usage.html")

    async def show(request: Request) -> Response:
        asked = request.query_params.get("days", str(_DAYS))
        days = min(_MOST, max(1, int(asked))) if asked.isascii() and asked.isdecimal() else _DAYS
        found = await report(database, await house(request), currency, days)
        if request.query_params.get("format") == "json" or "text/html" not in request.headers.get("accept", ""):
            return Response(msgspec.json.encode(found), media_type="application/json")
        headers = {"Content-Security-Policy": _CONTENT_POLICY, "Cache-Control": "no-store"}
        return HTMLResponse(page.render(report=found), headers=headers)

    return [Route("/v1/usage", refusing(show), methods=["GET"])]


def _line(row: RowMapping) -> Line:
    # Sums and means are decimals in PostgreSQL.
    whole = ("questions", "cached", "failed", "tokens_in", "tokens_out")
    told = {name: row[name] for name in ("day", "device", "model")} | {name: int(row[name]) for name in whole}
    means = {name: _rounded(row[name]) for name in ("first_ms", "latency_ms")}
    return msgspec.convert({**told, **means, "cost": int(row["cost"]) / 1_000_000}, Line)


def _rounded(mean: object) -> int | None:
    return round(float(str(mean))) if mean is not None else None
