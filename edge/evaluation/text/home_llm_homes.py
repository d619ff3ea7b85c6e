"""The houses that home_llm's sentences speak about, which come with nothing but a device's id or a blank for its name.

A device is called what its id says, as the sentence says it: ``light.bedroom_master`` in "the master bedroom light"
is the Master Bedroom Light in the Master Bedroom. Beside it stands one device of each kind in a room that no sentence
names, so that the wrong one can be moved.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from edge.devices import Device, DeviceState, Value
from edge.evaluation.fixtures import Furniture, furniture

_ELSEWHERE: Final = "Observatory"
_ELSEWHERE_NOUNS: Final[Mapping[str, str]] = {
    "light": "Light",
    "fan": "Fan",
    "switch": "Plug",
    "lock": "Door",
    "vacuum": "Vacuum",
    "blinds": "Blinds",
    "garage_door": "Garage Door",
}
"""No thermostat: who speaks of "the temperature" has one."""
DOMAINS: Final[Mapping[str, tuple[str, str | None]]] = {
    "light": ("light", None),
    "fan": ("fan", None),
    "switch": ("switch", None),
    "lock": ("lock", None),
    "vacuum": ("vacuum", None),
    "climate": ("climate", None),
    "humidifier": ("humidifier", None),
    "blinds": ("cover", "blind"),
    "garage_door": ("cover", "garage"),
}
"""home_llm's kinds as our domain and device class; its others are no devices on MQTT."""
_MODES: Final = ("off", "heat", "cool", "auto")
_NOUNS: Final[Mapping[str, str]] = {
    "light": "light",
    "fan": "fan",
    "blinds": "blinds",
    "vacuum": "vacuum",
}
"""What an id of that kind leaves unsaid."""
_ROBOTS: Final = frozenset({"bb8", "c3po", "r2d2", "hal"})
_NOWHERE: Final = frozenset({"lock", "garage_door"})
"""Kinds whose ids name the thing, not a room."""
_THINGS: Final = frozenset(
    "lamp lamps light lights lighting chandelier fan vacuum door gate window blinds dimmer heater thermostat sensor "
    "switch system spots spotlights floodlight floodlights worklight nightlight sconce sconces lanterns camera".split()
)
"""Words that say what a device is rather than where."""
SAID: Final[Mapping[str, Sequence[str]]] = {
    "light": ("Desk Lamp", "Porch Light", "Reading Light"),
    "fan": ("Ceiling Fan", "Attic Fan", "Desk Fan"),
    "switch": ("Coffee Machine", "Heater", "Fountain Pump"),
    "lock": ("Front Door", "Back Door", "Garden Gate"),
    "vacuum": ("Rosie", "Rover", "Dusty"),
    "climate": ("Thermostat", "Bedroom Thermostat", "Heat Pump"),
    "humidifier": ("Humidifier", "Bedroom Humidifier", "Office Humidifier"),
    "blinds": ("Bedroom Blinds", "Kitchen Blinds", "Office Blinds"),
    "garage_door": ("Left Garage Door", "Right Garage Door", "Main Garage Door"),
    "todo": ("shopping list", "shopping list", "shopping list"),
    "timer": ("kitchen timer", "kitchen timer", "kitchen timer"),
}
"""What fills a sentence's first, second and third blank for a device of that kind."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A device of home_llm."""

    kind: str
    name: str
    area: str | None = None
    state: DeviceState = field(default_factory=DeviceState)


def thing(kind: str, object_id: str, sentence: str) -> Thing:
    """The device of that id, called as ``sentence`` calls it."""
    heard = re.findall(r"[\w']+", sentence.casefold().replace("’", "'"))
    words = [_as_heard(word, heard) for word in re.sub(r"\d+$", "", object_id.casefold()).strip("_").split("_")]
    if kind == "switch":
        words = _without_maker(words, heard)
    if (parted := _parted(words, heard)) is not None:
        name, place = parted
        return Thing(kind, _title(name), _title(place))
    in_order = sorted(words, key=lambda word: heard.index(word) if word in heard else 0)
    if " ".join(in_order) in " ".join(heard):
        words = in_order
    of_person = any("'" in word for word in words)
    places = [word for word in words if word not in _THINGS]
    area = None if of_person or not places or kind in _NOWHERE else _title(places)
    return Thing(kind, _title(_counted(_with_noun(kind, words, heard), object_id, heard)), area)


def _without_maker(words: list[str], heard: Sequence[str]) -> list[str]:
    """Ids of plugs begin with their maker's name, which nobody says; they end as their maker calls them."""
    known = [number for number, word in enumerate(words) if word in heard]
    if not known:
        return words
    last = heard.index(words[known[-1]])
    said = [word for word in heard[last + 1 :][:2] if word in _THINGS or word == "room"]
    return [*words[known[0] : known[-1] + 1], *("lights" if word == "lighting" else word for word in said)]


def _parted(words: Sequence[str], heard: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """The thing and its room, where the sentence says them apart: "the desk lamp in my office"."""
    before = next((number for number, word in enumerate(heard) if word in ("in", "on", "at")), None)
    if before is None or not all(word in heard for word in words):
        return None
    name = [word for word in heard[:before] if word in words]
    place = [word for word in heard[before:] if word in words]
    return (name, place) if place and len(name) > 1 and name[-1] in _THINGS else None


def _with_noun(kind: str, words: list[str], heard: Sequence[str]) -> list[str]:
    """The words with that for its kind, if they lack it."""
    if words[-1] in _THINGS or (kind == "vacuum" and _is_robot(words)):
        return words
    if kind == "garage_door":
        return [*words, "garage", *(["door"] if "door" in heard else [])]
    return [*words, _NOUNS[kind]] if kind in _NOUNS else words


def _counted(words: list[str], object_id: str, heard: Sequence[str]) -> list[str]:
    """``bedroom2`` is the second bedroom, or bedroom two, if that was said."""
    if not object_id[-1].isdigit():
        return words
    if "second" in heard:
        return ["second", *words]
    number = next((word for word in ("one", "two") if word in heard), None)
    return [words[0], number, *words[1:]] if number else words


def home_of(things: Sequence[Thing]) -> Furniture:
    """A house with ``things``, in that order, and one of each kind elsewhere."""
    elsewhere = [Thing(kind, f"{_ELSEWHERE} {noun}", _ELSEWHERE) for kind, noun in _ELSEWHERE_NOUNS.items()]
    made = furniture({"entities": [_entity(each) for each in (*things, *elsewhere)]})
    states = {
        device.id: each.state if number < len(things) else _idle(device)
        for number, (device, each) in enumerate(zip(made.devices, (*things, *elsewhere), strict=True))
    }
    return replace(made, states=states)


def _idle(device: Device) -> DeviceState:
    levels: dict[str, Value] = {"percentage": 50} if device.domain == "fan" else {}
    value = {"cover": "closed", "lock": "locked", "vacuum": "docked", "climate": "heat"}.get(device.domain, "off")
    return DeviceState(value, levels)


def _entity(each: Thing) -> dict[str, Any]:
    domain, device_class = DOMAINS[each.kind]
    attributes = {"device_class": device_class} if device_class else {}
    if domain == "climate":
        attributes = {"unit_of_measurement": "°F"}
    options = _MODES if domain == "climate" else ()
    entity = {"name": each.name, "domain": domain, "area": each.area}
    return {**entity, "attributes": attributes, "options": options}


def _as_heard(word: str, heard: Sequence[str]) -> str:
    """``peters`` is "Peter's" where that was said; the digits of a robot's name are part of it."""
    if (robot := next((each for each in heard if each in _ROBOTS and each.startswith(word)), None)) is not None:
        return robot
    return next((each for each in heard if "'" in each and each.replace("'", "") == word), word)


def _is_robot(words: Sequence[str]) -> bool:
    """Some robots have names of their own."""
    return len(words) == 1 and words[0] in _ROBOTS


def _title(words: Sequence[str]) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in words)
