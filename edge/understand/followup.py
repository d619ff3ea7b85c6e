"""Sentences that lean on the last ones: "make it blue", "and the bedroom too", "no, the other one", "turn it back".

A pronoun is replaced by the name of what was spoken of, and the grammar says whether that is a sentence. An addition
or a correction is the intent before, aimed at what the sentence names. Nothing is done to a device that neither the
sentence nor the conversation names; where several could be meant, the answer is a question.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from hassil.intents import SlotList

from edge.devices import Device
from edge.dialogue import RESTORE, SCHEDULE, THIS, UNSCHEDULE, Context, Exchange
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question, Tier, Understanding
from edge.ports import Inventory
from edge.understand.aim import Thing, aimed, others
from edge.understand.followup_sentences import Leaning, Pronoun, plainly, sentences_of
from edge.understand.referents import TARGETS, Referent, fits, of_device, referents
from edge.undo import harmless, restoring

_SURE: Final = 0.9
"""A rewritten sentence must be understood at least so well."""
_BY_NAME: Final = 0.95
"""The sentence says what to do, and the last one to what."""
_BY_AIM: Final = 0.85
"""What to do was not said again: enough for a light, and to ask before a door is opened."""
_BACK: Final = 3
"""Exchanges that a pronoun may reach back over."""
_ALONE_S: Final = 60.0
"""A bare "blue" or "a bit warmer" goes with what was said in the last minute."""
_ALONE_WORDS: Final = 4
_LEANING_WORDS: Final = 12
_ABOUT_NO_THING: Final = re.compile(r"\{it\} (is|was|feels|gets|looks|seems)\b|\b(is|was) \{it\}|\bhere\b")
MAX_CHARACTERS: Final = 200
"""Whoever leans on the last sentence says little."""


class Sayings(Protocol):
    """The grammar, as far as follow-ups need it."""

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """The intent of a whole sentence."""

    def exactly(self, text: str, origin: Origin) -> Understanding | None:
        """Likewise, with names as they are."""

    def lists(self) -> Mapping[str, SlotList]:
        """The names, areas and floors of the house now."""


class FollowUps:
    """Understands what only the conversation gives a meaning."""

    def __init__(self, house: Inventory, grammar_of: Callable[[str], Sayings]) -> None:
        """``grammar_of`` gives that of a language."""
        self._house, self._grammar_of = house, grammar_of

    def understand(self, text: str, origin: Origin, context: Context) -> Understanding | Outcome | None:
        """The intents of ``text`` after ``context``; an Outcome where all there is to do is to ask or to say no.

        None when the sentence does not lean on anything, or on nothing that is known.
        """
        last = next((exchange for exchange in reversed(context.exchanges) if exchange.intents), None)
        if last is None or not text or len(text) > MAX_CHARACTERS:
            return None
        sentences = sentences_of(origin.language)
        words = len(plainly(text).split())
        gap = sentences.pronoun(text) if words <= _LEANING_WORDS else None
        if gap is not None and (found := self._about(gap, origin, context)) is not None:
            return None if self._points(text, origin) else found
        for leaning in sorted(sentences.readings(text, self._grammar_of(origin.language).lists()), key=_plainest):
            if (meant := self._lean(leaning, origin, last, context)) is not None:
                return meant
        if gap is None and words <= _ALONE_WORDS and self._is_fresh(last, context):
            return self._alone(text, origin, context)
        return None

    def lacks_its_object(self, text: str, origin: Origin) -> bool:
        """Whether ``text`` asks for something to be done with "it", which is nothing that was spoken of.

        "It is cold" and "make it warmer in here" are about no thing.
        """
        gap = sentences_of(origin.language).pronoun(text) if len(text) <= MAX_CHARACTERS else None
        return gap is not None and _ABOUT_NO_THING.search(gap.template) is None

    # -- pronouns -------------------------------------------------------------------------------------------------

    def _about(self, gap: Pronoun, origin: Origin, context: Context) -> Understanding | Outcome | None:
        """``gap`` filled with what was last spoken of that makes it a sentence."""
        tried: list[Referent] = []
        for exchange in _reachable(context):
            spoken_of = [each for each in referents(exchange, self._house) if each not in tried]
            tried += spoken_of
            fitting = [intent for each in spoken_of if (intent := self._said_of(each, gap, origin)) is not None]
            if len(fitting) > 1 and not gap.many:
                return _which(fitting)
            if fitting:
                # They were found from the last back to the first.
                first, *further = fitting[::-1]
                return Understanding(first, Tier.CONTEXT, _BY_NAME, tuple(further))
        return None

    def _points(self, text: str, origin: Origin) -> bool:
        """Whether ``text`` belongs to a skill that minds itself what its pronoun means."""
        whole = self._grammar_of(origin.language).exactly(text, origin)
        return whole is not None and any(THIS in intent.slots for intent in whole.intents)

    def _said_of(self, referent: Referent, gap: Pronoun, origin: Origin) -> Intent | None:
        """The intent of ``gap`` with ``referent`` in it: tried with one of its devices, meant for all of it."""
        device = referent.devices[0]
        found = self._grammar_of(origin.language).exactly(gap.about(device.name), origin)
        if found is None or found.further or found.confidence < _SURE or not _speaks_of(found.intent, device):
            return None
        slots = {slot: value for slot, value in found.intent.slots.items() if slot not in TARGETS}
        intent = replace(found.intent, slots={**slots, **referent.slots})
        if referent.named:
            return replace(intent, domain=device.domain)
        if found.intent.name == "HassGetState":
            return replace(intent, form="all", domain=None) if "state" in slots else None
        return replace(intent, domain=None)

    def _alone(self, said: str, origin: Origin, context: Context) -> Understanding | Outcome | None:
        """A word or two, as what was last spoken of should be; not where they name something themselves."""
        whole = self._grammar_of(origin.language).exactly(said, origin)
        if whole is not None and any(intent.slots.get("area") != origin.area for intent in whole.intents):
            return None
        for sentence in sentences_of(origin.language).ellipses(said):
            newest = replace(context, exchanges=context.exchanges[-1:])
            if (found := self._about(sentence, origin, newest)) is not None:
                return found
        return None

    def _is_fresh(self, last: Exchange, context: Context) -> bool:
        return last is context.last and context.now - last.at < _ALONE_S

    # -- additions and corrections --------------------------------------------------------------------------------

    def _lean(
        self, leaning: Leaning, origin: Origin, last: Exchange, context: Context
    ) -> Understanding | Outcome | None:
        match leaning.how:
            case "Also":
                return _understood(self._aimed(leaning, origin, last))
            case "Instead":
                return self._corrected(self._aimed(leaning, origin, last), last)
            case "Value":
                return self._alone(str(leaning.slots["said"]), origin, context)
            case "Rest":
                return self._said_rightly(str(leaning.slots["said"]), origin, last)
            case "Item":
                return self._item(str(leaning.slots["said"]), origin, last)
            case "Other":
                return self._other(leaning, last)
            case "Undo":
                return _undone(last) if last is context.last else None
            case "Again":
                return _again(leaning, last)
        return None

    def _aimed(self, leaning: Leaning, origin: Origin, last: Exchange) -> Intent | None:
        """What was last asked for, of what ``leaning`` names."""
        intent = last.intents[-1]
        if intent.name == RESTORE or len({each.name for each in last.intents}) > 1:
            return None
        was = next(iter(referents(last, self._house)), None)
        return aimed(intent, was, Thing.of(leaning.slots, origin), origin, self._house)

    def _corrected(self, right: Intent | None, last: Exchange) -> Understanding | None:
        """``right`` done, and what was done in its place undone where that is safe."""
        if right is None:
            return None
        wrong = [report for report in last.actions if report.device not in self._devices_of(right)]
        back = tuple(intent for intent in restoring(wrong) if harmless(intent))
        return Understanding(right, Tier.CONTEXT, _BY_AIM, back)

    def _said_rightly(self, said: str, origin: Origin, last: Exchange) -> Understanding | None:
        """ "No, turn on the kitchen light", or "no, blue"."""
        found = self._grammar_of(origin.language).understand(said, origin)
        if found is not None and found.confidence >= _SURE:
            same = [intent.name for intent in last.intents] == [intent.name for intent in found.intents]
            corrected = self._corrected(found.intent, last) if same and not found.further else None
            return corrected or replace(found, tier=Tier.CONTEXT)
        if len(said.split()) > _ALONE_WORDS:
            return None
        again = self._alone(said, origin, Context((last,), now=last.at))
        return again if isinstance(again, Understanding) else None

    def _item(self, said: str, origin: Origin, last: Exchange) -> Understanding | None:
        """ "And eggs", after something was put on a list."""
        before = last.intents[-1]
        if "item" not in before.slots or len(said.split()) > _ALONE_WORDS or last.outcome is not OutcomeKind.DONE:
            return None
        if self._grammar_of(origin.language).understand(said, origin) is not None:
            return None
        return _understood(replace(before, slots={**before.slots, "item": said}, confirmed=False))

    def _other(self, leaning: Leaning, last: Exchange) -> Understanding | Outcome | None:
        """The device that was not meant has a sibling, or several."""
        was = next(iter(referents(last, self._house)), None)
        if was is None or not was.named or len(last.intents) != 1:
            return None
        kind = Thing.of(leaning.slots, None).kind
        candidates = [
            _of_other(last.intents[0], other, self._house)
            for other in others(was.devices[0], self._house)
            if kind is None or other.domain == kind.domain
        ]
        if len(candidates) == 1:
            return self._corrected(candidates[0], last)
        return _which(candidates) if candidates else None

    def _devices_of(self, intent: Intent) -> frozenset[str]:
        devices = self._house.devices()
        return frozenset(device.id for device in devices if fits(device, intent.slots, intent.domain))


def _reachable(context: Context) -> Iterator[Exchange]:
    return (exchange for exchange in context.exchanges[: -_BACK - 1 : -1] if exchange.intents)


def _speaks_of(intent: Intent, device: Device) -> bool:
    """Whether the grammar took the name that was put in for the device's name, and nothing else for a place."""
    named = str(intent.slots.get("name", "")).casefold() == device.name.casefold()
    kind = intent.slots.get("domain", intent.domain)
    return named and intent.slots.keys().isdisjoint({"area", "floor"}) and kind in (None, device.domain)


def _plainest(leaning: Leaning) -> tuple[int, int]:
    """Names before rooms, rooms before kinds; free text last."""
    order = ("name", "area", "floor", "kind")
    return (
        ("Item", "Value", "Rest").index(leaning.how) + 1 if "said" in leaning.slots else 0,
        next((place for place, slot in enumerate(order) if slot in leaning.slots), len(order)),
    )


def _understood(intent: Intent | None) -> Understanding | None:
    return None if intent is None else Understanding(intent, Tier.CONTEXT, _BY_AIM)


def _again(leaning: Leaning, last: Exchange) -> Understanding | None:
    steps = [intent for intent in last.intents if any(slot.endswith("_step") for slot in intent.slots)]
    if "more" in leaning.slots and not steps:
        return None
    first, *further = (replace(intent, confirmed=False) for intent in (steps or last.intents))
    return Understanding(first, Tier.CONTEXT, _BY_AIM, tuple(further))


def _undone(last: Exchange) -> Understanding | Outcome:
    if any((intent.later or intent.name.startswith(SCHEDULE)) and intent.name != UNSCHEDULE for intent in last.intents):
        return Understanding(Intent(UNSCHEDULE, {"last": True}), Tier.CONTEXT, _BY_AIM)
    intents = restoring(last.actions)
    if not intents:
        return Outcome(OutcomeKind.FAILED, Phrase("cannot_undo"))
    return Understanding(intents[0], Tier.CONTEXT, _BY_AIM, intents[1:])


def _of_other(intent: Intent, device: Device, house: Inventory) -> Intent:
    kept = {slot: value for slot, value in intent.slots.items() if slot not in TARGETS}
    target = of_device(device, house).slots
    return replace(intent, slots={**kept, **target}, domain=device.domain, confirmed=False)


def _which(intents: Sequence[Intent]) -> Outcome | None:
    """A question instead of a guess between ``intents``, which differ in what they name; None where none is named."""
    names = list(dict.fromkeys(str(intent.slots.get("name", "")) for intent in intents))
    slot = "name" if len(names) == len(intents) else "area"
    choices = tuple(str(intent.slots.get(slot, "")) for intent in intents)
    if not all(choices):
        return None
    first = intents[0]
    alike = replace(first, slots={key: value for key, value in first.slots.items() if key != slot})
    phrase = Phrase("which_device", {"names": list(choices)})
    return Outcome(OutcomeKind.NOT_UNDERSTOOD, phrase, question=Question(alike, slot, choices))
