"""State as JSON: which property of a device's message says what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge.devices import Value
from edge.home.entity import Reading, Seen
from edge.home.parts import finite, json_object

_MAX_TEXT: Final = 1024
"""Characters of a state that is a text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One property."""

    key: str
    """What it says: a key of a state, see :class:`edge.home.entity.Entity`."""
    path: tuple[str, ...]
    """Where it is in the JSON."""
    read: Callable[[Any], Value | None]
    """What is there → what it means. Raises ValueError or TypeError for nonsense, KeyError when it says nothing."""


def json_reading(topic: str, fields: Sequence[Field]) -> Reading:
    """The reading of a topic with JSON on it. Of two fields with the same key the later one counts."""

    def decode(payload: str) -> Seen:
        # Who is renamed empties its old topic.
        return read_fields(fields, json_object(payload)) if payload else {}

    return Reading(topic, frozenset(field.key for field in fields), decode)


def read_fields(fields: Sequence[Field], said: Mapping[str, Any]) -> Seen:
    """What ``said`` says. A property that makes no sense does not harm the others. Raises ValueError if none does."""
    seen: dict[str, Value | None] = {}
    fault: Exception | None = None
    for field in fields:
        try:
            value = _at(field.path, said)
            seen[field.key] = None if value is None else field.read(value)
        except KeyError:
            continue
        except (ValueError, TypeError, ArithmeticError) as error:
            fault = error
    if fault is not None and not seen:
        raise ValueError(str(fault))
    return seen


def _at(path: Sequence[str], said: Any) -> Any:
    for step in path:
        if not isinstance(said, dict):
            raise KeyError(step)
        said = said[step]
    return said


def text(value: Any) -> Value:
    """Whatever it is, in one line."""
    if isinstance(value, dict | list):
        raise TypeError("the value is no text")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:_MAX_TEXT]


def number(value: Any) -> float:
    """A number, in figures or in a text."""
    return finite(value)


def percent(low: float, high: float) -> Callable[[Any], Value]:
    """From a scale of ``low`` to ``high``."""
    return lambda value: round((finite(value) - low) / (high - low) * 100)


def word(words: Mapping[Any, str]) -> Callable[[Any], Value]:
    """One of ``words``; any other says nothing that is understood."""

    def read(value: Any) -> Value:
        # True equals 1 and is not the same word.
        if isinstance(value, dict | list):
            raise TypeError("the value is no word")
        found = words.get(value)
        if found is None:
            raise ValueError(f"{str(value)[:40]!r} is none of {', '.join(map(str, words))}")
        return found

    return read
