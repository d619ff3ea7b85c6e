"""The protocol, by the package ``mcp``. Specification: https://modelcontextprotocol.io."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from edge.api.mcp.tool import LOCAL, Caller
from edge.api.mcp.tools import Desk
from edge.errors import AssistantError

_INSTRUCTIONS: Final = (
    "A voice assistant that controls this house. What a tool answers is what the devices have confirmed: tell the "
    "person no more than that. What the person's rules guard takes a PIN, or is refused."
)


def build(desk: Desk, caller: Callable[[Any], Caller] = lambda _: LOCAL) -> "Server[Any]":
    """A server of the tools at ``desk``. ``caller``: whose program sends a request of Starlette's."""

    async def list_tools(
        context: "ServerRequestContext[Any, Any]", _: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(
            tools=[
                Tool(
                    name=row["name"],
                    description=row["about"],
                    input_schema=row["input"],
                    output_schema=row["output"],
                    annotations=ToolAnnotations(read_only_hint=row["reads"], open_world_hint=False),
                )
                for row in await desk.tools()
            ]
        )

    async def call_tool(context: "ServerRequestContext[Any, Any]", wanted: CallToolRequestParams) -> CallToolResult:
        try:
            came = await desk.call(wanted.name, wanted.arguments or {}, caller(context.request))
        except AssistantError as error:
            came = {"text": str(error), "data": {}, "failed": True}
        return CallToolResult(
            content=[TextContent(text=came["text"])],
            structured_content=came["data"] or None,
            is_error=came["failed"],
        )

    return Server(
        "hearthside",
        version=version("hearthside"),
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
