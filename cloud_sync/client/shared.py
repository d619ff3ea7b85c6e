"""What the assistants of a house share: the skills' own tables, declared here; the skills know nothing of it.

What belongs to one device is not among them (timers, volume, the microphone's switch), nor what each computes for
itself (vectors).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from cloud_sync.client.believed import LATEST_MS
from cloud_sync.protocol.record import Value

_LONGEST: Final = 20_000
"""Characters of anything that a person tells."""
_LONGEST_NAME: Final = 120
"""Characters of a name in ``house.toml``."""
_MOST_STEPS: Final = 20
_LONGEST_STEP: Final = 1_000


@dataclass(frozen=True, slots=True)
class Field:
    """A column that is shared."""

    fits: Callable[[Value], bool]
    """Whether a value may stand in it: what comes from elsewhere is not believed."""
    optional: bool = False
    """A row is shown without it; its column has a default."""


def _is_text(value: Value) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _is_text_or_nothing(value: Value) -> bool:
    return value is None or _is_text(value)


def _is_name(value: Value) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= _LONGEST_NAME


def _is_moment(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value * 1000 < LATEST_MS


def _is_steps(value: Value) -> bool:
    """Whether it is what a routine does, as JSON."""
    try:
        steps = msgspec.json.decode(value, type=list[str]) if isinstance(value, str) else []
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return 0 < len(steps) <= _MOST_STEPS and all(len(each) <= _LONGEST_STEP for each in steps)


def _is_flag(value: Value) -> bool:
    return isinstance(value, bool) or (isinstance(value, int) and value in (0, 1))


TEXT: Final = Field(_is_text)
TEXT_OR_NOTHING: Final = Field(_is_text_or_nothing, optional=True)
MOMENT: Final = Field(_is_moment)
"""Seconds since the epoch."""
NAME: Final = Field(_is_name)
PART: Final = Field(lambda value: value in ("name", "area", "room", "floor"))
"""As :class:`edge.home.house_words.Part`: others would be written into ``house.toml``, and not be found there."""
STEPS: Final = Field(_is_steps)
FLAG: Final = Field(_is_flag, optional=True)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is shared: each row is a record of ``kind``, known by its column ``key``."""

    kind: str
    name: str
    part: str
    """Whose migrations make it; from their step ``since`` on it is as it is declared here."""
    since: int
    fields: Mapping[str, Field]
    deleted: str = "0"
    """SQL: whether a row is only a tombstone. A row that is not there any more is deleted, too."""
    local: Mapping[str, str | float] = field(default_factory=dict)
    """Columns that are not shared and must have a value."""
    derived: tuple[str, ...] = ()
    """Columns that were computed from others: emptied when those change."""
    key: str = "id"
    most: int = 5_000
    """So many of the house are taken in."""

    def row(self, values: Mapping[str, Value]) -> dict[str, Value] | None:
        """The columns of a row; None as long as something is missing or can't stand there."""
        row = {name: values[name] for name in self.fields if name in values}
        whole = all(each.optional or name in row for name, each in self.fields.items())
        return row if whole and all(self.fields[name].fits(value) for name, value in row.items()) else None


SHARED: Final = (
    Table("list", "list", "lists", 4, {"name": TEXT, "created": MOMENT}, "deleted", {"changed": 0.0}, most=200),
    Table(
        "item",
        "list_item",
        "lists",
        4,
        {"list": TEXT, "text": TEXT, "created": MOMENT, "completed": FLAG},
        "deleted",
        {"changed": 0.0},
    ),
    Table(
        "fact",
        "memory_fact",
        "memory.facts",
        4,
        {"text": TEXT, "topic": TEXT_OR_NOTHING, "created": MOMENT},
        "forgotten IS NOT NULL",
        {"changed": 0.0},
        ("vector",),
    ),
    Table(
        "routine",
        "routine",
        "routines",
        3,
        {"name": TEXT, "sentences": STEPS, "created": MOMENT},
        "deleted",
        {"changed": 0.0},
        # What a person has agreed to was what it did before.
        ("here",),
        most=200,
    ),
    Table(
        "name",
        "house_name",
        "house.names",
        1,
        {"part": PART, "thing": NAME, "name": NAME, "created": MOMENT},
        most=300,
    ),
)
