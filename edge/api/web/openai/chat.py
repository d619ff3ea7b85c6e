"""``/v1/chat/completions``: the last message is carried out, and the answer claims no more than was done."""

import contextlib
import hashlib
import json
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from edge.api.web.access import Guest, Person, Role
from edge.api.web.openai.errors import RESPONSES, Invalid, OpenAiRoute
from edge.api.web.openai.models import ASSISTANT
from edge.assistant import Assistant
from edge.events import AnyEvent, ReplyPart, ReplyReady, TurnEnded

_CONVERSATIONS: Final = 64
_WAITING: Final = 1000
"""Pieces of an answer that a client has not taken yet."""


class Part(BaseModel):
    """A part of a message; only text is understood."""

    type: str
    text: str = ""


class Message(BaseModel):
    """One of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Field(max_length=20_000)] | list[Part] | None = None

    @property
    def text(self) -> str:
        """All of its text."""
        if isinstance(self.content, list):
            return " ".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """How it is streamed."""

    include_usage: bool = False


class Asked(BaseModel):
    """A conversation, whose last message is to be answered. Fields of OpenAI's that are not here are passed over."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    model: str = ASSISTANT
    """There is one, whatever is asked for."""
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] = 1


class Answered(BaseModel):
    """The answer's own message."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one there is."""

    index: int = 0
    message: Answered
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Usage(BaseModel):
    """Nothing is counted: nothing is paid for."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Completion(BaseModel):
    """The answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = ASSISTANT
    choices: list[Choice]
    usage: Usage = Usage()


class Threads:
    """Which conversation somebody goes on with: OpenAI's clients send all of it each time, and no name for it.

    Whoever knows it to the letter, its last answer too, goes on with it; anybody else begins one. So no "yes" answers
    a question that was asked somebody else.
    """

    def __init__(self) -> None:
        self._sessions: OrderedDict[bytes, str] = OrderedDict()

    def session(self, who: str, before: Sequence[Message]) -> str:
        """Of the conversation that has come so far."""
        known = self._sessions.pop(self._key(who, before), None)
        return known or uuid.uuid4().hex[:12]

    def went_on(self, who: str, messages: Sequence[Message], answer: str, session: str) -> None:
        """``answer`` came after ``messages``."""
        key = self._key(who, [*messages, Message(role="assistant", content=answer)])
        self._sessions[key] = session
        while len(self._sessions) > _CONVERSATIONS:
            self._sessions.popitem(last=False)

    @staticmethod
    def _key(who: str, messages: Sequence[Message]) -> bytes:
        said = [[message.role, message.text.strip()] for message in messages if message.text.strip()]
        return hashlib.sha256(json.dumps([who, said]).encode()).digest()


def router(assistant: Assistant) -> APIRouter:
    """Its route."""
    routes = APIRouter(prefix="/v1/chat", tags=["openai"], route_class=OpenAiRoute, responses=RESPONSES)
    threads = Threads()

    @routes.post("/completions", summary="One command in writing, as a chat", response_model=Completion)
    async def completions(asked: Asked, who: Guest) -> Response:
        last = asked.messages[-1]
        if last.role != "user" or not last.text.strip():
            raise Invalid("the last message is what a user says", "messages")
        chat = _Chat(assistant, threads, who, asked.messages)
        if not asked.stream:
            return JSONResponse((await chat.whole()).model_dump(), HTTPStatus.OK)
        usage = asked.stream_options is not None and asked.stream_options.include_usage
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(chat.streamed(usage=usage), media_type="text/event-stream", headers=headers)

    return routes


class _Chat:
    """One turn of one conversation."""

    def __init__(self, assistant: Assistant, threads: Threads, who: Person, messages: Sequence[Message]) -> None:
        self._assistant, self._threads, self._who, self._messages = assistant, threads, who.whose, messages
        self._guest = who.role < Role.MEMBER
        self._session = threads.session(who.whose, messages[:-1])
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    async def whole(self) -> Completion:
        """The answer at once."""
        *_, ended = await self._assistant.ask(self._messages[-1].text, session=self._session, guest=self._guest)
        assert isinstance(ended, TurnEnded)
        self._ended(ended)
        choice = Choice(message=Answered(content=ended.reply.text))
        return Completion(id=self._id, created=self._created, choices=[choice])

    async def streamed(self, *, usage: bool) -> AsyncIterator[str]:
        """The answer as server-sent events, as it is made. The turn ends with whoever reads it."""
        send, receive = anyio.create_memory_object_stream[AnyEvent](_WAITING)
        scope = anyio.CancelScope()
        self._assistant.tasks.start_soon(self._carry_out, scope, send)
        parts = 0
        try:
            yield self._chunk({"role": "assistant", "content": ""})
            async with receive:
                async for event in receive:
                    match event:
                        case ReplyPart(text=text):
                            yield self._chunk({"content": f" {text}" if parts else text})
                            parts += 1
                        case ReplyReady(text=text) if not parts and text:
                            yield self._chunk({"content": text})
                        case TurnEnded():
                            self._ended(event)
            yield self._chunk({}, finish="stop")
            if usage:
                yield self._event({"choices": [], "usage": Usage().model_dump()})
            yield "data: [DONE]\n\n"
        finally:
            scope.cancel()

    async def _carry_out(self, scope: anyio.CancelScope, send: MemoryObjectSendStream[AnyEvent]) -> None:
        def hear(event: AnyEvent) -> None:
            with contextlib.suppress(anyio.WouldBlock, anyio.BrokenResourceError):
                send.send_nowait(event)

        async with send:
            with scope:
                talker = self._assistant.converse(None, hear, session=self._session, guest=self._guest)
                await talker.written(self._messages[-1].text)

    def _ended(self, turn: TurnEnded) -> None:
        self._threads.went_on(self._who, self._messages, turn.reply.text, self._session)

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return self._event({"choices": [choice]})

    def _event(self, body: dict[str, Any]) -> str:
        head = {"id": self._id, "object": "chat.completion.chunk", "created": self._created, "model": ASSISTANT}
        return f"data: {json.dumps({**head, **body}, ensure_ascii=False)}\n\n"
