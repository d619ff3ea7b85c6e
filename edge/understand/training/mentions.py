"""How people call the things of a house: by name, by kind and room, or by kind alone."""

import random
from collections.abc import Sequence
from typing import Final

from edge.devices import Device
from edge.understand.training.homes import Home

_LOOSELY: Final = 0.12
"""How often a name is not said as it is."""
_KINDS: Final = {
    "light": ("light", "lamp", "light", "lights"), "switch": ("plug", "switch", "outlet"), "fan": ("fan",),
    "lock": ("door", "lock"), "climate": ("heating", "thermostat", "heat", "temperature"),
    "vacuum": ("vacuum", "hoover", "robot"), "valve": ("valve", "water"), "scene": ("scene",),
    "blind": ("blinds", "blind"), "curtain": ("curtains", "curtain", "drapes"), "shade": ("shade", "shades"),
    "shutter": ("shutters",), "awning": ("awning",), "garage": ("garage door", "garage"), "gate": ("gate",),
    "window": ("window",), "temperature": ("temperature", "thermometer"), "humidity": ("humidity",),
    "door": ("door",), "motion": ("motion sensor",), "battery": ("battery",),
}  # fmt: skip
_PLURALS: Final = {
    "light": ("lights", "lamps", "lights"), "switch": ("plugs", "switches", "outlets"), "fan": ("fans",),
    "cover": ("blinds", "covers", "shutters"), "lock": ("locks", "doors"),
}  # fmt: skip
_SAME: Final = (
    ("light", "lamp", "lighting", "bulb"),
    ("lights", "lamps", "lighting"),
    ("blind", "blinds", "shade", "shades"),
    ("curtain", "curtains", "drapes"),
    ("thermostat", "heating", "heater"),
    ("air conditioner", "ac", "air conditioning", "aircon"),
    ("vacuum", "hoover", "vacuum cleaner", "robot"),
    ("plug", "outlet", "socket"),
    ("fan", "ventilator"),
)
"""Words of names that people take for one another."""
GROUPED: Final = frozenset(_PLURALS)
"""Kinds that are mentioned all at once."""


def mention(chance: random.Random, device: Device, home: Home, here: str | None) -> str | None:
    """A way to mean ``device`` and nothing else, said in the room ``here``; None where there is none."""
    ways = [_by_name(chance, device, home, here)] * 3 + [_by_kind(chance, device, home, here)]
    if chance.random() < _LOOSELY:
        ways = [_loosely(chance, device, home)] * 4
    if device.aliases:
        ways.append(device.aliases[0].lower())
    way = chance.choice(ways)
    return way or next(filter(None, ways), None)


def mention_all(chance: random.Random, domain: str, area: str | None, here: str | None) -> str:
    """A way to mean all of a kind in ``area``, or in the whole house."""
    kind = chance.choice(_PLURALS[domain])
    if area is None:
        return chance.choice(
            (
                f"all {kind}",
                f"all the {kind}",
                f"every {domain}",
                f"all the {kind} in the house",
                f"the {kind} everywhere",
                f"all {kind} in the whole house",
            )
        )
    room = _room(area)
    ways = [
        f"the {room} {kind}",
        f"all {room} {kind}",
        f"the {kind} in {_the(room)}",
        f"all the {kind} in {_the(room)}",
        f"every {domain} in {_the(room)}",
        f"{room} {kind}",
        f"both {kind} in {_the(room)}",
    ]
    if area == here:
        ways += [f"the {kind}", f"all the {kind} here", f"the {kind} in here", f"{kind}"]
    return chance.choice(ways)


def place(chance: random.Random, area: str | None, here: str | None) -> str:
    """A way to name the room, nothing at all where it is understood."""
    if area is None:
        return ""
    if area == here and chance.random() < 0.75:
        return chance.choice(("", "in here", "here", "in this room"))
    return f"in {_the(_room(area))}"


def _by_name(chance: random.Random, device: Device, home: Home, here: str | None) -> str | None:
    name = device.name.lower()
    twins = [d for d in home.known if d is not device and d.name.lower() == name]
    article = "" if "'s " in name or chance.random() < 0.25 or " " not in name else "the "
    if device.area:
        room = _room(device.area)
        if twins and (device.area != here or any(twin.area == here for twin in twins)):
            if any(twin.area == device.area for twin in twins):
                return None
            return f"{article}{name} in {_the(room)}"
        if name.startswith(room + " ") and chance.random() < 0.3:
            return f"the {name.removeprefix(room + ' ')} in {_the(room)}"
        if room not in name and chance.random() < 0.2:
            return chance.choice((f"{article}{room} {name}", f"{article}{name} in {_the(room)}"))
    elif twins:
        return None
    return f"{article}{name}"


def _loosely(chance: random.Random, device: Device, home: Home) -> str | None:
    """The name with another word for the same sort of thing, or with a word that is no part of it."""
    name = device.name.lower()
    for words in _SAME:
        for word in words:
            if name.endswith(f" {word}"):
                rest = name.removesuffix(word)
                if any(d is not device and d.name.lower().startswith(rest) for d in home.known):
                    return None
                return f"the {rest}{chance.choice([other for other in words if other != word])}"
    if "'s " in name or any(d is not device and d.name.lower() == name for d in home.known):
        return None
    return chance.choice(("my {}", "our {}", "that {}", "the big {}", "the little {}", "the old {}")).format(name)


def _by_kind(chance: random.Random, device: Device, home: Home, here: str | None) -> str | None:
    words = _KINDS.get(device.device_class or device.domain)
    if words is None:
        return None
    word = chance.choice(words)
    same = [d for d in home.known if _alike(d, device)]
    if len(same) == 1 and chance.random() < 0.5:
        return f"the {word}"
    if device.area is None or sum(d.area == device.area for d in same) > 1:
        return None
    if device.area == here and chance.random() < 0.6:
        return chance.choice((f"the {word}", f"the {word} here", word))
    room = _room(device.area)
    return chance.choice((f"the {room} {word}", f"{room} {word}", f"the {word} in {_the(room)}"))


def _alike(one: Device, other: Device) -> bool:
    """Whether people would use the same word for both."""
    doors = {"lock", "garage", "door", "gate"}
    both = {one.device_class or one.domain, other.device_class or other.domain}
    return one.domain == other.domain or both <= doors


def _room(area: str) -> str:
    return area.lower()


def _the(room: str) -> str:
    return room if "'s " in room else f"the {room}"


def kinds_of(devices: Sequence[Device]) -> list[tuple[str, str | None]]:
    """Kinds of which there are several: by room, and in the whole house."""
    rooms = [(d.domain, d.area) for d in devices if d.domain in GROUPED]
    several = [pair for pair in dict.fromkeys(rooms) if pair[1] and rooms.count(pair) > 1]
    domains = [domain for domain, _ in rooms]
    return [*several, *((domain, None) for domain in dict.fromkeys(domains) if domains.count(domain) > 1)]
