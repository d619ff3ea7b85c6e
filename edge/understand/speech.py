"""What is said to a house as it is now: tried word for word, then as it was probably meant, then with near names."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from hassil.intents import TextSlotList
from hassil.models import MatchEntity
from hassil.recognize import RecognizeResult

from edge.devices import Device
from edge.intents import Intent, SlotValue, Tier, Understanding
from edge.understand.commands import NAMED_ALONE, PARTS, SURE, Commands, Reading, cut, without_asides
from edge.understand.exceptions import Exceptions
from edge.understand.house_lists import Lists
from edge.understand.near import SAME, Near, NearNames
from edge.understand.needs import HOUSE
from edge.understand.phrasing import Phrasing
from edge.understand.recognition import Recognition
from edge.understand.sources import COMMAND, Read

_TEMPLATE: Final = frozenset("[](|)<>{}")
_AS_MEANT: Final = 0.95
"""Of the confidence, where words were taken for others."""
_NEARLY: Final = (0.6, 1.25)
"""Confidence of a name that is just near enough, and what each further bit of likeness adds."""
_NEAR_TRIES: Final = 4
"""Single stretches that are tried as names."""


@dataclass(frozen=True, slots=True)
class Sayings:
    """The sentences of a language."""

    now: Recognition
    """What is done or answered at once."""
    later: Recognition
    """Commands that hold another command as free text, for later."""

    @classmethod
    def of(cls, read: Read) -> "Sayings":
        """All of ``read`` that is understood."""
        now, later = read.needed
        return cls(Recognition(read.now, now), Recognition(read.later, later))


class Speech:
    """Reads sentences about one state of one house."""

    def __init__(
        self, grammar: Sayings, phrasing: Phrasing, lists: Lists, devices: Sequence[Device], language: str
    ) -> None:
        self.lists, self._devices = lists, devices
        self._recognition, self._later = grammar.now, grammar.later
        self._phrasing, self._language = phrasing, language
        self._read: dict[tuple[str, str | None], Reading | None] = {}
        """What came of stretches of the sentence that is read now: the same ones come up again and again."""

    def warm(self) -> None:
        """Do ahead what the first sentence about the house would wait for."""
        for values in self.lists.lists.values():
            if isinstance(values, TextSlotList):
                values.get_candidates(" ")  # hassil indexes a list when it first looks into it
        self._exceptions  # noqa: B018  # with the names that are nearly said

    def understand(self, text: str, area: str | None) -> Understanding | None:
        """The intents of ``text``, asked from ``area``, or None when they do not cover it as a whole."""
        self._forget()
        if (found := self._commands(text, area)) is not None:
            return self._by_name(text, area, found) or _understanding(found)
        meant = self._phrasing.meant(text)
        if meant != text and (found := self._commands(meant, area)) is not None:
            return self._by_name(meant, area, found) or _understanding(found, _AS_MEANT)
        return self._nearly(meant, area)

    def exactly(self, text: str, area: str | None) -> Understanding | None:
        """Likewise, but without near names: for sentences that were put together of names that there are."""
        self._forget()
        found = self._commands(text, area)
        if found is None and (meant := self._phrasing.meant(text)) != text:
            found = self._commands(meant, area)
        return _understanding(found) if found is not None else None

    def _forget(self) -> None:
        self._read.clear()
        for each in (self._recognition, self._later):
            each.forget()

    def _by_name(self, text: str, area: str | None, found: tuple[Reading, ...]) -> Understanding | None:
        """A near name, where what is said of a sort of thing in a room means one thing, or else means nothing.

        "The kitchen lamp" is the Kitchen Light, though the lights of the kitchen are what it says, and "the garage
        door" is the Garage Door Opener where the garage has no other door.
        """
        loose = [reading.intent for reading in found if reading.names and "name" not in reading.intent.slots]
        if not loose:
            return None
        if all(map(self._exists, loose)):
            last = _plain_words(text) & self._phrasing.kind_of.keys()
            return self._nearly(text, area, SAME) if last and not last & self._phrasing.plurals else None
        return self._nearly(text, area)

    def _exists(self, intent: Intent) -> bool:
        """Whether the house has anything that ``intent`` may be about."""
        wanted = {
            slot: intent.slots[slot] for slot in ("area", "floor", "domain", "device_class") if slot in intent.slots
        }
        return any(all(getattr(device, slot) == value for slot, value in wanted.items()) for device in self._devices)

    def _commands(self, text: str, area: str | None) -> tuple[Reading, ...] | None:
        found = self._joined(text, area) or self._strung(text, area)
        return without_asides(found) if found else None

    def _joined(self, text: str, area: str | None) -> tuple[Reading, ...] | None:
        parts = cut(text, self._phrasing.between, self._compound)
        one = functools.partial(self._one, area=area)
        return Commands(text, parts, self._phrasing, one, self._names_something).read()

    def _strung(self, text: str, area: str | None) -> tuple[Reading, ...] | None:
        """Commands with no word between them, as recognisers write what was said with pauses: "turn on the lamp open
        the blinds". Each begins with its verb and is whole by itself; else none is.
        """
        at = self._phrasing.between_verbs
        parts = cut(text, at, self._compound) if at is not None else []
        if not 1 < len(parts) <= PARTS:
            return None
        said = [text[start:end] for start, end in parts]
        if self._joined(said[0], area) is None:
            said[:2] = [text[: parts[1][1]]]  # "could you": its verb comes yet
        found = [reading for part in said for reading in self._joined(part, area) or (None,)]
        whole = tuple(reading for reading in found if reading is not None and reading.confidence >= SURE)
        return whole if len(whole) == len(found) and len(said) > 1 else None

    def _names_something(self, text: str) -> bool:
        lower = text.casefold()
        return not self._phrasing.kind_of.keys().isdisjoint(lower.split()) or any(name in lower for name in self._named)

    def _one(self, text: str, area: str | None) -> Reading | None:
        found = self._plain(text, area)
        if found is not None:
            return found
        # Who leaves out a room means more than the one he is in.
        return self._exceptions.read(text, lambda main: self._plain(main, None) or self._plain(main, area))

    def _plain(self, text: str, area: str | None) -> Reading | None:
        if (text, area) not in self._read:
            self._read[text, area] = self._anew(text, area)
        return self._read[text, area]

    def _anew(self, text: str, area: str | None) -> Reading | None:
        result = self._recognition.best(text, self.lists, area, self._language)
        if result is None:
            return self._put_off(text, area)
        found = self._reading(result)
        if (command := self._named_like_a_command(result, found, area)) is not None:
            return command
        if found.intent.name == "HassGetState" and found.free and not self._is_place(found.intent.slots["state"]):
            return None  # "who is president"
        return found

    def _named_like_a_command(self, result: RecognizeResult, found: Reading, area: str | None) -> Reading | None:
        """What is said to another device, where one's whole name says it: a switch called "unlock the front door".

        Scenes and scripts are begun by their names alone; nothing else may stand between a person and the door.
        """
        name = result.entities.get("name")
        if found.confidence >= SURE or name is None or name.is_wildcard or found.intent.domain in NAMED_ALONE:
            return None
        own = name.text_clean.strip()
        if not any(other in own.casefold() for other in self._named if other != own.casefold()):
            return None
        instead = self._recognition.best(result.original_text, self.lists.but_for(own), area, self._language)
        command = self._reading(instead) if instead is not None else None
        return command if command is not None and command.confidence >= SURE and command.names else None

    def _reading(self, result: RecognizeResult) -> Reading:
        slots = {name: _slot(entity, result.original_text) for name, entity in result.entities.items()}
        domain = result.context.get("domain")
        intent = Intent(
            name=result.intent.name,
            slots=slots,
            form=result.response or "default",
            domain=domain if "name" in slots and isinstance(domain, str) else None,
        )
        said = [entity for entity in result.entities_list if entity.text_span is not None]
        filled = _plain_words(" ".join([*(entity.text for entity in said), *self._phrasing.articles]))
        # A template matched the whole sentence; one that is little more than a name says less of what is wanted.
        much = result.text_chunks_matched > 1 and not _plain_words(result.original_text) <= filled
        return Reading(
            intent,
            SURE if much else _LITTLE,
            frozenset(entity.name for entity in said if entity.is_wildcard),
            frozenset(
                entity.text.strip().casefold() for entity in said if entity.name in HOUSE and not entity.is_wildcard
            ),
            frozenset(entity.name for entity in said if entity.name not in HOUSE),
        )

    def _put_off(self, text: str, area: str | None) -> Reading | None:
        """A command for later: "turn off the lights in an hour". What would not be understood then is not now."""
        result = self._later.best(text, self.lists, area, self._language)
        found = self._reading(result) if result is not None else None
        command = found.intent.slots.get(COMMAND) if found else None
        return found if isinstance(command, str) and self._commands(command, area) is not None else None

    def _is_place(self, state: SlotValue) -> bool:
        """Whether somebody may be there: at home, at work, or on one of the areas."""
        lower = str(state).casefold()
        return lower in self._phrasing.places or self._named.get(lower, ("",))[0] == "area"

    def _nearly(self, text: str, area: str | None, least: float = 0.0) -> Understanding | None:
        """With the names that were nearly said put in place of what was said; ``least``: how like they must be."""
        if not self._recognition.lacks_a_name(text, self.lists):
            return None
        words, near = text.split(), [each for each in self._near.within(text) if each.likeness >= least]
        apart = _apart(near)
        for chosen in (apart, *([each] for each in near[:_NEAR_TRIES] if [each] != apart)):
            if all(each.likeness == 1.0 for each in chosen):
                continue
            found = self._commands(_put_in(words, chosen), area)
            if found is not None and _meant(found, chosen):
                base, more = _NEARLY
                likeness = min(each.likeness for each in chosen)
                return _understanding(found, base + more * (likeness - 0.8))
        return None

    @cached_property
    def _named(self) -> Mapping[str, tuple[str, str]]:
        return {
            said.casefold(): (kind, meant)
            for kind in ("floor", "area", "name")
            for said, meant in self.lists.values(kind)
        }

    @cached_property
    def _compound(self) -> frozenset[str]:
        """Names that hold a conjunction."""
        return frozenset(name for name in self._named if self._phrasing.between.search(f" {name} "))

    @cached_property
    def _near(self) -> NearNames:
        return NearNames(self._named, self._phrasing, self._recognition.words)

    @cached_property
    def _exceptions(self) -> Exceptions:
        return Exceptions(self._phrasing, self._named, self._compound, self._near.nearest_name)


def _plain_words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def _apart(near: list[Near]) -> list[Near]:
    """The nearest that do not overlap."""
    chosen: list[Near] = []
    for each in near:
        if all(each.end <= other.start or other.end <= each.start for other in chosen):
            chosen.append(each)
    return sorted(chosen, key=lambda each: each.start)


def _put_in(words: list[str], chosen: list[Near]) -> str:
    said = list(words)
    for each in sorted(chosen, key=lambda each: -each.start):
        said[each.start : each.end] = [each.name]
    return " ".join(said)


def _meant(found: tuple[Reading, ...], chosen: list[Near]) -> bool:
    """Whether each name that was put in is one that a command is about, and not part of something else that fits."""
    about = {name for reading in found for name in reading.names}
    little = any(reading.confidence < SURE for reading in found)
    return not little and all(each.name.casefold() in about for each in chosen)


_LITTLE: Final = 0.9


def _understanding(found: tuple[Reading, ...], sureness: float = 1.0) -> Understanding:
    first, *further = (reading.intent for reading in found)
    confidence = min(reading.confidence for reading in found)
    return Understanding(first, Tier.GRAMMAR, round(confidence * sureness, 3), tuple(further))


def _as_said(words: str, text: str) -> str:
    """``words`` with the commas that they have in ``text``, and which hassil matches without: they part what is listed.

    Where they are is not what hassil says (3.12): it does not count the words of a number before them.
    """
    found = re.search(r"\W+".join(map(re.escape, words.split())), text, re.IGNORECASE)
    return found[0] if found is not None else words.strip()


def _slot(entity: MatchEntity, text: str) -> SlotValue:
    value: SlotValue = entity.value
    if entity.is_wildcard:
        return _as_said(entity.text_clean, text)
    if isinstance(value, str):
        # The value of a template, as "[some] milk", is what was said of it.
        return (entity.text_clean if _TEMPLATE.intersection(value) else value).strip()
    return int(value) if isinstance(value, float) and value.is_integer() else value
