"""Which devices a command without a grammar is about: those named, those of the room that was named, those here."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from edge.devices import Device
from edge.intents import Origin, SlotValue
from edge.ports import Inventory
from edge.understand.semantic.mentions import Mentions, mentions
from edge.understand.semantic.strangers import APPLIANCES, KINDS, qualified, spoken_of

Slots = Mapping[str, SlotValue]

_GUESSED: Final = 0.85
"""How sure we may be, at most, of what was not said."""
_ALL_BUT_SAID: Final = 0.95
_FOR_ALL: Final = frozenset({"climate", "vacuum", "lock"})
"""Sorts of device that serve the whole house, wherever they are."""
_THINGS: Final = ("light", "fan", "cover", "media_player")
"""Sorts whose words are nothing else: one that is spoken of is meant, and not a thing of another sort."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and what it names of the house."""

    words: str
    """As it was said, in small letters."""
    text: str
    """The same without signs and with numbers in digits."""
    origin: Origin
    house: Inventory
    names: Mentions

    def has(self, pattern: str) -> bool:
        """Whether ``pattern`` stands in it as whole words."""
        return re.search(rf"\b(?:{pattern})\b", self.text) is not None


@dataclass(frozen=True, slots=True)
class Aim:
    """Slots that say which devices are meant, and how sure that is."""

    slots: Slots
    certainty: float = 1.0
    """0–1."""


def said(words: str, text: str, origin: Origin, house: Inventory) -> Said:
    """``words`` as they were said; ``text``: the same as :func:`edge.understand.semantic.amounts.digits` gives it."""
    return Said(words.lower().replace("’", "'").strip(" .!?"), text, origin, house, mentions(text, house))


def group(sentence: Said, domain: str) -> Aim | None:
    """The devices of ``domain`` that are meant, by name or by place; None where the house has none of them.

    Something that the house does not have is passed on by the name that it was given, to be denied by that name.
    """
    able = [device for device in sentence.house.devices() if device.domain == domain]
    names = sentence.names
    if not able:
        return None
    if names.nowhere is not None:
        return Aim({"area": names.nowhere, "domain": domain})
    if stranger := _stranger(sentence, domain):
        return Aim({"name": stranger, "domain": domain})
    if named := [device for device in names.devices if device.domain == domain]:
        return Aim({"name": named[0].name, "domain": domain}, names.likeness)
    partly = [device for device in names.partly if device.domain == domain]
    if len(partly) == 1 and names.area in (None, partly[0].area):
        return Aim({"name": partly[0].name, "domain": domain}, _ALL_BUT_SAID)
    if names.area is not None:
        return Aim({"area": names.area, "domain": domain}, names.likeness)
    if names.floor is not None:
        return Aim({"floor": names.floor, "domain": domain}, names.likeness)
    if len(able) == 1:
        return Aim({"name": able[0].name, "domain": domain})
    if names.everywhere:
        return Aim({"domain": domain})
    if any(device.area == sentence.origin.area for device in able if device.area):
        return Aim({"area": str(sentence.origin.area), "domain": domain})
    return Aim({"domain": domain}, _GUESSED)


def single(sentence: Said, domains: Collection[str]) -> Aim | None:
    """The one device of ``domains`` that is meant; None where that can't be told."""
    names = sentence.names
    kinds = [domain for domain in domains if domain in KINDS and sentence.has(KINDS[domain])]
    if names.nowhere is not None and kinds:
        return Aim({"area": names.nowhere, "domain": kinds[0]})
    called = (_stranger(sentence, kind, kinds or domains) for kind in kinds or ("switch",))
    if stranger := next(filter(None, called), None):
        return Aim({"name": stranger}) if kinds or APPLIANCES.search(stranger) else None
    for candidates, certainty in ((names.devices, names.likeness), (names.partly, _ALL_BUT_SAID)):
        if found := _here([device for device in candidates if device.domain in domains], sentence):
            return Aim({"name": found.name}, certainty)
    if not kinds:
        return None
    able = [device for device in sentence.house.devices() if device.domain == kinds[0]]
    if found := _here(able, sentence):
        return Aim({"name": found.name})
    area = names.area or names.nowhere
    # Several of them are not all meant; but a room that has none of them is to be told of.
    return Aim({"area": area, "domain": kinds[0]}) if area and area not in {d.area for d in able} else None


def lone(sentence: Said, domain: str) -> Aim | None:
    """The device of ``domain`` that was named, or else the only one in the room or the house."""
    able = [device for device in sentence.house.devices() if device.domain == domain]
    if not able:
        return None
    if sentence.names.nowhere is not None:
        return Aim({"area": sentence.names.nowhere, "domain": domain})
    if stranger := _stranger(sentence, domain):
        return Aim({"name": stranger, "domain": domain})
    named = [device for device in sentence.names.devices if device.domain == domain]
    found = _here(named or able, sentence)
    if found is None:
        return None
    near = bool(named) or domain in _FOR_ALL or found.area in (sentence.names.area, sentence.origin.area)
    return Aim({"name": found.name}, sentence.names.likeness if near else _GUESSED)


def all_of_it(sentence: Said) -> Aim | None:
    """The place of which everything is meant; None where something else is spoken of too."""
    aim = everywhere_or_here(sentence)
    return aim if aim.slots or spoken_of(sentence.text, "", sentence.names.words()) is None else None


def everywhere_or_here(sentence: Said) -> Aim:
    """The place that was named, or the whole house where none was."""
    names = sentence.names
    if names.nowhere is not None:
        return Aim({"area": names.nowhere})
    if names.area is not None:
        return Aim({"area": names.area}, names.likeness)
    return Aim({"floor": names.floor}, names.likeness) if names.floor is not None else Aim({})


def _here(devices: Collection[Device], sentence: Said) -> Device | None:
    """The only one of ``devices``, or the only one of them in the room that was named or that the person is in."""
    area = sentence.names.area or sentence.origin.area
    inside = [device for device in devices if area is not None and device.area == area]
    if sentence.names.area is not None and devices and not inside:
        return None
    for few in (inside, devices):
        if len(few) == 1:
            return next(iter(few))
    return None


def _stranger(sentence: Said, domain: str, domains: Collection[str] = ()) -> str | None:
    """What a device of ``domain``, or the place it is in, is called that none in the house is: "corner lamp".

    ``domains``: other sorts that may be meant.
    """
    names, kinds = sentence.names, KINDS[domain]
    heads = [name.split()[-1] for device in names.partly for name in device.names if name.split()]
    either = "|".join([kinds, *(re.escape(head.lower()) for head in heads)])
    accounted = names.words({domain, *domains})
    if called := qualified(sentence.text, either, accounted) or spoken_of(sentence.text, kinds, accounted):
        return called
    if sentence.has(kinds) or names.devices:
        return None
    other = (re.search(rf"\b(?:{KINDS[other]})\b", sentence.text) for other in _THINGS)
    return next((found[0] for found in other if found is not None), None)
