"""Arithmetic in words: a parser of its own, so that nothing that is said is ever run.

Precedence climbing; percentages as people mean them: "80 plus 15 percent" is 92.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import Final

from edge.act.skills.calculator.numbers import number

_DIGITS: Final = 30
_LARGEST: Final = 10**6
"""The largest exponent of a result, and far beyond what anybody wants to hear."""
_FACTORIAL: Final = 400
_LONGEST: Final = 1000
"""Characters of a calculation: what is longer nobody says, and it would be read once for each way to divide it."""
_DEEPEST: Final = 40
"""Operands that wait for others: "minus minus minus …"."""


class NoArithmetic(Exception):
    """The words are no calculation."""


class TooLarge(Exception):
    """The result has more digits than anybody wants to hear."""


_WORDS: Final[tuple[tuple[str, str], ...]] = (
    (r"to the power of|raised to( the)?|to the", "^"),
    (r"(?:multiplied by|times?|\bx\b|×|\*|(?<=\d)x(?=\d))", "*"),
    (r"(?:divided by|over|÷|/)", "/"),
    (r"(?:plus|\+|added to)", "+"),
    (r"(?:modulo|mod)", "mod"),
    (r"(?:minus|−|negative|take away|(?<=\s)-(?=\s)|^-|-(?=\d))", "-"),
    (r"(?:the )?square root(?: of)?|root of", "sqrt"),
    (r"(?:the )?(?:cube|cubic) root(?: of)?", "cbrt"),
    (r"squared", "^ 2"),
    (r"cubed", "^ 3"),
    (r"factorial|!", "!"),
    (r"per ?cent(?:age)?|%", "%"),
    (r"(?:one|a) half of|half of", "0.5 of"),
    (r"(?:one|a) third of|third of", "third"),
    (r"two thirds of", "2 * third"),
    (r"(?:one|a) quarter of|quarter of", "0.25 of"),
    (r"three quarters of", "0.75 of"),
    (r"twice|double", "2 *"),
    (r"triple", "3 *"),
)
_BINARY: Final[Mapping[str, tuple[int, Callable[[Decimal, Decimal], Decimal]]]] = {
    "+": (1, lambda a, b: a + b),
    "-": (1, lambda a, b: a - b),
    "*": (2, lambda a, b: a * b),
    "/": (2, lambda a, b: a / b),
    "mod": (2, lambda a, b: a % b),
    "of": (3, lambda a, b: a * b),
    "^": (4, lambda a, b: a**b),
}
_OPERATORS: Final = frozenset(_BINARY) | {"sqrt", "cbrt", "third", "!", "%"}


def calculate(text: str) -> Decimal:
    """The value of ``text``. Raises NoArithmetic, TooLarge, and ZeroDivisionError."""
    if len(text) > _LONGEST:
        raise NoArithmetic
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = _DIGITS, _LARGEST, -_LARGEST
        try:
            return _Parser(_tokens(text)).whole()
        except DivisionByZero as error:
            raise ZeroDivisionError from error
        except Overflow as error:
            raise TooLarge from error
        except InvalidOperation as error:
            # 0 / 0, and the root of a negative number.
            raise (ZeroDivisionError if "/" in text or "divided" in text else NoArithmetic) from error


def _tokens(text: str) -> list[str | Decimal]:
    said = f"{text.casefold().strip(' ?.!')}"
    for pattern, symbol in _WORDS:
        worded = pattern if not pattern[-1].isalpha() and not pattern[0].isalpha() else rf"\b(?:{pattern})\b"
        said = re.sub(worded, f" {symbol} ", said)
    words = [part for word in said.split() for part in (word.split("-") if word[:1].isalpha() else [word])]
    words = [word.strip(",") for word in words if word.strip(",")]
    found: list[str | Decimal] = []
    at = 0
    while at < len(words):
        if words[at] in _OPERATORS:
            found.append(words[at])
            at += 1
        elif (taken := number(words[at:])) is not None:
            found.append(taken[0])
            at += taken[1]
        else:
            raise NoArithmetic(words[at])
    return found


class _Parser:
    def __init__(self, tokens: list[str | Decimal]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0
        self._percent = False
        """Whether what was read last is a bare percentage."""

    def whole(self) -> Decimal:
        value = self._expression(0)
        if self._at < len(self._tokens):
            raise NoArithmetic
        return value

    def _next(self) -> str | Decimal | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _expression(self, least: int) -> Decimal:
        if self._depth == _DEEPEST:
            raise NoArithmetic
        self._depth += 1
        value = self._joined(least)
        self._depth -= 1
        return value

    def _joined(self, least: int) -> Decimal:
        left = self._operand()
        while isinstance(symbol := self._next(), str) and symbol in _BINARY and _BINARY[symbol][0] > least:
            precedence, apply = _BINARY[symbol]
            self._at += 1
            # Powers are taken from the right.
            right = self._expression(precedence - (symbol == "^"))
            if symbol in "+-" and self._percent:
                right *= left
            left = apply(left, right)
            self._percent = False
        return left

    def _operand(self) -> Decimal:
        symbol = self._next()
        self._at += 1
        self._percent = False
        match symbol:
            case Decimal():
                return self._postfixed(symbol)
            case "-":
                return -self._expression(3)
            case "sqrt":
                return self._expression(3).sqrt()
            case "cbrt":
                value = self._expression(3)
                return (abs(value) ** (Decimal(1) / 3)).copy_sign(value)
            case "third":
                return self._expression(2) / 3
        raise NoArithmetic

    def _postfixed(self, value: Decimal) -> Decimal:
        while self._next() in ("%", "!"):
            if self._next() == "%":
                value, self._percent = value / 100, True
            else:
                value = _factorial(value)
            self._at += 1
        return value


def _factorial(value: Decimal) -> Decimal:
    if value != value.to_integral_value() or value < 0:
        raise NoArithmetic
    if value > _FACTORIAL:
        raise TooLarge
    product = Decimal(1)
    for factor in range(2, int(value) + 1):
        product *= factor
    return product
