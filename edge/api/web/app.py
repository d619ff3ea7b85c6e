"""What is served: the page, and the API with its OpenAPI document."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, Depends, params
from starlette.routing import Route

from edge.api.web import (
    agenda,
    ask,
    asyncapi,
    devices,
    events,
    feedback,
    health,
    house,
    kpis,
    lists,
    memory,
    metrics,
    model_store,
    now,
    openapi,
    people,
    privacy,
    replay,
    restart,
    routines,
    sessions,
    settings,
    setup,
    sync,
    system,
    timers,
    tokens,
    turns,
    updates,
    wake,
)
from edge.api.web.access import Requires, Role
from edge.api.web.bounds import Bounded, Packed
from edge.api.web.entrance import Entrance
from edge.api.web.feed import Feed
from edge.api.web.health import Readiness
from edge.api.web.limits import Limit
from edge.api.web.mcp import PATH as MCP_PATH
from edge.api.web.mcp import Mcp
from edge.api.web.openai import chat, models, speech, transcriptions
from edge.api.web.page import Pages
from edge.api.web.problems import RESPONSES, answer_problems
from edge.api.web.voice import routes as voice
from edge.assistant import Assistant

_ROUTERS: Final[tuple[Callable[[Assistant], APIRouter], ...]] = (
    agenda.alarms,
    agenda.later,
    agenda.reminders,
    ask.router,
    chat.router,
    devices.router,
    feedback.router,
    house.router,
    kpis.router,
    lists.router,
    memory.router,
    metrics.router,
    models.router,
    model_store.router,
    now.router,
    replay.router,
    restart.router,
    routines.router,
    settings.router,
    speech.router,
    sync.router,
    system.router,
    timers.router,
    transcriptions.router,
    turns.router,
    updates.router,
    voice.router,
    wake.router,
)  # fmt: skip
_LIMITED: Final[Mapping[Callable[[Assistant], APIRouter], Sequence[params.Depends]]] = {
    ask.router: [Depends(Limit("120/minute", "ask"))],
    chat.router: [Depends(Limit("120/minute", "ask"))],
    replay.router: [Depends(Limit("60/minute", "replay"))],
    speech.router: [Depends(Limit("60/minute", "speech"))],
    transcriptions.router: [Depends(Limit("60/minute", "transcriptions"))],
}
"""What takes the engines' time: nobody takes all of it."""
_OF_ENTRANCE: Final[tuple[Callable[[Entrance], APIRouter], ...]] = (
    people.router,
    sessions.router,
    setup.router,
    tokens.router,
)


def build(assistant: Assistant, entrance: Entrance, feed: Feed, readiness: Readiness) -> openapi.Api:
    """The application of ``assistant``, to be served behind :class:`edge.api.web.protect.Protected`."""
    app = openapi.Api(
        title="Hearthside",
        summary="A voice assistant of one's own.",
        version=version("hearthside"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=RESPONSES,
        generate_unique_id_function=openapi.operation_id,
    )
    answer_problems(app)
    for router in _ROUTERS:
        app.include_router(router(assistant), dependencies=_LIMITED.get(router, ()))
    app.include_router(asyncapi.router())
    app.include_router(openapi.router(app))
    app.include_router(events.router(assistant, feed))
    app.include_router(health.router(assistant, readiness))
    app.include_router(privacy.router(assistant, feed))
    for of_entrance in _OF_ENTRANCE:
        app.include_router(of_entrance(entrance))
    mcp = Requires(Mcp(assistant), Role.GUEST)
    app.router.routes.append(Route(MCP_PATH, mcp, include_in_schema=False))
    app.mount("/", Pages())
    app.add_middleware(Packed)
    app.add_middleware(Bounded)
    return app
