"""``/v1/updates``: newer versions, taking one, going back. For owners; and the assistant itself can only ask for it."""

from http import HTTPStatus
from typing import Final

import anyio.to_thread
from fastapi import APIRouter

from edge.api.web.access import Owner
from edge.api.web.bodies import Body
from edge.api.web.problems import Refusal
from edge.assistant import Assistant
from edge.updates import story, word
from edge.updates.places import Places, Spool
from edge.updates.story import Stage
from edge.updates.word import Result, Wish

_BY_HAND: Final = "this installation is not exchanged by itself"


class Ended(Body):
    """How the last exchange of versions ended."""

    result: Result
    release: str
    """What was to take the place."""
    before: str
    at: float
    """Seconds since the epoch."""
    why: str = ""


class Updates(Body):
    """How it stands."""

    runs: str
    """Version, and what tells builds of it apart."""
    stage: Stage
    available: str
    """A newer one that is known; empty: none is."""
    rollout: float
    """Percent of devices that take it by themselves by now."""
    done: int
    """Bytes that are here."""
    size: int
    """Bytes that are to be fetched; 0: that is not known."""
    laid: str
    """What lies ready."""
    previous: str
    """What can be gone back to; empty: nothing."""
    last: Ended | None
    error: str
    """What went wrong the last time; empty: nothing."""
    looked_at: float | None
    """Seconds since the epoch."""
    repository: str | None
    """Where releases come from."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/updates", tags=["system"])
    places, spool = Places(), Spool.of(assistant.settings.data_dir)

    def now() -> Updates:
        told = story.story(places, spool)
        if not told.runs:
            raise Refusal(HTTPStatus.CONFLICT, _BY_HAND, code="by_hand", remedy="docs/install.md says how")
        return Updates(**told.as_json(), repository=assistant.settings.update.url)

    async def ask(wish: Wish) -> Updates:
        told = await anyio.to_thread.run_sync(now)
        update = assistant.settings.update
        if wish is not Wish.ROLL_BACK and update.url is None:
            raise Refusal(HTTPStatus.CONFLICT, "no repository is named", code="no_repository", remedy="set update.url")
        if wish is Wish.ROLL_BACK and not told.previous and told.stage is not Stage.TRIAL:
            raise Refusal(HTTPStatus.CONFLICT, "there is no version before this one here", code="no_previous")
        word.ask(spool, wish, update.channel, by_person=True)
        return await anyio.to_thread.run_sync(now)

    @routes.get("", summary="Versions: what runs, what there is, what goes on")
    async def updates(_: Owner) -> Updates:
        """While ``stage`` is anything but ``nothing``, look again every second or two. 409 where another way of
        installation was taken: /v1/health says how that is updated.
        """
        return await anyio.to_thread.run_sync(now)

    @routes.post("/check", status_code=HTTPStatus.ACCEPTED, summary="See whether there is a newer version")
    async def check(_: Owner) -> Updates:
        """``looked_at`` tells when that was done."""
        return await ask(Wish.CHECK)

    @routes.post("/apply", status_code=HTTPStatus.ACCEPTED, summary="Take the newest version")
    async def apply(_: Owner) -> Updates:
        """It is fetched, verified and laid beside what runs; it takes over once nobody talks to the assistant, and
        shows for some minutes that it is well: else the version before runs again.
        """
        return await ask(Wish.APPLY)

    @routes.post("/rollback", status_code=HTTPStatus.ACCEPTED, summary="Go back to the version before")
    async def roll_back(_: Owner) -> Updates:
        """Also while a newer one is on trial."""
        return await ask(Wish.ROLL_BACK)

    return routes
