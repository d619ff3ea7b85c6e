"""Sentences at random out of hassil's templates."""

import random
from collections.abc import Mapping, Sequence

from hassil import parse_sentence
from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, TextChunk
from hassil.util import normalize_whitespace

_LEFT_OUT = 0.5
"""How often what may be left out is, whatever the number of things that it may be."""


class Sampler:
    """Draws from templates that share lists and rules."""

    def __init__(self, lists: Mapping[str, Sequence[str]], rules: Mapping[str, str], chance: random.Random) -> None:
        self._lists = lists
        self._rules = {name: parse_sentence(text).expression for name, text in rules.items()}
        self._chance = chance

    def sentences(self, template: str, count: int) -> list[str]:
        """At most ``count`` different sentences of ``template``, in the order that they were drawn."""
        expression = parse_sentence(template).expression
        drawn = (normalize_whitespace(self._draw(expression)).strip() for _ in range(3 * count))
        return list(dict.fromkeys(drawn))[:count]

    def _draw(self, expression: Expression) -> str:
        match expression:
            case TextChunk():
                return expression.original_text
            case ListReference():
                return self._chance.choice(self._lists[expression.list_name])
            case RuleReference():
                return self._draw(self._rules[expression.rule_name])
            case Alternative() if expression.is_optional and self._chance.random() < _LEFT_OUT:
                return ""
            case Alternative():
                return self._draw(self._chance.choice(expression.items))
            case Permutation():
                items = list(expression.items)
                self._chance.shuffle(items)
                return " ".join(map(self._draw, items))
            case Group():
                return "".join(map(self._draw, expression.items))
            case _:
                raise TypeError(f"{expression} is no part of a sentence")
