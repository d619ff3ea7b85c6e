"""``/metrics``: the figures, for Prometheus."""

import ipaddress
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response

from edge.api.web.access import Role, needs
from edge.api.web.problems import RESPONSES
from edge.assistant import Assistant
from edge.observe.observation import CONTENT_TYPE

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers of a proxy on this machine, behind which anybody may be."""
_ALLOWED: Final = needs(Role.GUEST)


def router(assistant: Assistant) -> APIRouter:
    """Its route."""
    routes = APIRouter(tags=["figures"])

    @routes.get(
        "/metrics",
        summary="All figures, for Prometheus",
        response_class=Response,
        responses={HTTPStatus.OK: {"content": {CONTENT_TYPE: {}}}, **RESPONSES},
    )
    async def metrics(request: Request) -> Response:
        """Text format 0.0.4. From this machine without logging in, from elsewhere with a token of any role."""
        if not _from_here(request):
            _ALLOWED(request)
        return Response(await assistant.observation.exposition(), media_type=CONTENT_TYPE)

    return routes


def _from_here(request: Request) -> bool:
    """Whether a program on this machine asks, for itself."""
    if request.client is None or any(header in request.headers for header in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
