"""Tools of other programs, called by what a sentence means.

The sentence is compared with what each allowed tool says it is for, and with examples that the person wrote. What a
tool says of itself is compared, never obeyed: the worst that a server's text can do is to be asked something itself.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.dialogue import GUESSED
from edge.intents import Intent, Origin, SlotValue, Tier, Understanding
from edge.ports import Catalogue, Meaning, Offer, Parameter, Vector

_NEAR: Final = 0.4
"""Likeness from which a tool may be meant; ``python -m edge.evaluation.tools`` shows what others would do."""
_APART: Final = 0.05
"""By which it must be liker than any other tool."""
_REMEMBERED: Final = 1000
"""Texts whose vectors are kept; then all are made anew."""
_LONGEST: Final = 200
"""Characters: a longer text is no request."""
_PLACE: Final = re.compile(r"\b(?:in|for|at|of|from|called|named) (?P<said>(?:[\w'’-]+ ?){1,4})[.?!]?$", re.I)
_NO_VALUE: Final = frozenset(
    "me us you it them here there this that today tomorrow tonight now morning afternoon evening weekend week day the "
    "a an my our your monday tuesday wednesday thursday friday saturday sunday please later".split()
)
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


@dataclass(slots=True)
class ToolCalls:
    """Knows which tool is meant, and of its arguments those that are certain; the others are asked for."""

    catalogues: Sequence[Catalogue]
    meaning: Meaning
    _vectors: dict[str, Vector] = field(default_factory=dict)
    """By text."""

    async def understand(self, text: str, origin: Origin) -> Understanding | None:
        """The call that ``text`` asks for; None where no tool is near enough, or two are. Raises ModelError."""
        offers = [offer for catalogue in self.catalogues for offer in catalogue.offers()]
        if not offers or len(text) > _LONGEST or not re.search(r"\w", text):
            return None
        # "In Oslo" says nothing of what is wanted, and what a tool says of itself names no town.
        variants = dict.fromkeys((text, _PLACE.sub("", text).strip()))
        wanted = [vector for each in variants if each and (vector := await self.meaning.vector(each)) is not None]
        if not wanted:
            return None
        near = [(await self._likeness(offer, wanted), offer) for offer in offers]
        near.sort(key=lambda pair: -pair[0])
        likeness, best = near[0]
        if likeness < _NEAR or (len(near) > 1 and likeness - near[1][0] < _APART):
            return None
        slots = certain(text, best.parameters)
        return Understanding(Intent(best.intent, slots, form=GUESSED), Tier.SEMANTIC, min(likeness, 1.0))

    async def _likeness(self, offer: Offer, wanted: Sequence[Vector]) -> float:
        """Of the sentence to what is said of the tool or to it, whichever is nearest."""
        said = [vector for text in (offer.about, *offer.examples) if (vector := await self._of(text)) is not None]
        return max((float(one @ other) for one in said for other in wanted), default=0.0)

    async def _of(self, text: str) -> Vector | None:
        if len(self._vectors) > _REMEMBERED:
            self._vectors.clear()
        if text not in self._vectors and (vector := await self.meaning.vector(text)) is not None:
            self._vectors[text] = vector
        return self._vectors.get(text)


def certain(text: str, parameters: Sequence[Parameter]) -> Mapping[str, SlotValue]:
    """The arguments that ``text`` gives beyond doubt: one of a few choices that is named, the only number where just
    one is wanted, and what stands at the end behind a preposition where just one text is needed.
    """
    slots: dict[str, SlotValue] = {}
    lower = text.casefold()
    for parameter in parameters:
        named = [
            choice for choice in parameter.choices if re.search(rf"(?<!\w){re.escape(choice.casefold())}(?!\w)", lower)
        ]
        if len(named) == 1:
            slots[parameter.name] = named[0]
    numeric = [each for each in parameters if each.kind in ("integer", "number")]
    numbers = _NUMBER.findall(text)
    if len(numeric) == 1 and len(numbers) == 1:
        slots[numeric[0].name] = float(numbers[0]) if "." in numbers[0] else int(numbers[0])
    free = [each for each in parameters if each.kind == "string" and not each.choices]
    needed = [each for each in free if each.required]
    if len(needed) == 1 and (found := _PLACE.search(text)) is not None:
        said = found["said"].strip()
        words = said.casefold().split()
        if not _NO_VALUE.intersection(words) and not any(number in said for number in numbers):
            slots[needed[0].name] = said
    return slots
