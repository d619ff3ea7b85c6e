"""``/mcp``: the Model Context Protocol over streamable HTTP, where the package ``mcp`` is installed."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from edge.api.web.access import Role, person
from edge.api.web.problems import respond
from edge.assistant import Assistant
from edge.mind import installed

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from edge.api.mcp.tool import Caller

PATH: Final = "/mcp"


class Mcp:
    """ASGI application. The protocol's package is imported by the first request: few ever make one."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._manager: StreamableHTTPSessionManager | None = None
        self._begun = anyio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if not installed("mcp"):
            what, remedy = "the package mcp is not installed", "pip install 'hearthside[mcp]'"
            response = respond(HTTPStatus.NOT_IMPLEMENTED, what, code="not_installed", remedy=remedy)
            await response(scope, receive, send)
            return
        async with self._begun:
            if self._manager is None:
                self._manager = await self._assistant.tasks.start(self._run)
        await self._manager.handle_request(scope, receive, send)

    async def _run(self, *, task_status: "TaskStatus[StreamableHTTPSessionManager]") -> None:
        manager = await anyio.to_thread.run_sync(self._built)
        async with manager.run():
            task_status.started(manager)
            await anyio.sleep_forever()

    def _built(self) -> "StreamableHTTPSessionManager":
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from edge.api.mcp.server import build
        from edge.api.mcp.tools import OwnDesk

        # Nothing is kept between two requests: who asks is known by the login, and devices are listed anew each time.
        return StreamableHTTPSessionManager(
            build(OwnDesk(self._assistant), _caller), json_response=True, stateless=True
        )


def _caller(request: Request) -> "Caller":
    from edge.api.mcp.tool import Caller

    who = person(request)
    assert who is not None, "whoever may come here is known"
    return Caller(who.whose, guest=who.role < Role.MEMBER)
