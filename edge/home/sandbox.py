"""The sandbox in which templates of discovery payloads run.

Jinja's own keeps a template away from Python's insides, but bounds neither time nor memory. This one lets every step
cost something (each filter, call, operator, comparison, look-up, turn of a loop) in proportion to what it handles, and
stops a template that has spent its budget. Nothing is made before it is known to be small.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from edge.home.template_budget import (
    MAX_TEXT,
    charged,
    paced,
    paid,
    pay_for_nodes,
    pay_for_search,
    pay_for_source,
    weighed,
)

_MAX_RANGE: Final = 256
_MAX_NODES: Final = 800
"""Of a template's syntax tree; compiling one takes some 70 µs for each."""
_MAX_DIGITS: Final = 15
_MAX_POWER: Final = (1000, 6)

_FILTERS: Final = frozenset(
    "abs bool capitalize count d default first float from_json iif int is_defined items join last length list lower "
    "map max min multiply ord reject rejectattr replace reverse round select selectattr sort split string sum title "
    "to_json tojson trim unique upper".split()
)
_TESTS: Final = frozenset(
    "boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer iterable le lessthan lower "
    "lt mapping ne none number odd sequence string true undefined upper == != > >= < <=".split()
)
_METHODS: Final = frozenset(
    "capitalize count endswith find get index isdigit isnumeric items join keys lower lstrip removeprefix removesuffix "
    "replace rstrip split startswith strip title upper values".split()
)
_FORBIDDEN: Final = (
    nodes.AssignBlock,
    nodes.Block,
    nodes.CallBlock,
    nodes.Extends,
    nodes.FilterBlock,
    nodes.FromImport,
    nodes.Import,
    nodes.Include,
    nodes.Macro,
)
_WIDE: Final = re.compile(r"\d{3}|\*")
"""A width or precision in a format that would make much of little."""


class NotDefined(Exception):
    """A template insists on a value (``is_defined``) that the message does not hold: it is not meant for it."""


def compiled(source: str) -> jinja2.Template:
    """``source``, ready to be rendered within a :func:`purse`. Raises TemplateError for what is not allowed."""
    pay_for_source(len(source))
    tree = _ENVIRONMENT.parse(source)
    nodes_found = sum(1 for _ in tree.find_all(nodes.Node))
    if nodes_found > _MAX_NODES:
        raise SecurityError("it has too many parts")
    pay_for_nodes(nodes_found)
    if (forbidden := next(tree.find_all(_FORBIDDEN), None)) is not None:
        raise SecurityError(f"{type(forbidden).__name__} is not allowed")
    for applied in tree.find_all(nodes.Filter):
        if applied.name not in _FILTERS:
            raise SecurityError(f"the filter {applied.name} is not allowed")
    for loop in list(tree.find_all(nodes.For)):
        if loop.recursive:
            raise SecurityError("recursive loops are not allowed")
        loop.iter = nodes.Filter(loop.iter, "_paced", [], [], None, None, lineno=loop.lineno)
    tree.set_environment(_ENVIRONMENT)
    template = _ENVIRONMENT.from_string(tree)
    # Jinja looks them up in a chain of dictionaries, which it walks through for every message.
    template.globals = dict(template.globals)
    return template


class _Generator(CodeGenerator):
    """Sends through the check what Jinja's sandbox does not intercept: ``~``, comparisons, slices."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.weighed(")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        made = node.ctx == "load"
        self.write("environment.weighed(" if made else "")
        super().visit_Tuple(node, frame)
        self.write(")" if made else "")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.weighed(")
        super().visit_Dict(node, frame)
        self.write(")")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.paid(")
        super().visit_Compare(node, frame)
        self.write(")")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.paid(")
        super().visit_Getitem(node, frame)
        self.write(")")


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})
    code_generator_class = _Generator
    paid = staticmethod(paid)
    weighed = staticmethod(weighed)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, int | float) and isinstance(right, int | float):
            base, exponent = _MAX_POWER
            if operator == "**" and (abs(left) > base or abs(right) > exponent):
                raise SecurityError("** is for small numbers only")
        elif operator == "%" and isinstance(left, str):
            _check_format(left, right)
        elif operator != "+":
            # "*" repeats texts and lists: much of little.
            raise SecurityError(f"{operator} is for numbers only")
        return weighed(super().call_binop(context, operator, left, right))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return super().is_safe_attribute(obj, attr, value) and (not callable(value) or attr in _METHODS)

    def wrap_str_format(self, value: Any) -> None:
        # "{:>1000000000}".format(1): the sandbox makes format safe to call, but not small.
        if getattr(value, "__name__", "") in ("format", "format_map") and isinstance(
            getattr(value, "__self__", None), str
        ):
            raise SecurityError("format may not be called")

    def call(self, context: Any, function: Any, *arguments: Any, **named: Any) -> Any:
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        pay_for_search(owner, arguments)
        if isinstance(owner, str) and name in ("replace", "join"):
            return paid(_replace(owner, *arguments) if name == "replace" else _glued(owner, *arguments))
        return weighed(super().call(context, function, *arguments, **named))

    def joined(self, parts: tuple[Any, ...]) -> str:
        """The operator ``~``."""
        return str(paid(_glued("", parts)))


def _check_format(pattern: str, values: Any) -> None:
    parts = values if isinstance(values, tuple) else tuple(values.values()) if isinstance(values, dict) else (values,)
    if _WIDE.search(pattern) or not all(isinstance(part, str | int | float) for part in parts):
        raise SecurityError("the format is not allowed")
    longest = max((len(str(part)) for part in parts), default=0)
    if len(pattern) + pattern.count("%") * longest > MAX_TEXT:
        raise SecurityError("the result is too large")


def _glued(glue: str, parts: Iterable[Any]) -> str:
    pieces: list[str] = []
    size = 0
    for part in paced(parts):
        pieces.append(str(part))
        size += len(pieces[-1]) + len(glue)
        if size > MAX_TEXT + len(glue):
            raise SecurityError("the result is too large")
    return glue.join(pieces)


def _replace(text: Any, old: str, new: str) -> str:
    whole, old, new = str(text), str(old), str(new)
    if old == "" or len(whole) + whole.count(old) * len(new) > 2 * MAX_TEXT:
        raise SecurityError("the result is too large")
    return whole.replace(old, new)


def _number(convert: Callable[[Any], Any]) -> Callable[..., Any]:
    def converted(value: Any, default: Any = jinja2.Undefined) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError, OverflowError, jinja2.UndefinedError):
            if default is jinja2.Undefined:
                raise ValueError(f"{str(value)[:40]!r} is no number") from None
            return default

    return converted


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _MAX_RANGE:
        raise SecurityError("the range is too long")
    return numbers


def _rounded(value: Any, precision: int = 0, method: str = "common") -> float:
    """As Home Assistant has it: ``common``, ``ceil``, ``floor``, ``half``."""
    if abs(precision) > _MAX_DIGITS:
        raise SecurityError("too many digits")
    number, scale = float(value), 10.0**precision
    match method:
        case "ceil":
            return math.ceil(number * scale) / scale
        case "floor":
            return math.floor(number * scale) / scale
        case "half":
            return round(number * 2) / 2
    rounded = round(number, precision)
    return int(rounded) if precision == 0 else rounded


def _iif(value: Any, if_true: Any = True, if_false: Any = False, if_none: Any = jinja2.Undefined) -> Any:
    if value is None and if_none is not jinja2.Undefined:
        return if_none
    return if_true if value else if_false


def _boolean(value: Any, default: bool = False) -> bool:
    text = str(value).casefold()
    if text in ("true", "on", "yes", "enable", "1", "1.0"):
        return True
    return False if text in ("false", "off", "no", "disable", "0", "0.0") else default


def _is_defined(value: Any) -> Any:
    if isinstance(value, jinja2.Undefined):
        raise NotDefined
    return value


def _most(better: Callable[[Iterable[Any]], Any]) -> Callable[..., Any]:
    return lambda *values: better(values[0] if len(values) == 1 else values)


def _environment() -> _Environment:
    environment = _Environment(autoescape=False, optimized=False)
    functions: dict[str, Any] = {
        "float": _number(float),
        "int": _number(lambda value: int(float(value))),
        "bool": _boolean,
        "iif": _iif,
        "min": _most(min),
        "max": _most(max),
    }
    environment.globals.clear()
    environment.globals.update(functions, range=_range, namespace=Namespace)
    own: dict[str, Any] = {
        **functions,
        "from_json": lambda text: json.loads(str(text)),
        "is_defined": _is_defined,
        "join": lambda parts, glue="": _glued(str(glue), parts),
        "multiply": lambda value, factor: float(value) * float(factor),
        "ord": ord,
        "replace": _replace,
        "round": _rounded,
        "split": lambda text, by=None: str(text).split(by),
        "sum": lambda numbers: sum(paced(numbers)),
        "to_json": _to_json,
        "tojson": _to_json,
    }
    filters: dict[str, Callable[..., Any]] = {**environment.filters, **own}
    environment.filters.clear()
    environment.filters.update({name: charged(filters[name]) for name in _FILTERS}, _paced=paced)
    known = cast(Mapping[str, Callable[..., Any]], environment.tests)
    tests = {name: charged(known[name]) for name in _TESTS}
    environment.tests.clear()
    environment.tests.update(tests)
    return environment


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_ENVIRONMENT: Final = _environment()
"""Compiles all templates; it keeps nothing of any of them."""
