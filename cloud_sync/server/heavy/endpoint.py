"""One model behind OpenAI's API, streamed, with a timeout for each phase.

Source: https://platform.openai.com/docs/api-reference/chat/streaming
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AsyncOpenAI,
    AsyncStream,
    Timeout,
)
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel, Field

from cloud_sync.server.heavy.prompt import Message
from cloud_sync.server.heavy.settings import EndpointSettings

T = TypeVar("T")
Tokens: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000_000)]
_OUR_FAULT: Final = range(400, 500)
_COME_AGAIN: Final = frozenset({408, 409, 425, 429})
_MOST: Final = 32_000
"""Characters of one round, answer and calls: more than anybody listens to. ``max_tokens`` is a wish, which an endpoint
need not obey.
"""
_CHARACTERS_A_TOKEN: Final = 4
"""Where an endpoint does not count: about right for European languages."""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The model wants a tool called."""

    id: str
    name: str
    arguments: str
    """JSON, or what the model takes for it."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What this round cost; it comes last."""

    tokens_in: int
    tokens_out: int
    estimated: bool


Streamed: TypeAlias = Text | Wanted | Spent


class EndpointFailed(Exception):
    """No answer, or no more of it. ``refused``: the request is at fault, another endpoint may take it none the less."""

    def __init__(self, reason: str, *, timed_out: bool = False, refused: bool = False) -> None:
        super().__init__(reason)
        self.timed_out, self.refused = timed_out, refused


class Endpoint:
    """A model. Use as an async context manager."""

    def __init__(self, settings: EndpointSettings) -> None:
        """Raises OSError when its key can't be read."""
        self.settings = settings
        self.name, self.model = settings.name, settings.model
        timeout = Timeout(settings.whole_s, connect=settings.connect_s)
        # The chain has retries of its own: the next endpoint.
        self._client = AsyncOpenAI(api_key=settings.api_key(), base_url=settings.url, timeout=timeout, max_retries=0)

    async def aclose(self) -> None:
        """Let its connections go."""
        await self._client.close()

    def cost(self, spent: Spent) -> int:
        """Millionths of the currency."""
        return round(spent.tokens_in * self.settings.price_in + spent.tokens_out * self.settings.price_out)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]
    ) -> AsyncGenerator[Streamed, None]:
        """One round: pieces of text as they come, then the calls, then what it cost. Raises EndpointFailed."""
        began = time.monotonic()
        settings = self.settings
        try:
            stream = await _in_time(self._request(messages, tools), settings.first_token_s, "begin")
            async with stream:
                async for piece in self._pieces(stream, messages, began):
                    yield piece
        except APIStatusError as error:
            refused = error.status_code in _OUR_FAULT and error.status_code not in _COME_AGAIN
            raise EndpointFailed(f"status {error.status_code}", refused=refused) from error
        except APIConnectionError as error:
            raise EndpointFailed(type(error.__cause__ or error).__name__) from error
        except APIError as error:
            raise EndpointFailed(type(error).__name__) from error

    async def _request(
        self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]
    ) -> AsyncStream[ChatCompletionChunk]:
        settings = self.settings
        conversation: Any = list(messages)
        further: dict[str, Any] = {"tools": list(tools)} if tools and settings.tools else {}
        created: AsyncStream[ChatCompletionChunk] = await self._client.chat.completions.create(
            model=settings.model,
            messages=conversation,
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            stream=True,
            stream_options={"include_usage": True},
            **further,
        )
        return created

    async def _pieces(
        self, stream: AsyncStream[ChatCompletionChunk], messages: Sequence[Message], began: float
    ) -> AsyncIterator[Streamed]:
        chunks = aiter(stream)
        wanted: dict[int, Wanted] = {}
        spent: Spent | None = None
        said, asked, begun, finished = 0, 0, False, False
        while (chunk := await self._next(chunks, began, begun=begun)) is not None:
            if chunk.usage is not None:
                spent = Spent(chunk.usage.prompt_tokens, chunk.usage.completion_tokens, estimated=False)
            for choice in (chunk.choices or ())[:1]:
                finished = finished or choice.finish_reason is not None
                begun = begun or bool(choice.delta.content or choice.delta.tool_calls)
                asked += sum(map(_length, choice.delta.tool_calls or ()))
                said += len(choice.delta.content or "")
                if said + asked > _MOST:
                    raise EndpointFailed("says more than anybody listens to")
                if choice.delta.content:
                    yield Text(choice.delta.content)
                for call in choice.delta.tool_calls or ():
                    _add(wanted, call)
        if not finished:
            raise EndpointFailed("the stream broke off")
        for one in wanted.values():
            yield one
        yield spent or _estimate(messages, said)

    async def _next(self, chunks: AsyncIterator[ChatCompletionChunk], began: float, *, begun: bool) -> "_Chunk | None":
        """The next chunk; None at the end."""
        limit = self.settings.whole_s if begun else self.settings.first_token_s
        left = max(0.001, began + limit - time.monotonic())
        return await _in_time(_anext(chunks), left, "end" if begun else "begin")


async def _in_time(work: Coroutine[Any, Any, T], seconds: float, what: str) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise EndpointFailed(f"did not {what} in time", timed_out=True) from None


class _Function(BaseModel):
    name: str | None = None
    arguments: str | None = None


class _Piece(BaseModel):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(BaseModel):
    content: str | None = None
    tool_calls: Sequence[_Piece] | None = None


class _Choice(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0


class _Chunk(BaseModel):
    """What is needed of one: the package ``openai`` itself hands on whatever came."""

    choices: Sequence[_Choice] | None = None
    usage: _Usage | None = None


async def _anext(chunks: AsyncIterator[ChatCompletionChunk]) -> _Chunk | None:
    try:
        chunk = await anext(chunks, None)
        return None if chunk is None else _Chunk.model_validate(chunk.model_dump(warnings=False))
    except (ValueError, AttributeError, RecursionError) as error:
        # No JSON, no UTF-8, no object, or none that is a chunk.
        raise EndpointFailed(f"says something that is no answer ({type(error).__name__})") from error


def _length(call: _Piece) -> int:
    """Characters of a piece of a call; each piece counts, as one of a new index is kept, too."""
    function = call.function or _Function()
    return 1 + len(call.id or "") + len(function.name or "") + len(function.arguments or "")


def _add(wanted: dict[int, Wanted], call: _Piece) -> None:
    """A call comes in pieces, too."""
    known = wanted.get(call.index, Wanted("", "", ""))
    function = call.function
    wanted[call.index] = Wanted(
        known.id or call.id or f"call-{call.index}",
        known.name + ((function.name or "") if function else ""),
        known.arguments + ((function.arguments or "") if function else ""),
    )


def _estimate(messages: Sequence[Message], said: int) -> Spent:
    asked = sum(len(str(message.get("content") or "")) for message in messages)
    return Spent(asked // _CHARACTERS_A_TOKEN + 1, said // _CHARACTERS_A_TOKEN + 1, estimated=True)
