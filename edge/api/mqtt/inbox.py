"""Messages that somebody sent to the assistant: bounded, in order, never from the past."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge import outside
from edge.errors import AssistantError
from edge.ports import Post, Taken

_log = logging.getLogger(__name__)
LONGEST: Final = 10_000
"""Characters of a text."""
_MOST_BYTES: Final = 4 * LONGEST
_WAITING: Final = 16
"""Messages of one kind that wait."""

Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class Refused(ValueError):
    """A message that is not dealt with; the text says why, without a word of the message."""


class Request(BaseModel):
    """Of ``ask`` and ``say``: a text, or a JSON object with a text. Further keys mean nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)
    text: Text
    area: Name | None = None
    """The room that it is asked from, or that it is for."""
    session: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """The conversation that it belongs to."""
    reply_to: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    """The level below ``…/answer`` that the answer is published on, too."""


async def keep_reading(post: Post, filters: Sequence[str], deal: Callable[[Taken], Awaitable[None]]) -> None:
    """Hand ``deal`` what comes on ``filters``, one message after the other; runs until it is cancelled.

    What the broker had retained is left alone: it was meant for another time. ``deal`` may raise Refused and
    AssistantError; both are logged in a line.
    """
    send, receive = anyio.create_memory_object_stream[Taken](_WAITING)

    def take(taken: Taken) -> None:
        if taken.retained:
            _log.info("the message on %s is ignored: it was retained", taken.topic)
        elif len(taken.payload) > _MOST_BYTES:
            _log.warning("a message on %s is refused: %d bytes are too many", taken.topic, len(taken.payload))
        else:
            try:
                send.send_nowait(taken)
            except anyio.WouldBlock:
                _log.warning("a message on %s is refused: too many are waiting", taken.topic)

    with send, receive:
        await post.listen(filters, take)
        async for taken in receive:
            try:
                await deal(taken)
            except Refused as why:
                _log.warning("a message on %s is refused: %s", taken.topic, why)
            except AssistantError as error:
                _log.warning("a message on %s came to nothing: %s", taken.topic, error)


def text_of(payload: bytes) -> str:
    """Raises Refused."""
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        raise Refused("it is not UTF-8 text") from None


def object_of(payload: bytes) -> dict[str, Any]:
    """Raises Refused."""
    try:
        read = outside.json_of(payload)
    except (ValueError, RecursionError):
        raise Refused("it is not JSON") from None
    if not isinstance(read, dict):
        raise Refused("it is not a JSON object")
    return read


def request_of(payload: bytes) -> Request:
    """What ``payload`` asks for: JSON where it begins with a brace, else plain text. Raises Refused."""
    text = text_of(payload)
    raw = object_of(payload) if text.startswith("{") else {"text": text}
    if isinstance(raw.get("text"), str):
        raw["text"] = raw["text"].strip()
    try:
        return Request.model_validate(raw)
    except ValidationError as error:
        where, mistake = outside.first_mistake(error)
        raise Refused(f"{where}: {mistake}") from None
