"""What is served: the page, and the API with its OpenAPI document."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI

from edge.api.web import ask, lists, page, timers
from edge.api.web.access import Identified
from edge.api.web.problems import RESPONSES, answer_problems
from edge.assistant import Assistant

_ROUTERS: Final[tuple[Callable[[Assistant], APIRouter], ...]] = (
    ask.router,
    lists.router,
    timers.router,
)  # fmt: skip


def build(assistant: Assistant) -> FastAPI:
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
    app.mount("/", page.files())
    return app
