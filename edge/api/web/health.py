"""``/healthz``: whether the assistant can do its job now, for whatever watches over it. It tells nothing else."""

import time
from http import HTTPStatus
from typing import Final, Literal

import anyio
import anyio.lowlevel
from fastapi import APIRouter, Response

from edge.api.web.access import Anybody
from edge.api.web.bodies import Body
from edge.assistant import Assistant
from edge.errors import AssistantError

_BUSY_S: Final = 1.0
"""An event loop that takes longer to come round answers nobody in time."""


class Health(Body):
    """How it is."""

    status: Literal["ok", "starting", "failing"]
    loop_ms: float
    """How long the event loop took to come round once."""
    engines: Literal["ready", "loading", "failed"]
    """Of those that a command needs."""
    broker: bool
    """Whether it is connected."""
    up_s: float
    """Since it began to serve."""


class Readiness:
    """Whether the engines are there."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.engines: Literal["ready", "loading", "failed"] = "loading"
        self.began = time.monotonic()

    async def follow(self) -> None:
        """Returns when they are, or when they won't ever be."""
        try:
            await self._assistant.ready()
        except AssistantError:
            self.engines = "failed"  # what went wrong is told by whoever started it
        else:
            self.engines = "ready"


def router(assistant: Assistant, readiness: Readiness) -> APIRouter:
    """Its route."""
    routes = APIRouter(tags=["health"])

    @routes.get(
        "/healthz",
        summary="Whether it can do its job",
        responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Health, "description": "Not now."}},
    )
    async def health(response: Response, _: Anybody) -> Health:
        """200 where everything that a command needs is there, else 503; anybody may ask, also without logging in."""
        begun = time.perf_counter()
        await anyio.lowlevel.checkpoint()
        loop_s = time.perf_counter() - begun
        broker = assistant.house.online
        well = readiness.engines == "ready" and broker and loop_s < _BUSY_S
        if not well:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return Health(
            status="ok" if well else "starting" if readiness.engines == "loading" else "failing",
            loop_ms=round(loop_s * 1000, 3),
            engines=readiness.engines,
            broker=broker,
            up_s=round(time.monotonic() - readiness.began, 1),
        )

    return routes
