"""The sandbox in which templates of discovery payloads run.

Jinja's own keeps a template away from Python's insides, but bounds neither time nor memory. This one lets every step
cost something (each filter, call, operator, comparison, look-up, turn of a loop) in proportion to what it handles, and
stops a template that has spent its budget. Nothing is made before it is known to be small.
"""

import contextlib
import functools
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Final, cast

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

MAX_TEXT: Final = 65_536
"""Characters or items of any value that a template makes."""
_BUDGET: Final = 100_000
"""Cost of one run: about a tenth of a second of a Raspberry Pi's time at worst."""
_MAX_RANGE: Final = 256
_MAX_NUMBER: Final = 10**18
_MAX_DIGITS: Final = 15
_MAX_POWER: Final = (1000, 6)
_CHARACTERS_A_STEP: Final = 64
_COMPARISONS_A_STEP: Final = 10_000

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


class _Purse:
    """What is left to spend in one run of a template."""

    __slots__ = ("left", "step")

    def __init__(self, step: int) -> None:
        self.left, self.step = _BUDGET, step

    def pay(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise SecurityError("it does too much")


_PURSE: Final[ContextVar[_Purse]] = ContextVar("purse")


@contextlib.contextmanager
def purse(source: str, payload: int) -> Iterator[None]:
    """Whatever is rendered within has one budget.

    A step costs more the longer the template and the ``payload`` (characters) are: what is not charged by itself
    (``and``, ``if``, comparing deep inside a list) is bounded by them.
    """
    token = _PURSE.set(_Purse(1 + len(source) // 32 + payload // 256))
    try:
        yield
    finally:
        _PURSE.reset(token)


def compiled(source: str) -> jinja2.Template:
    """``source``, ready to be rendered within a :func:`purse`. Raises TemplateError for what is not allowed."""
    tree = _ENVIRONMENT.parse(source)
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
    return _ENVIRONMENT.from_string(tree)


def _paid(value: Any) -> Any:
    """``value``, for the price of one step and of its size; refused when it is too large."""
    budget, size = _PURSE.get(), 0
    if isinstance(value, str | bytes):
        size = len(value)
        budget.pay(budget.step + size // _CHARACTERS_A_STEP)
    elif isinstance(value, list | tuple | dict):
        size = len(value)
        budget.pay(budget.step + size)
    elif isinstance(value, int | float) and abs(value) > _MAX_NUMBER:
        raise SecurityError("the number is too large")
    else:
        budget.pay(budget.step)
    if size > MAX_TEXT:
        raise SecurityError("the result is too large")
    return value


def _weighed(value: Any) -> Any:
    """``value``, for the price of all that is inside it: a list of the same list twice, and so on, is soon a galaxy."""
    budget, total, inside = _PURSE.get(), 0, [value]
    while inside:
        item = inside.pop()
        if isinstance(item, str):
            total += 1 + len(item) // _CHARACTERS_A_STEP
        elif isinstance(item, list | tuple | dict):
            total += len(item)
            inside.extend(item)
            inside.extend(item.values() if isinstance(item, dict) else ())
        total += 1
        if total > budget.left or total > MAX_TEXT // 4:
            raise SecurityError("the result is too large")
    if not isinstance(value, str):
        budget.pay(total)
    return _paid(value)


def _pay_for_search(text: Any, arguments: Iterable[Any]) -> None:
    """``"…".strip("…")`` and its like compare every character with every other."""
    letters = sum(len(argument) for argument in arguments if isinstance(argument, str))
    if isinstance(text, str | list | tuple) and letters:
        _PURSE.get().pay(len(text) * letters // _COMPARISONS_A_STEP)


def _charged(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that pays for what it makes; lazy results are made at once, so that they are paid for."""

    @functools.wraps(function)
    def run(*arguments: Any, **named: Any) -> Any:
        for argument in arguments:
            if isinstance(argument, str | list | tuple | dict):
                _paid(argument)
        _pay_for_search(arguments[0], (*arguments[1:], *named.values()))
        result = function(*arguments, **named)
        return _weighed(list(_paced(result)) if isinstance(result, Iterator) else result)

    return run


def _paced(items: Iterable[Any]) -> Iterator[Any]:
    budget = _PURSE.get()
    for item in items:
        budget.pay(budget.step)
        yield item


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
    paid = staticmethod(_paid)
    weighed = staticmethod(_weighed)

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
        return _weighed(super().call_binop(context, operator, left, right))

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
        _pay_for_search(owner, arguments)
        if isinstance(owner, str) and name in ("replace", "join"):
            return _paid(_replace(owner, *arguments) if name == "replace" else _glued(owner, *arguments))
        return _weighed(super().call(context, function, *arguments, **named))

    def joined(self, parts: tuple[Any, ...]) -> str:
        """The operator ``~``."""
        return str(_paid(_glued("", parts)))


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
    for part in _paced(parts):
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
        "sum": lambda numbers: sum(_paced(numbers)),
        "to_json": _to_json,
        "tojson": _to_json,
    }
    filters: dict[str, Callable[..., Any]] = {**environment.filters, **own}
    environment.filters.clear()
    environment.filters.update({name: _charged(filters[name]) for name in _FILTERS}, _paced=_paced)
    known = cast(Mapping[str, Callable[..., Any]], environment.tests)
    tests = {name: _charged(known[name]) for name in _TESTS}
    environment.tests.clear()
    environment.tests.update(tests)
    return environment


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_ENVIRONMENT: Final = _environment()
"""Compiles all templates; it keeps nothing of any of them."""
