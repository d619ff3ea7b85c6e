"""What comes in over Wyoming, checked: the package's own classes take any type for any field."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from wyoming.event import Event

from edge import outside
from edge.wyoming.frames import Malformed

M = TypeVar("M", bound=BaseModel)

Text = Annotated[str, Field(max_length=4000)]
Name = Annotated[str, Field(max_length=200)]


class Message(BaseModel):
    """The data of an event. Keys that are not known here are left alone, as the protocol demands."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class SoundFormat(Message):
    """Of ``audio-start`` and ``audio-chunk``: little-endian samples, channels interleaved."""

    rate: Annotated[int, Field(ge=8000, le=192_000)]
    width: Literal[1, 2, 4]
    """Bytes of a sample; one byte is unsigned."""
    channels: Annotated[int, Field(ge=1, le=8)]


class Transcribe(Message):
    """Sound follows, of which the text is wanted."""

    language: Name | None = None


class Detect(Message):
    """Sound follows, in which a wake word may be said."""

    names: Annotated[list[Name], Field(max_length=64)] | None = None
    """None: any of them."""


class Spoken(Message):
    """Text that is to be spoken: of ``synthesize`` and ``synthesize-chunk``."""

    text: Text


class Said(Message):
    """Text that somebody said: of ``recognize`` and ``transcript``."""

    text: Text
    language: Name | None = None
    context: dict[str, Any] | None = None

    @property
    def session(self) -> str | None:
        """The conversation that it belongs to, as Home Assistant names it."""
        found = (self.context or {}).get("conversation_id")
        return found if isinstance(found, str) and 0 < len(found) <= 64 else None  # noqa: PLR2004


class Note(Message):
    """Text for people or to be given back: of ``ping`` and ``error``."""

    text: Text | None = None


def message(kind: type[M], event: Event) -> M:
    """The data of ``event`` as a ``kind``. Raises Malformed naming the field."""
    try:
        return kind.model_validate(event.data)
    except ValidationError as error:
        where, mistake = outside.first_mistake(error)
        raise Malformed(f"{event.type}: {where}: {mistake}") from None
