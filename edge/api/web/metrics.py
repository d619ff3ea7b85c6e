"""``/metrics``: the figures, for Prometheus."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from edge.api.web.access import Anybody, Needs, Role, is_near
from edge.api.web.problems import RESPONSES
from edge.assistant import Assistant
from edge.observe.observation import CONTENT_TYPE


def router(assistant: Assistant) -> APIRouter:
    """Its route."""
    routes = APIRouter(tags=["figures"])

    @routes.get(
        "/metrics",
        summary="All figures, for Prometheus",
        response_class=Response,
        responses={HTTPStatus.OK: {"content": {CONTENT_TYPE: {}}}, **RESPONSES},
    )
    async def metrics(request: Request, _: Anybody) -> Response:
        """Text format 0.0.4. From this machine without logging in, from elsewhere with a token of any role."""
        if not is_near(request):
            Needs(Role.GUEST)(request)
        return Response(await assistant.observation.exposition(), media_type=CONTENT_TYPE)

    return routes
