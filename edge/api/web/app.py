"""What is served: the page, and the API with its OpenAPI document."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from edge.api.web import ask, events, metrics, page, turns
from edge.api.web.access import Identified
from edge.api.web.feed import Feed
from edge.api.web.mcp import PATH as MCP_PATH
from edge.api.web.mcp import Mcp
from edge.api.web.openai import chat, models, speech, transcriptions
from edge.api.web.problems import RESPONSES, answer_problems
from edge.api.web.voice import routes as voice
from edge.assistant import Assistant

_ROUTERS: Final[tuple[Callable[[Assistant], APIRouter], ...]] = (
    ask.router,
    chat.router,
    metrics.router,
    models.router,
    speech.router,
    transcriptions.router,
    turns.router,
    voice.router,
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
    app.router.routes.append(Route(MCP_PATH, Mcp(assistant), include_in_schema=False))
    app.mount("/", page.files())
    return app
