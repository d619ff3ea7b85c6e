"""Value and command templates of discovery payloads: Jinja, in a sandbox, with bounds on what one can cost.

Whoever can publish on the broker writes these templates, so they are hostile until proven otherwise. Jinja's sandbox
keeps them away from Python's insides. What it does not bound is time and memory, so here: no loops inside loops, short
ranges, no macros or includes, a list of allowed filters and methods, and every operator that can make something large
out of something small checks the size of its result first.
"""

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from edge.devices import Value

MAX_TEMPLATE: Final = 4096
"""Characters of a template."""
MAX_TEXT: Final = 65_536
"""Characters or items of any value that a template makes."""
_MAX_RANGE: Final = 256
_MAX_NUMBER: Final = 10**18

_FORBIDDEN: Final = (nodes.Macro, nodes.CallBlock, nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_FILTERS: Final = frozenset(
    "abs bool capitalize default d first float from_json iif int is_defined items join last length count list lower "
    "map max min multiply ord reject rejectattr replace reverse round select selectattr sort split string sum title "
    "to_json tojson trim unique upper".split()
)
_METHODS: Final = frozenset(
    "capitalize count endswith find get index isdigit isnumeric items join keys lower lstrip removeprefix removesuffix "
    "replace rstrip split startswith strip title upper values".split()
)


_WIDE: Final = re.compile(r"%[^a-zA-Z]*(\d{3}|\*)")
"""A width or precision in a format that would make much of little."""


class TemplateFault(Exception):
    """A template is not allowed, malformed, or failed on a payload."""


class Template:
    """A compiled template."""

    def __init__(self, source: str) -> None:
        """Raises TemplateFault for one that is malformed or may cost too much."""
        if len(source) > MAX_TEMPLATE:
            raise TemplateFault(f"longer than {MAX_TEMPLATE} characters")
        try:
            _check(_ENVIRONMENT.parse(source))
            self._template = _ENVIRONMENT.from_string(source)
        except (jinja2.TemplateError, RecursionError, OverflowError) as error:
            raise TemplateFault(str(error)) from None

    def value(self, payload: str) -> str:
        """The template applied to a state message: ``value``, and ``value_json`` where it is JSON."""
        variables: dict[str, Any] = {"value": payload}
        with contextlib.suppress(ValueError, RecursionError):
            variables["value_json"] = json.loads(payload)
        return self._render(variables)

    def command(self, value: Value, **variables: object) -> str:
        """The template applied to what is to be sent."""
        return self._render({"value": value, **variables})

    def _render(self, variables: Mapping[str, Any]) -> str:
        try:
            return "".join(self._template.generate(variables))[:MAX_TEXT].strip()
        except (jinja2.TemplateError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise TemplateFault(str(error)) from None


class _Generator(CodeGenerator):
    """Sends ``~``, which the sandbox does not intercept, through the check of sizes."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "*", "**", "%", "//"})
    code_generator_class = _Generator

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        plain = isinstance(left, int | float) and isinstance(right, int | float)
        if plain and (operator != "**" or (abs(left) <= 1000 and abs(right) <= 6)):  # noqa: PLR2004
            return _bounded(super().call_binop(context, operator, left, right))
        if operator == "+" or (operator == "%" and isinstance(left, str) and not _WIDE.search(left)):
            return _bounded(super().call_binop(context, operator, left, right))
        # "%" formats and "*" repeats: both make much of little.
        raise SecurityError(f"{operator} is for small numbers only")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return super().is_safe_attribute(obj, attr, value) and (not callable(value) or attr in _METHODS)

    def wrap_str_format(self, value: Any) -> None:
        # "{:>1000000000}".format(1): the sandbox makes format safe to call, but not small.
        if getattr(value, "__name__", "") in ("format", "format_map") and isinstance(
            getattr(value, "__self__", None), str
        ):
            raise SecurityError("format may not be called")

    def call(self, context: Any, function: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(function, "__name__", "") == "replace" and isinstance(getattr(function, "__self__", None), str):
            return _replace(function.__self__, *arguments)
        return _bounded(super().call(context, function, *arguments, **named))

    def joined(self, parts: tuple[Any, ...]) -> str:
        """The operator ``~``."""
        return str(_bounded("".join(str(part) for part in parts)))


def _bounded(result: Any) -> Any:
    if isinstance(result, str | list | tuple | dict) and len(result) > MAX_TEXT:
        raise SecurityError("the result is too large")
    if isinstance(result, int | float) and abs(result) > _MAX_NUMBER:
        raise SecurityError("the number is too large")
    return result


def _check(tree: nodes.Template) -> None:
    for forbidden in _FORBIDDEN:
        if tree.find(forbidden) is not None:
            raise TemplateFault(f"{forbidden.__name__} is not allowed")
    for loop in tree.find_all(nodes.For):
        if loop.recursive or loop.find(nodes.For) is not None:
            raise TemplateFault("loops inside loops are not allowed")
    for applied in tree.find_all((nodes.Filter, nodes.FilterBlock)):
        name = applied.name if isinstance(applied, nodes.Filter) else None
        if name not in _FILTERS:
            raise TemplateFault(f"the filter {name} is not allowed")


def _number(convert: Callable[[Any], Any]) -> Callable[..., Any]:
    def converted(value: Any, default: Any = jinja2.Undefined) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError, OverflowError):
            if default is jinja2.Undefined:
                raise TemplateFault(f"{str(value)[:40]!r} is no number") from None
            return default

    return converted


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _MAX_RANGE:
        raise SecurityError("the range is too long")
    return numbers


def _replace(text: Any, old: str, new: str) -> str:
    if old == "" or str(text).count(old) * len(new) > MAX_TEXT:
        raise SecurityError("the result is too large")
    return str(text).replace(old, new)


def _iif(value: Any, if_true: Any = True, if_false: Any = False) -> Any:
    return if_true if value else if_false


def _boolean(value: Any, default: bool = False) -> bool:
    text = str(value).casefold()
    return True if text in ("true", "on", "yes", "1") else False if text in ("false", "off", "no", "0") else default


def _is_defined(value: Any) -> Any:
    if isinstance(value, jinja2.Undefined):
        raise TemplateFault("undefined")
    return value


def _environment() -> _Environment:
    environment = _Environment(autoescape=False)
    environment.globals.clear()
    functions: dict[str, Any] = {
        "float": _number(float),
        "int": _number(lambda value: int(float(value))),
        "bool": _boolean,
        "iif": _iif,
    }
    environment.globals.update(functions, range=_range, min=min, max=max)
    environment.filters.update(
        functions,
        from_json=json.loads,
        to_json=json.dumps,
        is_defined=_is_defined,
        multiply=lambda value, factor: _bounded(float(value) * float(factor)),
        ord=ord,
        replace=_replace,
        split=lambda text, by=None: str(text).split(by),
    )
    return environment


_ENVIRONMENT: Final = _environment()
"""Compiles and runs all templates; it keeps nothing of any of them."""
