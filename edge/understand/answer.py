"""The answer to a question of the assistant: a yes, a choice, a value for the slot that is missing, or a PIN."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from hassil.expression import TextChunk
from hassil.intents import TextSlotList

from edge.dialogue import SECRET, VOICE
from edge.intents import Intent, Origin, Question, SlotValue, Tier, Understanding
from edge.understand.digits import digits
from edge.understand.followup_sentences import plainly, sentences_of
from edge.understand.missing import Sayings, filled

_NEVERMIND: Final = Intent("HassNevermind")
_CONFIDENCE: Final = 0.95
_PIN_DIGITS: Final = 3
"""Fewer are no try at a PIN."""
MAX_CHARACTERS: Final = 200

KnowsPin = Callable[[str], bool]
"""Whether these digits are the PIN. Each call counts as a try."""


class Answers:
    """Understands what answers a question."""

    def __init__(self, grammar_of: Callable[[str], Sayings], knows_pin: KnowsPin) -> None:
        """``grammar_of`` gives that of a language."""
        self._grammar_of, self._knows_pin = grammar_of, knows_pin

    def understand(self, text: str, origin: Origin, question: Question) -> Understanding | None:
        """The intent of ``question`` with ``text`` as its answer; HassNevermind for a no.

        None when ``text`` is no answer, and so may be anything else.
        """
        if question.slot == VOICE and origin.voice is not None:
            # It is a message to somebody else, be it that it sounds like a command or says no.
            withdrawn = sentences_of(origin.language).withdraws(text)
            return Understanding(_NEVERMIND if withdrawn else question.intent, Tier.CONTEXT, _CONFIDENCE)
        if not text or len(text) > MAX_CHARACTERS:
            return None
        if (value := self._answered(text, origin, question)) is None:
            return None
        return Understanding(value, Tier.CONTEXT, _CONFIDENCE)

    def _answered(self, text: str, origin: Origin, question: Question) -> Intent | None:
        sentences = sentences_of(origin.language)
        if sentences.no(text):
            return _NEVERMIND
        if question.slot == VOICE:
            return None
        if question.slot is None:
            return replace(question.intent, confirmed=True) if sentences.yes(text) else None
        if question.slot == SECRET:
            pin = digits(text, origin.language)
            return replace(question.intent, confirmed=self._knows_pin(pin)) if len(pin) >= _PIN_DIGITS else None
        if question.choices:
            choice = self._choice(text, question.choices, origin)
            if choice is None or self._says_more(text, choice, question.intent, origin):
                return None
            return _filled(question.intent, {question.slot: choice})
        slots = filled(text, question.intent, question.slot, self._grammar_of(origin.language), origin)
        return None if slots is None else _filled(question.intent, slots)

    def _choice(self, text: str, choices: Sequence[str], origin: Origin) -> str | None:
        """The one of ``choices`` that is said: by its place, by a name, or by a word that only it has."""
        said = plainly(text)
        ordinals = sentences_of(origin.language).ordinals
        places = [place for place, word in enumerate(ordinals[: len(choices)]) if word in said.split()]
        words = set(said.split())
        if len(places) == 1 and words <= {*ordinals, *sentences_of(origin.language).fillers}:
            return choices[places[0]]
        named = [choice for choice in choices if any(_says(said, name) for name in self._names(choice, origin))]
        # Who says "kitchen spots" says "kitchen" too: the longest name is meant.
        longest = [one for one in named if not any(one != other and plainly(one) in plainly(other) for other in named)]
        if longest:
            return longest[0] if len(longest) == 1 else None
        own = {one: words & (_words((one,)) - _words(other for other in choices if other != one)) for one in choices}
        told = [one for one, telling in own.items() if telling]
        return told[0] if len(told) == 1 else None

    def _says_more(self, text: str, choice: str, intent: Intent, origin: Origin) -> bool:
        """Whether ``text`` says something besides ``choice``: "not the bedroom", or a command that names it."""
        names = (choice, *self._names(choice, origin), *map(str, intent.slots.values()))
        sentences = sentences_of(origin.language)
        return not {*_words(names), *sentences.fillers, *sentences.ordinals}.issuperset(plainly(text).split())

    def _names(self, choice: str, origin: Origin) -> Iterator[str]:
        """What people call ``choice``, where it is a device or a room: its own name first."""
        yield plainly(choice)
        for values in self._grammar_of(origin.language).lists().values():
            for value in values.values if isinstance(values, TextSlotList) else ():
                if str(value.value_out).casefold() == choice.casefold() and isinstance(value.text_in, TextChunk):
                    yield plainly(value.text_in.original_text)


def _filled(intent: Intent, slots: Mapping[str, SlotValue]) -> Intent:
    return replace(intent, slots={**intent.slots, **slots})


def _says(said: str, name: str) -> bool:
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None


def _words(names: Iterable[str]) -> set[str]:
    return {word for name in names for word in plainly(name).split()}
