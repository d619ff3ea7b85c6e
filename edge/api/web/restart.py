"""``/v1/restart``: the assistant ends in order and begins anew, with the settings as they are written."""

from http import HTTPStatus
from typing import Final

import anyio
import anyio.to_thread
from fastapi import APIRouter

from edge.api.web.access import Owner
from edge.api.web.bodies import Body
from edge.api.web.problems import Refusal
from edge.assistant import Assistant
from edge.settings_change import as_written

_PATIENCE_S: Final = 20.0
"""How long a turn, or what rings, is waited for: a sentence and its answer."""


class Restarting(Body):
    """It is on its way."""

    boot: str
    """What ``/v1/health`` tells now; another one, once it has begun anew."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/restart", tags=["settings"])

    @routes.post("", status_code=HTTPStatus.ACCEPTED, summary="End, and begin anew")
    async def restart(_: Owner) -> Restarting:
        """Waits for the end of a turn, of what is being said and of what rings, 20 s at most: then 503, and all stays
        as it is. 400 where the written settings are wrong, 409 where whoever runs it can't begin anew.
        """
        begin_anew, file = assistant.begin_anew, assistant.settings.file
        if begin_anew is None or file is None:
            raise Refusal(HTTPStatus.CONFLICT, "this assistant can't begin anew by itself", code="no_restart")
        await anyio.to_thread.run_sync(as_written, file)
        with anyio.move_on_after(_PATIENCE_S):
            await assistant.still()
            begin_anew()
            return Restarting(boot=assistant.boot)
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "it speaks or rings", code="busy", remedy="try again after that")

    return routes
