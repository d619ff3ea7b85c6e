"""``hearth mcp``: the running assistant's tools for a program that starts this one, over standard input and output."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from edge.api.local_client import request
from edge.api.mcp.tool import LOCAL, Caller
from edge.api.mcp.tools import Desk
from edge.errors import SettingsError


class _There:
    """The desk of the assistant that runs on ``data_dir``."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    async def tools(self) -> Sequence[Mapping[str, Any]]:
        """Raises AssistantUnreachable."""
        rows: Sequence[Mapping[str, Any]] = (await self._request(do="tools"))["tools"]
        return rows

    async def call(self, name: str, arguments: Mapping[str, Any], who: Caller = LOCAL) -> Mapping[str, Any]:
        """Raises AssistantUnreachable. ``who`` is whoever may use the socket."""
        return await self._request(do="call", name=name, arguments=arguments)

    async def _request(self, **wish: object) -> Mapping[str, Any]:
        return await anyio.to_thread.run_sync(lambda: next(request(self._data_dir, **wish)))


def serve_tools(data_dir: Path) -> None:
    """Until standard input ends. Raises SettingsError without the package ``mcp``."""
    try:
        from mcp.server.stdio import stdio_server

        from edge.api.mcp.server import build
    except ImportError:
        raise SettingsError("`hearth mcp` needs the package mcp", "pip install 'hearthside[mcp]'") from None

    desk: Desk = _There(data_dir)

    async def serve() -> None:
        server = build(desk)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(serve)
