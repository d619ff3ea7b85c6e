"""What is served: the page, and the API with its OpenAPI document."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI

from edge.api.web import (
    agenda,
    ask,
    events,
    feedback,
    lists,
    memory,
    now,
    page,
    privacy,
    replay,
    routines,
    sync,
    timers,
    turns,
)
from edge.api.web.access import Identified
from edge.api.web.feed import Feed
from edge.api.web.problems import RESPONSES, answer_problems
from edge.assistant import Assistant

_ROUTERS: Final[tuple[Callable[[Assistant], APIRouter], ...]] = (
    agenda.alarms,
    agenda.later,
    agenda.reminders,
    ask.router,
    feedback.router,
    lists.router,
    memory.router,
    now.router,
    replay.router,
    routines.router,
    sync.router,
    timers.router,
    turns.router,
)  # fmt: skip


def build(assistant: Assistant, feed: Feed) -> FastAPI:
    """The application of ``assistant``."""
    app = FastAPI(
        title="Hearthside",
        summary="A voice assistant of one's own.",
        version=version("hearthside"),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=RESPONSES,
    )
    answer_problems(app)
    app.add_middleware(Identified)
    for router in _ROUTERS:
        app.include_router(router(assistant))
    app.include_router(events.router(assistant, feed))
    app.include_router(privacy.router(assistant, feed))
    app.mount("/", page.files())
    return app
