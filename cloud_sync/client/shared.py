"""What the assistants of a house share: the skills' own tables, declared here; the skills know nothing of it.

What belongs to one device is not among them (timers, volume, the microphone's switch), nor what each computes for
itself (vectors).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cloud_sync.protocol.record import Value


@dataclass(frozen=True, slots=True)
class Field:
    """A column that is shared."""

    fits: Callable[[Value], bool]
    """Whether a value may stand in it: what comes from elsewhere is not believed."""
    optional: bool = False
    """A row is shown without it; its column has a default."""


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _is_text_or_nothing(value: Value) -> bool:
    return value is None or isinstance(value, str)


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_flag(value: Value) -> bool:
    return isinstance(value, bool) or (isinstance(value, int) and value in (0, 1))


TEXT: Final = Field(_is_text)
TEXT_OR_NOTHING: Final = Field(_is_text_or_nothing, optional=True)
NUMBER: Final = Field(_is_number)
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

    def row(self, values: Mapping[str, Value]) -> dict[str, Value] | None:
        """The columns of a row; None as long as something is missing or can't stand there."""
        row = {name: values[name] for name in self.fields if name in values}
        whole = all(each.optional or name in row for name, each in self.fields.items())
        return row if whole and all(self.fields[name].fits(value) for name, value in row.items()) else None


SHARED: Final = (
    Table("list", "list", "lists", 4, {"name": TEXT, "created": NUMBER}, "deleted", {"changed": 0.0}),
    Table(
        "item",
        "list_item",
        "lists",
        4,
        {"list": TEXT, "text": TEXT, "created": NUMBER, "completed": FLAG},
        "deleted",
        {"changed": 0.0},
    ),
    Table(
        "fact",
        "memory_fact",
        "memory.facts",
        4,
        {"text": TEXT, "topic": TEXT_OR_NOTHING, "created": NUMBER},
        "forgotten IS NOT NULL",
        {"changed": 0.0},
        ("vector",),
    ),
    Table(
        "routine",
        "routine",
        "routines",
        2,
        {"name": TEXT, "sentences": TEXT, "created": NUMBER},
        "deleted",
        {"changed": 0.0},
    ),
    Table("name", "house_name", "house.names", 1, {"part": TEXT, "thing": TEXT, "name": TEXT, "created": NUMBER}),
)
