"""JSON, TOML and YAML from outside: what they hold can be written down again, and what is wrong is one kind of error,
told in one line.

JSON may name halves of characters (``"\\ud800"``, RFC 8259, 8.2), which no database, broker or socket takes as text.
"""

import json
import math
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from pydantic import ValidationError

UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"
_NAMED: Final = re.compile("\\\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_NAMED_IN_BYTES: Final = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""Halves of characters, by name or as they are: ``json`` takes for UTF-8 what is none (``surrogatepass``)."""
_DEEPEST_TOML: Final = 32
_MOST_DOTS: Final = 300
"""In one key, or text: for each further part of a key ``tomllib`` keeps all before it, a gigabyte for 32 kB of dots."""
_LARGEST_YAML: Final = 1 << 20
"""Characters."""
_DEEPEST_YAML: Final = 32
_HALF: Final = re.compile("[\ud800-\udfff]")


def json_of(text: str | bytes) -> Any:
    """The value, with :data:`UNREADABLE` for each half of a character. Raises ValueError; RecursionError for depth."""
    value = json.loads(text)
    named = _NAMED.search(text) if isinstance(text, str) else _NAMED_IN_BYTES.search(text)
    if named is None and not _wide(text):
        return value
    # Whole characters that were named by their halves are whole by now.
    return json.loads(_HALF.sub(UNREADABLE, json.dumps(value, ensure_ascii=False)))


def number_of(value: object) -> float:
    """A number out of JSON. Raises ValueError for what is none, or is one that no float holds."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass  # an integer of hundreds of digits
    raise ValueError("it is no number")


def _wide(text: str | bytes) -> bool:
    """Whether it is UTF-16 or UTF-32, which ``json`` reads too, and in which nothing was found."""
    return isinstance(text, bytes) and b"\0" in text


def toml_of(text: str) -> dict[str, Any]:
    """The document. Raises tomllib.TOMLDecodeError, also for what ``tomllib`` has other errors for: numbers of
    thousands of digits, and what is nested too deeply.
    """
    if any(part.count(".") > _MOST_DOTS for line in text.splitlines() for part in line.split("=")):
        raise tomllib.TOMLDecodeError("too many dots in one line")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:
        raise tomllib.TOMLDecodeError(str(error)) from None
    except RecursionError:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from None
    inside: list[Any] = [document]
    for _ in range(_DEEPEST_TOML):
        inside = [each for one in inside for each in (one.values() if isinstance(one, dict) else one)]
        inside = [each for each in inside if isinstance(each, dict | list)]
    if inside:
        # Whoever goes through it would run out of stack where tomllib has not.
        raise tomllib.TOMLDecodeError("it is nested too deeply")
    return document


def yaml_of(text: str) -> yaml.Node | None:
    """The root of the one document; None where there is nothing. Raises yaml.YAMLError, also for what is nested so
    deeply that libyaml's own stack would not do for it.
    """
    if len(text) > _LARGEST_YAML:
        raise yaml.YAMLError(f"more than {_LARGEST_YAML} characters")
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST_YAML:
                raise yaml.YAMLError("it is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    root: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    return root


def yaml_line(error: yaml.MarkedYAMLError, text: str) -> int:
    """The line of ``text`` that it is about, from 1 on: at a file's end libyaml names the one after the last."""
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return min(line, max(1, len(text.splitlines())))


def first_mistake(error: "ValidationError") -> tuple[str, str]:
    """Where the first mistake is, a dotted key, and what it is, beginning with a small letter. The wrong value, which
    may be a secret, is not told.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(map(str, first["loc"])), first["msg"][:1].lower() + first["msg"][1:]
