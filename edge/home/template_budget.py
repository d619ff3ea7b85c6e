"""What a template may spend: every step costs something, in proportion to what it handles."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, Final

from jinja2.exceptions import SecurityError

MAX_TEXT: Final = 65_536
"""Characters or items of any value that a template makes."""
MAX_NUMBER: Final = 10**18
_BUDGET: Final = 100_000
"""Cost of one run: about a tenth of a second of a Raspberry Pi's time at worst."""
_CHARACTERS_A_STEP: Final = 64
_COMPARISONS_A_STEP: Final = 10_000


_NEW: Final = 1_400
"""Cost of compiling the templates of one announcement that were not known yet: about a tenth of a second at worst."""
_NEW_TEMPLATE, _CHARACTERS, _NODES = 4, 6, 2
"""Cost of one: 4, and 1 for 6 characters, which are parsed, and for 2 nodes, which are compiled."""


class _Purse:
    """What is left to spend in one run of a template."""

    __slots__ = ("left", "step")

    def __init__(self, step: int) -> None:
        self.left, self.step = _BUDGET, step

    def pay(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise SecurityError("it does too much")


PURSE: Final[ContextVar[_Purse]] = ContextVar("purse")
"""The purse of the run that is going on."""
_COMPILING: Final[ContextVar[_Purse | None]] = ContextVar("compiling", default=None)


@contextlib.contextmanager
def new_templates() -> Iterator[None]:
    """All templates that are compiled within have one budget."""
    purse_ = _Purse(0)
    purse_.left = _NEW
    token = _COMPILING.set(purse_)
    try:
        yield
    finally:
        _COMPILING.reset(token)


def pay_for_source(characters: int) -> None:
    """Before a template is parsed. Raises SecurityError."""
    if (budget := _COMPILING.get()) is not None:
        budget.pay(_NEW_TEMPLATE + characters // _CHARACTERS)


def pay_for_nodes(nodes: int) -> None:
    """Before it is compiled. Raises SecurityError."""
    if (budget := _COMPILING.get()) is not None:
        budget.pay(nodes // _NODES)


@contextlib.contextmanager
def purse(source: str, payload: int) -> Iterator[None]:
    """Whatever is rendered within has one budget.

    A step costs more the longer the template and the ``payload`` (characters) are: what is not charged by itself
    (``and``, ``if``, comparing deep inside a list) is bounded by them.
    """
    token = PURSE.set(_Purse(1 + len(source) // 32 + payload // 256))
    try:
        yield
    finally:
        PURSE.reset(token)


def paid(value: Any) -> Any:
    """``value``, for the price of one step and of its size; refused when it is too large."""
    budget, size = PURSE.get(), 0
    if isinstance(value, str | bytes):
        size = len(value)
        budget.pay(budget.step + size // _CHARACTERS_A_STEP)
    elif isinstance(value, list | tuple | dict):
        size = len(value)
        budget.pay(budget.step + size)
    elif isinstance(value, int | float) and abs(value) > MAX_NUMBER:
        raise SecurityError("the number is too large")
    else:
        budget.pay(budget.step)
    if size > MAX_TEXT:
        raise SecurityError("the result is too large")
    return value


def weighed(value: Any) -> Any:
    """``value``, for the price of all that is inside it: a list of the same list twice, and so on, is soon a galaxy."""
    budget, total, inside = PURSE.get(), 0, [value]
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
    return paid(value)


def pay_for_search(text: Any, arguments: Iterable[Any]) -> None:
    """``"…".strip("…")`` and its like compare every character with every other."""
    letters = sum(len(argument) for argument in arguments if isinstance(argument, str))
    if isinstance(text, str | list | tuple) and letters:
        PURSE.get().pay(len(text) * letters // _COMPARISONS_A_STEP)


def charged(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that pays for what it makes; lazy results are made at once, so that they are paid for."""

    @functools.wraps(function)
    def run(*arguments: Any, **named: Any) -> Any:
        for argument in arguments:
            if isinstance(argument, str | list | tuple | dict):
                paid(argument)
        pay_for_search(arguments[0], (*arguments[1:], *named.values()))
        result = function(*arguments, **named)
        return weighed(list(paced(result)) if isinstance(result, Iterator) else result)

    return run


def paced(items: Iterable[Any]) -> Iterator[Any]:
    """``items``, each for the price of one step."""
    budget = PURSE.get()
    for item in items:
        budget.pay(budget.step)
        yield item
