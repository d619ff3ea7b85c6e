"""``/v1/sync``: the link to the bridge, what waits for it, and what its answers cost."""

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import anyio.to_thread
from fastapi import APIRouter, Query
from pydantic import ConfigDict

from cloud_sync.client.status import send_now, summary
from edge.api.web.access import Member, Owner
from edge.api.web.bodies import Body
from edge.api.web.problems import Refusal
from edge.assistant import Assistant

if TYPE_CHECKING:
    from cloud_sync.client.requests import Used

_MOST_DAYS: Final = 366


class Sync(Body):
    """How the link is, and what waits."""

    bridge: str | None
    """Its address; null: none is configured, and nothing waits."""
    running: bool
    """Whether `hearth-sync` runs."""
    linked: bool
    since: str | None
    """From when on it is so."""
    error: str
    """What was wrong last; empty: nothing."""
    next_try_s: int | None
    """Seconds to the next attempt; null: there is a link, or nobody tries."""
    waiting: dict[str, int]
    """Entries that wait, by kind."""
    bytes: int
    """Of them."""
    oldest: str | None
    """When the oldest of them was written."""
    acked: int
    """Entries that are with the bridge."""
    lost: dict[str, int]
    """What was given up, expired, refused or damaged, by reason and kind, since the database was made."""
    questions: int
    """Questions that wait for an answer."""
    answers: int
    """Late answers that nobody was told yet."""


class UsageLine(Body):
    """One day of one device with one model."""

    model_config = ConfigDict(from_attributes=True)

    day: str
    """In UTC."""
    device: str
    model: str
    questions: int
    cached: int
    failed: int
    """Refused, cut or cancelled."""
    tokens_in: int
    tokens_out: int
    cost: float


class Usage(Body):
    """What the house's questions cost, as the bridge has counted."""

    model_config = ConfigDict(from_attributes=True)

    since: str
    currency: str
    questions: int
    tokens: int
    cost: float
    lines: list[UsageLine]
    """The latest day first."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/sync", tags=["sync"])
    cloud, data_dir = assistant.settings.cloud, assistant.settings.data_dir

    async def status() -> Sync:
        return Sync(**await anyio.to_thread.run_sync(summary, data_dir, cloud.url))

    @routes.get("", summary="The link, and what waits")
    async def how(_: Member) -> Sync:
        """Also while `hearth-sync` does not run."""
        return await status()

    @routes.post("/now", summary="Try at once")
    async def now(_: Member) -> Sync:
        """Without waiting for the next attempt. Answers before it is known what comes of it."""
        if cloud.url is None:
            raise _none()
        await anyio.to_thread.run_sync(send_now, data_dir)
        return await status()

    @routes.get("/usage", summary="What questions cost")
    async def usage(_: Owner, days: Annotated[int, Query(ge=1, le=_MOST_DAYS)] = 30) -> Usage:
        """The bridge is asked, which counts for the whole house; where it can't be reached, nothing is known."""
        if cloud.url is None:
            raise _none()
        if (found := await anyio.to_thread.run_sync(_used, data_dir, days, cloud.ca_file)) is None:
            remedy = "hearth sync enrol"
            raise Refusal(HTTPStatus.NOT_FOUND, "the bridge does not know this device", code="no_bridge", remedy=remedy)
        return Usage.model_validate(found, from_attributes=True)

    return routes


def _used(data_dir: Path, days: int, ca_file: Path | None) -> "Used | None":
    """As :func:`cloud_sync.client.requests.used`, whose HTTP client is large and wanted by this alone."""
    from cloud_sync.client.requests import used

    return used(data_dir, days, ca_file)


def _none() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, "no bridge is configured", code="no_bridge", remedy="set cloud.url")
