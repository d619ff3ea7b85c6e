"""Arithmetic and units, asked in words."""

import re
from decimal import Decimal

from edge.act.skills.calculator.arithmetic import NoArithmetic, TooLarge, calculate
from edge.act.skills.calculator.spoken import spoken
from edge.act.skills.calculator.units import Unlike, convert, meant
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase

_NOT_UNDERSTOOD = Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("not_understood"))


class Calculator:
    """Answers HearthCalculate and HearthConvert."""

    intents = frozenset({"HearthCalculate", "HearthConvert"})
    deadline_s = 2.0

    def __init__(self, measures: str) -> None:
        """``measures``: whose cups, pints and gallons: us, imperial or metric."""
        self._measures = measures

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """What is no calculation was not understood."""
        try:
            if intent.name == "HearthConvert":
                return self._converted(intent)
            said, exact = spoken(_value(intent))
            return Outcome(OutcomeKind.DONE, Phrase("calculator_result", {"said": said, "exact": exact}))
        except ZeroDivisionError:
            return Outcome(OutcomeKind.DONE, Phrase("calculator_by_zero"))
        except TooLarge:
            return Outcome(OutcomeKind.FAILED, Phrase("calculator_too_large"))
        except Unlike:
            return Outcome(OutcomeKind.FAILED, Phrase("calculator_unlike", {"units": _units(intent)}))
        except NoArithmetic:
            return _NOT_UNDERSTOOD

    def _converted(self, intent: Intent) -> Outcome:
        source, target = _units(intent)
        amount = calculate(str(intent.slots.get("amount", "1")))
        value = convert(amount, source, target, self._measures)
        # What a kitchen scale or a ruler can show: a hundredth is enough, small values keep their digits.
        said, exact = spoken(round(value, 2) if abs(value) >= 1 else value)
        values = {
            "amount": spoken(amount)[0],
            "one": amount == 1,
            "source": source,
            "said": said,
            "single": value == 1,
            "target": target,
            "exact": exact and (abs(value) < 1 or round(value, 2) == value),
        }
        return Outcome(OutcomeKind.DONE, Phrase("calculator_converted", values))


def _units(intent: Intent) -> tuple[str, str]:
    return meant(str(intent.slots["from"]), str(intent.slots["to"]))


def _value(intent: Intent) -> Decimal:
    slots = intent.slots
    if "terms" in slots:
        return _joined(str(slots["terms"]), str(slots["operator"]))
    return calculate(" ".join(str(slots[part]) for part in ("left", "operator", "right") if part in slots))


def _joined(terms: str, operator: str) -> Decimal:
    """ "Nine, ten and twelve" with ``operator`` between them: an "and" may as well be within a number."""
    joints = [found.span() for found in re.finditer(r"\s+(?:and|by|from|with)\s+|,\s+", terms)]
    for count in range(1, 1 << min(len(joints), 8)):
        chosen = [span for bit, span in enumerate(joints) if count >> bit & 1]
        pieces, start = [], 0
        for begin, end in chosen:
            pieces.append(terms[start:begin])
            start = end
        try:
            values = [calculate(piece) for piece in (*pieces, terms[start:])]
        except NoArithmetic:
            continue
        return calculate(f" {operator} ".join(f"{value:f}" for value in values))
    raise NoArithmetic
