"""Value and command templates of discovery payloads.

Whoever can publish on the broker writes these templates, so they are hostile until proven otherwise: they run in
:mod:`edge.home.sandbox`, and everything that goes wrong with one is a :class:`TemplateFault`.
"""

import contextlib
import functools
import re
from collections.abc import Mapping
from typing import Any, Final

import jinja2

from edge.home.sandbox import NotDefined, compiled
from edge.home.template_budget import MAX_TEXT, purse
from edge.home.texts import json_of

MAX_TEMPLATE: Final = 4096
"""Characters of a template."""
_CACHED: Final = 512
"""A house of a thousand devices has some dozens of different templates."""
_LOOKUP: Final = re.compile(r"\{\{\s*value_json((?:\.[A-Za-z_]\w*|\[\s*(?:'[^'\\]*'|\"[^\"\\]*\")\s*\])+)\s*\}\}")
_STEP: Final = re.compile(r"\.(\w+)|\[\s*(?:'([^']*)'|\"([^\"]*)\")\s*\]")
_METHODS: Final = frozenset({*dir(dict), *dir(list), *dir(str), *dir(int), *dir(float)})
"""Names that mean something else of a value than what it holds."""


class TemplateFault(Exception):
    """A template is not allowed, malformed, or failed on a payload."""


class Template:
    """A compiled template."""

    def __init__(self, source: str) -> None:
        """Raises TemplateFault for one that is malformed or not allowed."""
        if len(source) > MAX_TEMPLATE:
            raise TemplateFault(f"the template is longer than {MAX_TEMPLATE} characters")
        self._source, self._path = source, _path(source)
        # What only looks something up, as most do, is seldom compiled at all.
        self._template = None if self._path else _compiled(source)

    def value(self, payload: str, **variables: object) -> str:
        """The template applied to a state message: ``value``, and ``value_json`` where it is JSON.

        Empty when the message holds nothing for it. Raises TemplateFault.
        """
        if len(payload) > MAX_TEXT:
            raise TemplateFault(f"a message of {len(payload)} characters is too long for a template")
        if self._path and not variables and (found := _held(payload, self._path)) is not None:
            return found
        known: dict[str, Any] = {"value": payload, **variables}
        with contextlib.suppress(ValueError, RecursionError):
            known["value_json"] = json_of(payload)
        return self._render(known, len(payload))

    def command(self, value: object, **variables: object) -> str:
        """The template applied to what is to be sent. Raises TemplateFault."""
        return self._render({"value": value, **variables}, 0)

    def _render(self, variables: Mapping[str, Any], payload: int) -> str:
        template = self._template = self._template or _compiled(self._source)
        pieces: list[str] = []
        size = 0
        try:
            with purse(self._source, payload):
                for piece in template.generate(variables):
                    pieces.append(piece)
                    size += len(piece)
                    if size > MAX_TEXT:
                        raise TemplateFault("the result is too large")
        except NotDefined:
            return ""
        except _FAILURES as error:
            raise TemplateFault(f"the template fails: {str(error)[:200] or type(error).__name__}") from None
        # JSON may hold halves of characters, which no broker would take.
        return "".join(pieces).strip().encode(errors="replace").decode()


def _path(source: str) -> tuple[str, ...]:
    """The members that a template looks up if it does nothing else, as most do: ``{{ value_json.a.b }}``."""
    if (found := _LOOKUP.fullmatch(source.strip())) is None:
        return ()
    steps = tuple(next(filter(None, step.groups()), "") for step in _STEP.finditer(found[1]))
    return () if any(not step or step in _METHODS for step in steps) else steps


def _held(payload: str, path: tuple[str, ...]) -> str | None:
    """What Jinja would make of a look-up; None where it is for Jinja to say."""
    try:
        value = json_of(payload)
    except (ValueError, RecursionError):
        return None
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    if isinstance(value, str):
        return value.strip() if value.isascii() else None
    return str(value) if isinstance(value, bool | int | float) and len(payload) < MAX_TEXT else None


_FAILURES: Final = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""All that an expression over arbitrary data can raise."""


@functools.lru_cache(_CACHED)
def _compiled(source: str) -> jinja2.Template:
    try:
        return compiled(source)
    except (jinja2.TemplateError, MemoryError, RecursionError, SyntaxError, ValueError, OverflowError) as error:
        raise TemplateFault(f"the template is refused: {str(error)[:200] or type(error).__name__}") from None
