"""What people say for a slot that an intent lacks: parts of that intent's own sentences. Pure.

Of "timer for {minutes} minutes" the part is "{minutes} minutes", so "ten minutes" fills it, and no list, unit or number
is written twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from hassil import Intents
from hassil.expression import Expression, Group, ListReference, RuleReference, Sentence
from hassil.expression import Sequence as Row
from hassil.intents import Intent as Templates
from hassil.intents import IntentData, SlotList, WildcardSlotList
from hassil.models import MatchEntity
from hassil.recognize import RecognizeResult, recognize_all

from edge.intents import Intent, Origin, SlotValue, Understanding
from edge.understand.followup_sentences import sentences_of

_DURATION: Final = frozenset({"hours", "minutes", "seconds"})
"""Whoever is asked for one may give it in another."""


class Sayings(Protocol):
    """The grammar, as far as answers need it."""

    @property
    def templates(self) -> Intents:
        """All sentences, with their rules and lists."""

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """The intent of a whole sentence."""

    def lists(self) -> Mapping[str, SlotList]:
        """The names, areas and floors of the house now."""


def filled(text: str, intent: Intent, slot: str, grammar: Sayings, origin: Origin) -> Mapping[str, SlotValue] | None:
    """The slots that ``text`` gives ``intent``, ``slot`` or another of its kind among them; None when it gives none.

    What takes any words at all takes them only where they are no sentence of their own.
    """
    if intent.name not in grammar.templates.intents:  # nobody wrote sentences for it: any words that are none of ours
        return {slot: text} if grammar.understand(text, origin) is None else None
    wanted = _DURATION if slot in _DURATION else frozenset({slot})
    phrases = _phrases_for(grammar.templates, intent, wanted, sentences_of(origin.language).lead)
    found = _matched(text, intent, [each for each in phrases if not each.free], grammar)
    if not found and grammar.understand(text, origin) is None:
        found = _matched(text, intent, [each for each in phrases if each.free], grammar)
    filling = [slots for slots in found if not wanted.isdisjoint(slots)]
    return max(filling, key=lambda slots: (slot in slots, len(slots)), default=None)


def _matched(
    text: str, intent: Intent, phrases: Sequence["_Phrases"], grammar: Sayings
) -> list[Mapping[str, SlotValue]]:
    templates = replace(grammar.templates, intents={intent.name: Templates(intent.name, list(phrases))})
    return [_slots(result) for result in recognize_all(text, templates, slot_lists=dict(grammar.lists()))]


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
