"""The answer to a question of the assistant: a yes, a choice, a value for the slot that is missing, or a PIN."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from hassil import Intents
from hassil.expression import Expression, Group, ListReference, RuleReference, Sentence, TextChunk
from hassil.expression import Sequence as Row
from hassil.intents import Intent as Templates
from hassil.intents import IntentData, SlotList, TextSlotList, WildcardSlotList
from hassil.models import MatchEntity
from hassil.recognize import RecognizeResult, recognize_all

from edge.dialogue import SECRET
from edge.intents import Intent, Origin, Question, SlotValue, Tier, Understanding
from edge.understand.digits import digits
from edge.understand.followup_sentences import plainly, sentences_of

_NEVERMIND: Final = Intent("HassNevermind")
_CONFIDENCE: Final = 0.95
_FILLERS: Final = 4
"""Words such as "the … one" around what is meant."""
_PIN_DIGITS: Final = 3
"""Fewer are no try at a PIN."""
_DURATION: Final = frozenset({"hours", "minutes", "seconds"})
"""Whoever is asked for one may give it in another."""
MAX_CHARACTERS: Final = 200

KnowsPin = Callable[[str], bool]
"""Whether these digits are the PIN. Each call counts as a try."""


class Sayings(Protocol):
    """The grammar, as far as answers need it."""

    @property
    def templates(self) -> Intents:
        """All sentences, with their rules and lists."""

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """The intent of a whole sentence."""

    def lists(self) -> Mapping[str, SlotList]:
        """The names, areas and floors of the house now."""


class Answers:
    """Understands what answers a question."""

    def __init__(self, grammar: Sayings, knows_pin: KnowsPin) -> None:
        self._grammar, self._knows_pin = grammar, knows_pin

    def understand(self, text: str, origin: Origin, question: Question) -> Understanding | None:
        """The intent of ``question`` with ``text`` as its answer; HassNevermind for a no.

        None when ``text`` is no answer, and so may be anything else.
        """
        if not text or len(text) > MAX_CHARACTERS:
            return None
        if (value := self._answered(text, origin, question)) is None:
            return None
        return Understanding(value, Tier.CONTEXT, _CONFIDENCE)

    def _answered(self, text: str, origin: Origin, question: Question) -> Intent | None:
        sentences = sentences_of(origin.language)
        if sentences.no(text):
            return _NEVERMIND
        if question.slot is None:
            return replace(question.intent, confirmed=True) if sentences.yes(text) else None
        if question.slot == SECRET:
            pin = digits(text, origin.language)
            return replace(question.intent, confirmed=self._knows_pin(pin)) if len(pin) >= _PIN_DIGITS else None
        if question.choices:
            choice = self._choice(plainly(text), question.choices, sentences.ordinals)
            if choice is None or self._is_command(text, choice, origin):
                return None
            return _filled(question.intent, {question.slot: choice})
        slots = self._value(text, question.intent, question.slot, origin)
        return None if slots is None else _filled(question.intent, slots)

    def _choice(self, said: str, choices: Sequence[str], ordinals: Sequence[str]) -> str | None:
        """The one of ``choices`` that is said: by its place, by a name, or by a word that only it has."""
        places = [place for place, word in enumerate(ordinals[: len(choices)]) if word in said.split()]
        words = set(said.split())
        if len(places) == 1 and len(words) <= _FILLERS:
            return choices[places[0]]
        named = [
            choice
            for choice in choices
            if any(_says(said, name) and len(words) <= len(name.split()) + _FILLERS for name in self._names(choice))
        ]
        # Who says "kitchen spots" says "kitchen" too: the longest name is meant.
        longest = [one for one in named if not any(one != other and plainly(one) in plainly(other) for other in named)]
        if longest:
            return longest[0] if len(longest) == 1 else None
        own = {one: words & (_words((one,)) - _words(other for other in choices if other != one)) for one in choices}
        told = [one for one, telling in own.items() if telling and len(words) <= len(telling) + _FILLERS]
        return told[0] if len(told) == 1 else None

    def _is_command(self, text: str, choice: str, origin: Origin) -> bool:
        """Whether ``text``, in which ``choice`` is named, says more than that, and stands by itself."""
        said = plainly(text).split()
        own = _words([choice, *self._names(choice)]) | sentences_of(origin.language).fillers
        if own.issuperset(said):
            return False
        found = self._grammar.understand(text, origin)
        return found is not None and found.confidence >= _CONFIDENCE

    def _names(self, choice: str) -> Iterator[str]:
        """What people call ``choice``, where it is a device or a room: its own name first."""
        yield plainly(choice)
        for values in self._grammar.lists().values():
            for value in values.values if isinstance(values, TextSlotList) else ():
                if str(value.value_out).casefold() == choice.casefold() and isinstance(value.text_in, TextChunk):
                    yield plainly(value.text_in.original_text)

    def _value(self, text: str, intent: Intent, slot: str, origin: Origin) -> Mapping[str, SlotValue] | None:
        """What ``text`` fills by the lists and rules of the sentences of ``intent``."""
        wanted = _DURATION if slot in _DURATION else frozenset({slot})
        phrases = _phrases_for(self._grammar.templates, intent, wanted, sentences_of(origin.language).lead)
        free = [data for data in phrases if data.free]
        strict = [data for data in phrases if not data.free]
        found = self._matched(text, intent, strict, origin)
        if not found and free and self._grammar.understand(text, origin) is None:
            found = self._matched(text, intent, free, origin)
        filling = [slots for slots in found if not wanted.isdisjoint(slots)]
        return max(filling, key=lambda slots: (slot in slots, len(slots)), default=None)

    def _matched(
        self, text: str, intent: Intent, phrases: Sequence["_Phrases"], origin: Origin
    ) -> list[Mapping[str, SlotValue]]:
        templates = replace(self._grammar.templates, intents={intent.name: Templates(intent.name, list(phrases))})
        lists = dict(self._grammar.lists())
        return [_slots(result) for result in recognize_all(text, templates, slot_lists=lists, language=origin.language)]


@dataclass(frozen=True)
class _Phrases(IntentData):
    """Parts of one block's sentences, as a block of its own."""

    parts: tuple[Sentence, ...] = ()
    free: bool = False
    """Whether they take any words at all."""

    @property
    def sentences(self) -> list[Sentence]:
        """The parts; hassil asks for them by this name."""
        return list(self.parts)


def _phrases_for(
    templates: Intents, intent: Intent, wanted: frozenset[str], lead: Sequence[Expression]
) -> list[_Phrases]:
    """What people say, in the sentences of ``intent``, for one of ``wanted`` and what else is still missing."""
    blocks = templates.intents.get(intent.name)
    found = []
    for block in blocks.data if blocks else ():
        rules = {**templates.expansion_rules, **block.expansion_rules}
        lists = {**templates.slot_lists, **block.slot_lists}
        parts: dict[bool, list[Sentence]] = {False: [], True: []}
        for sentence in block.sentences:
            for part in _parts(sentence.expression, wanted, frozenset(intent.slots), rules, lead):
                names = set(part.list_names(rules))
                parts[any(isinstance(lists.get(name), WildcardSlotList) for name in names)].append(Sentence(part))
        found += [
            _Phrases(sentence_texts=[], expansion_rules=block.expansion_rules, slot_lists=block.slot_lists,
                     wildcard_list_names=block.wildcard_list_names, parts=tuple(kept), free=free)
            for free, kept in parts.items() if kept
        ]  # fmt: skip
    return found


def _parts(
    expression: Expression,
    wanted: frozenset[str],
    filled: frozenset[str],
    rules: Mapping[str, Sentence],
    lead: Sequence[Expression],
) -> Iterator[Row]:
    """The items from the first that fills something missing: to the end of the sentence, and to the last that does."""
    items = list(expression.items) if isinstance(expression, Row) else [expression]
    fills = [_slots_in(item, rules) for item in items]
    if not any(wanted & names for names in fills):
        return
    missing = [place for place, names in enumerate(fills) if names - filled]
    first, last = missing[0], missing[-1]
    yield Row(items=[*lead, *items[first:]])
    yield Row(items=[*lead, *items[first : last + 1]])


def _slots_in(expression: Expression, rules: Mapping[str, Sentence]) -> frozenset[str]:
    match expression:
        case ListReference():
            return frozenset({expression.slot_name})
        case RuleReference():
            rule = rules.get(expression.rule_name)
            return _slots_in(rule.expression, rules) if rule else frozenset()
        case Group():
            return frozenset().union(*(_slots_in(item, rules) for item in expression.items))
    return frozenset()


def _slots(result: RecognizeResult) -> Mapping[str, SlotValue]:
    return {name: _plain(entity) for name, entity in result.entities.items()}


def _plain(entity: MatchEntity) -> SlotValue:
    value: SlotValue = entity.text_clean.strip() if entity.is_wildcard else entity.value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _filled(intent: Intent, slots: Mapping[str, SlotValue]) -> Intent:
    return replace(intent, slots={**intent.slots, **slots})


def _says(said: str, name: str) -> bool:
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None


def _words(names: Iterable[str]) -> set[str]:
    return {word for name in names for word in plainly(name).split()}
