"""An OpenAI-compatible endpoint that says what a test wants, for what a small model can't be made to do: call tools,
break off, be slow.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cloud_sync.server.heavy.settings import EndpointSettings
from tests.brokers import free_port


@dataclass(frozen=True)
class ToolWanted:
    name: str
    arguments: str
    id: str = "call-1"


@dataclass(frozen=True)
class Die:
    """The connection breaks."""


@dataclass
class Wait:
    """Until the test goes on."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Status:
    """In place of an answer."""

    code: int


Said = Sequence[str | ToolWanted | Die | Wait | Status]


class Scripted:
    """Answers one request after another by the next script; the last one serves for all further requests."""

    def __init__(self, *scripts: Said, counts: bool = True) -> None:
        """``counts``: whether it tells tokens."""
        self.scripts, self.counts = deque(scripts), counts
        self.asked: list[dict[str, Any]] = []
        self.closed = asyncio.Event()
        """Somebody hung up before the end."""
        self.url = ""

    def settings(self, name: str = "scripted", **changed: Any) -> EndpointSettings:
        return EndpointSettings.model_validate(
            # A busy machine is slow.
            {"name": name, "url": self.url, "model": f"{name}-model", "price_in": 2.0, "price_out": 10.0}
            | {"connect_s": 30.0, "first_token_s": 60.0}
            | changed
        )

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/v1/embeddings", self._embed, methods=["POST"]),
            ]
        )

    async def _complete(self, request: Request) -> Response:
        self.asked.append(await request.json())
        script = self.scripts.popleft() if len(self.scripts) > 1 else self.scripts[0]
        if script and isinstance(script[0], Status):
            return JSONResponse({"error": {"message": "as the test wants"}}, script[0].code)
        return StreamingResponse(self._stream(script), media_type="text/event-stream")

    async def _stream(self, script: Said) -> AsyncIterator[str]:
        finished = False
        try:
            calls = 0
            for each in script:
                match each:
                    case str():
                        yield _chunk({"content": each})
                    case ToolWanted():
                        function = {"name": each.name, "arguments": each.arguments}
                        call = {"index": calls, "id": each.id, "type": "function", "function": function}
                        yield _chunk({"tool_calls": [call]})
                        calls += 1
                    case Wait():
                        each.reached.set()
                        await each.go_on.wait()
                    case Die():
                        finished = True
                        raise ConnectionResetError
            yield _chunk({}, "tool_calls" if calls else "stop")
            if self.counts:
                yield _event(
                    {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}
                )
            yield "data: [DONE]\n\n"
            finished = True
        finally:
            if not finished:
                self.closed.set()

    async def _embed(self, request: Request) -> Response:
        """By letters: good enough to be a vector."""
        text = (await request.json())["input"].casefold()
        vector = [float(text.count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz"]
        return JSONResponse(
            {
                "object": "list",
                "model": "letters",
                "data": [{"object": "embedding", "index": 0, "embedding": vector}],
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            }
        )


def _chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    return _event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _event(body: dict[str, Any]) -> str:
    whole = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted", **body}
    return f"data: {json.dumps(whole)}\n\n"


@asynccontextmanager
async def serving(*endpoints: Scripted) -> AsyncIterator[None]:
    """All of them answer until the block ends."""
    async with anyio.create_task_group() as tasks:
        servers = []
        for endpoint in endpoints:
            port = free_port()
            endpoint.url = f"http://127.0.0.1:{port}/v1"
            config = uvicorn.Config(
                endpoint.app(), host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=5
            )
            server = uvicorn.Server(config)
            servers.append(server)
            tasks.start_soon(server.serve)
        for server in servers:
            while not server.started:
                await anyio.sleep(0.01)
        yield
        for server in servers:
            server.should_exit = True
