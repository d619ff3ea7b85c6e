"""Which devices a sentence could be about: few, so that the local model has little to read.

English only but for whole names: the words that tell a kind of device are ours.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from edge.devices import Device

MOST_DEVICES: Final = 6
_COMMON: Final = frozenset(
    "a an the my our your to of in on at and or is are it its me you i please can could would what which who how when "
    "where why do does did for with from off up down this that there here now not all any some one s t m re be been "
    "was were turn set make put get go".split()
)
"""Words that say nothing about which device is meant."""
_KINDS: Final[Mapping[str, str]] = {
    "light": "light lamp lighting bulb illuminate dark darker gloomy dim dimmer bright brighter brightness "
    "pitch black see read color colour lit glow shine",
    "switch": "plug socket outlet switch",
    "fan": "fan stuffy breeze ventilation airflow hot sweating boiling speed",
    "cover": "blind curtain shade shutter drape awning garage gate door window sun glare sunlight",
    "lock": "lock unlock locked unlocked door secure deadbolt latch",
    "climate": "heating heat heater thermostat temperature degree warm warmer cold colder cool cooler freezing chilly "
    "hot boiling shivering sweating climate radiator ac conditioner conditioning",
    "valve": "valve water irrigation sprinkler tap plant thirsty lawn",
    "vacuum": "vacuum hoover robot crumb dust dusty dirty clean sweep floor",
    "scene": "scene mode mood",
    "sensor:temperature": "temperature warm cold hot degree thermometer",
    "sensor:humidity": "humidity humid damp",
    "binary_sensor:door": "door",
    "binary_sensor:window": "window",
    "binary_sensor:garage_door": "garage door",
    "binary_sensor:motion": "motion movement",
}
"""The words that people use for each kind of device, and for what it is good for."""
_NAME, _AREA, _KIND, _NAMED_KIND, _LIKE, _BEFORE = 3.0, 1.5, 1.0, 0.8, 1.0, 1.5
_ALIKE: Final = 82
"""Likeness (0–100) at which a word counts as a misheard other."""
_SHORTEST: Final = 4


def relevant(
    text: str, devices: Sequence[Device], area: str | None = None, before: Sequence[str] = ()
) -> tuple[Device, ...]:
    """The devices whose name, alias, room or kind ``text`` mentions, likeliest first; at most MOST_DEVICES.

    ``area``: where it was said; ``before``: ids of the devices that the exchange before was about, which are meant
    when the sentence refers to them.
    """
    said = _words(text)
    telling = said - _COMMON
    areas = {device.area for device in devices if device.area}
    named = {room for room in areas if _mentions(telling, text, room)}
    heard = _Heard(
        text,
        telling,
        rooms=frozenset(named),
        words_of_rooms=frozenset[str]().union(*map(_words, named)),
        about=frozenset(before) if said & _REFERRING else frozenset(),
    )
    scored = [(_score(device, heard), device) for device in devices]
    found = [(score, device) for score, device in scored if score > 0]
    if not named:
        here = [device for score, device in found if score <= _KIND and area and device.area == area]
        found = [(score, device) for score, device in found if score > _KIND or not here or device in here]
    ranked = sorted(found, key=lambda pair: (-pair[0], pair[1].area != area, pair[1].id))
    return tuple(device for _, device in ranked[:MOST_DEVICES])


def floors_named(text: str, devices: Sequence[Device]) -> tuple[str, ...]:
    """The floors of the house that ``text`` mentions."""
    floors = dict.fromkeys(device.floor for device in devices if device.floor)
    telling = _words(text) - _COMMON
    return tuple(floor for floor in floors if _mentions(telling, text, floor))


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a sentence mentions."""

    text: str
    telling: frozenset[str]
    rooms: frozenset[str]
    words_of_rooms: frozenset[str]
    about: frozenset[str]
    """Ids of the devices that it refers back to."""


_REFERRING: Final = frozenset(
    "it that them those they these too also as well same again back other both more less undo bit little "
    "brighter dimmer warmer cooler faster slower and".split()
)


def _score(device: Device, heard: _Heard) -> float:
    """How much speaks for ``device``; 0 when nothing does."""
    names = frozenset[str]().union(*(_words(name) for name in device.names)) - _COMMON
    kinds = _kind_words(device)
    own = names - kinds - _words(device.area or "") - heard.words_of_rooms
    score = _NAME * len(heard.telling & own) + _LIKE * sum(
        _misheard(word, heard.telling) for word in own - heard.telling
    )
    if any(_run_together(heard.text, name) for name in device.names):
        score += _NAME
    kind = _KIND if heard.telling & kinds else _NAMED_KIND if heard.telling & names & _ALL_KINDS else 0.0
    if _in_room(device, names, heard):
        return score + _AREA + kind
    if heard.rooms and not score:
        kind = 0.0  # another room was named
    return score + kind + (_BEFORE if device.id in heard.about else 0.0)


def _in_room(device: Device, names: frozenset[str], heard: _Heard) -> bool:
    """Whether it is in a room that was named; what is in none may bear the room in its name."""
    if device.area is not None:
        return device.area in heard.rooms
    return any(_words(room) <= names for room in heard.rooms)


def _kind_words(device: Device) -> frozenset[str]:
    return _KIND_WORDS.get(device.domain, frozenset()) | _KIND_WORDS.get(
        f"{device.domain}:{device.device_class}", frozenset()
    )


def _mentions(telling: frozenset[str], text: str, area: str) -> bool:
    """Whether ``area`` is named: by all of its telling words, misheard or run together if need be."""
    words = _words(area) - _COMMON
    heard = all(word in telling or _misheard(word, telling) for word in words)
    return bool(words) and (heard or _run_together(text, area))


def _misheard(word: str, telling: frozenset[str]) -> bool:
    return len(word) >= _SHORTEST and any(
        len(other) >= _SHORTEST and fuzz.ratio(word, other) >= _ALIKE for other in telling
    )


def _run_together(text: str, name: str) -> bool:
    """``livingroom`` for Living Room, ``bed lamp`` for Bedlamp."""
    squashed = re.sub(r"\W+", "", name.casefold())
    return len(squashed) > _SHORTEST and squashed in re.sub(r"\W+", "", text.casefold())


def _words(text: str) -> frozenset[str]:
    """Lower-case words, plurals folded to singulars."""
    words = re.findall(r"\w+", text.casefold())
    return frozenset(word.removesuffix("s") if len(word) >= _SHORTEST else word for word in words)


_KIND_WORDS: Final = {kind: _words(words) for kind, words in _KINDS.items()}
_ALL_KINDS: Final = frozenset[str]().union(*_KIND_WORDS.values())
