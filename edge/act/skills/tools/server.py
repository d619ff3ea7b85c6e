"""One MCP server: connected as long as it is there, and again when it comes back.

Specification: https://modelcontextprotocol.io, through the ``mcp`` package, which is only imported where a server is
configured.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import anyio

from edge.act.skills.tools.program import running
from edge.act.skills.tools.settings import ServerSettings
from edge.errors import AssistantError, SettingsError

if TYPE_CHECKING:
    from mcp import Client
    from mcp.client import Transport
    from mcp.types import CallToolResult

_log = logging.getLogger(__name__)

_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0
_LONGEST: Final = 300
"""Characters of what a server says of a tool."""
_LONGEST_NAME: Final = 40
"""Likewise, of an argument's name."""
_MOST_CHOICES: Final = 100
_LONGEST_TEXT: Final = 2_000
"""Characters of a part of an answer, of which much less is read out."""
_MOST_BLOCKS: Final = 20
_PING_S: Final = 15.0
"""How soon a server that died is noticed."""


class ToolServerAway(AssistantError):
    """The server of a tool is not connected, or does not answer."""

    code, stage = "tool_away", "act"


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that the server can do and we may ask of it."""

    name: str
    reads: bool
    """Whether the server says that it changes nothing."""
    types: Mapping[str, str]
    """Its arguments and their JSON types."""
    required: tuple[str, ...]
    about: str = ""
    """What the server says that it is for."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By argument, the only values that it may have."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool said. Its text is data from outside: it is read out, and never understood as a request."""

    text: str
    failed: bool


class Server:
    """One of the configured servers."""

    def __init__(self, name: str, settings: ServerSettings) -> None:
        self.name, self._settings = name, settings
        self._client: Client | None = None
        self.tools: Mapping[str, Tool] = {}
        """By name, those that are allowed and there; empty while it is not connected."""

    async def run(self) -> None:
        """Stay connected until cancelled. Raises SettingsError without the ``mcp`` package."""
        try:
            from mcp import Client
        except ImportError:
            raise SettingsError(
                f"[skills.tools.servers.{self.name}] needs the package mcp",
                "pip install 'hearthside[mcp]'",
                permanent=True,
            ) from None
        wait = _FIRST_WAIT_S
        while True:
            try:
                async with Client(self._target(), read_timeout_seconds=self._settings.timeout_s) as client:
                    self.tools = await self._allowed(client)
                    self._client, wait = client, _FIRST_WAIT_S
                    while True:
                        await anyio.sleep(_PING_S)
                        await client.send_ping()
            except* _failures() as group:
                _log.warning("the tool server %s is away: %s", self.name, type(group.exceptions[0]).__name__)
            finally:
                self._client, self.tools = None, {}
            await anyio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_S)

    async def call(self, tool: Tool, arguments: Mapping[str, object]) -> Answer:
        """What ``tool`` answers. Raises ToolServerAway."""
        if self._client is None:
            raise ToolServerAway(f"the tool server {self.name} is away", "check that it runs")
        result = None
        try:
            with anyio.move_on_after(self._settings.timeout_s):
                result = await self._client.call_tool(tool.name, dict(arguments))
        except _failures() as error:
            raise ToolServerAway(
                f"the tool server {self.name} failed: {type(error).__name__}", "see its log"
            ) from error
        if result is None:
            raise ToolServerAway(f"the tool server {self.name} does not answer", "see its log")
        return Answer(_text(result), bool(result.is_error))

    def _target(self) -> "str | Transport":
        if self._settings.url:
            return self._settings.url
        return running(self._settings.command, self._settings.env)

    async def _allowed(self, client: "Client") -> Mapping[str, Tool]:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        for missing in sorted(set(self._settings.tools) - listed.keys()):
            _log.warning("the tool server %s has no tool %s", self.name, missing)
        return {name: _tool(listed[name]) for name in self._settings.tools if name in listed}


def _failures() -> tuple[type[Exception], ...]:
    """What connecting and calling may raise when the other side is to blame."""
    from mcp import MCPError

    return (MCPError, OSError, EOFError, ValueError, TimeoutError, anyio.ClosedResourceError, anyio.BrokenResourceError)


def _tool(listed: Any) -> Tool:
    # What a server says of its tools may be of any shape.
    schema = listed.input_schema or {}
    described, required = schema.get("properties"), schema.get("required")
    properties = described.items() if isinstance(described, dict) else ()
    # What it is called is asked for aloud, and one may be as long as a sermon.
    specs = {name: spec for name, spec in properties if isinstance(spec, dict) and len(name) <= _LONGEST_NAME}
    enums = {name: spec.get("enum") for name, spec in specs.items()}
    return Tool(
        name=listed.name,
        reads=bool(listed.annotations and listed.annotations.read_only_hint),
        types={name: str(spec.get("type", "string")) for name, spec in specs.items()},
        required=tuple(name for name in map(str, required) if name in specs) if isinstance(required, list) else (),
        about=" ".join(str(listed.description or "").split())[:_LONGEST],
        choices={name: _choices(enum) for name, enum in enums.items() if isinstance(enum, list) and enum},
    )


def _choices(enum: list[object]) -> tuple[str, ...]:
    return tuple(str(each) for each in enum[:_MOST_CHOICES] if len(str(each)) <= _LONGEST)


def _text(result: "CallToolResult") -> str:
    return " ".join(block.text[:_LONGEST_TEXT] for block in result.content[:_MOST_BLOCKS] if block.type == "text")


def argument(value: object, json_type: str) -> object:
    """``value`` of a slot as an argument of that type. Raises ValueError."""
    match json_type:
        case "integer" | "number":
            number = float(str(value))
            if not math.isfinite(number):
                raise ValueError(value)
            return int(number) if json_type == "integer" else number
        case "boolean":
            return str(value).casefold() in ("true", "yes", "on", "1")
        case _:
            return str(value)
