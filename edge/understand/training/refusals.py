"""Scenes in which the house is to do nothing."""

import random

from edge.devices import Device
from edge.understand.training import saying
from edge.understand.training.asking import VERB, Said, patterns_of, pick, polite, some_value, spelt, verbs_for
from edge.understand.training.homes import Home, random_home
from edge.understand.training.mentions import mention, place


def absent(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """A command for a thing that another house has."""
    other = random_home(chance)
    picked = pick(chance, other)
    if picked is None:
        return None
    device = picked[0]
    if any(_confusable(device, d) for d in home.known):
        return None
    name = chance.choice((f"the {device.name.lower()}", device.name.lower()))
    value = some_value(chance, picked[1])
    text = chance.choice(patterns_of(picked[1], device)).format(x=name, v=spelt(chance, value) if value else "")
    return Said(polite(chance, text), home, (), here)


def _confusable(absent: Device, present: Device) -> bool:
    """Whether a person could mean ``present`` by the name of ``absent``."""
    words = set(absent.name.lower().split())
    if words & set(present.name.lower().split()) - set((absent.area or "").lower().split()):
        return present.area == absent.area or absent.area is None or (absent.area.lower() not in absent.name.lower())
    return present.domain == absent.domain and present.area == absent.area


def unable(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """Something that the thing cannot do."""
    device = chance.choice(home.known)
    possible = {verb.word for verb in verbs_for(device)}
    likely = {
        "light": ("brightness", "color", "lock", "open"), "switch": ("brightness", "color", "lock", "temperature"),
        "fan": ("color", "temperature", "lock"), "cover": ("color", "position", "lock"),
        "lock": ("color", "brightness"), "sensor": ("on", "temperature", "color"), "binary_sensor": ("color", "lock"),
        "climate": ("color", "lock", "open"),
    }.get(device.domain, ("color",))  # fmt: skip
    words = [word for word in likely if word not in possible]
    thing = mention(chance, device, home, here)
    if not words or thing is None:
        return None
    verb = VERB[chance.choice(words)]
    value = some_value(chance, verb)
    text = chance.choice(saying.COMMANDS[verb.word]).format(x=thing, v=spelt(chance, value) if value else "")
    return Said(polite(chance, text), home, (), here)


def not_meant(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """A thing of the house is spoken of, and nothing asked."""
    device = chance.choice(home.known)
    thing = mention(chance, device, home, here)
    return Said(chance.choice(saying.NOT_MEANT).format(x=thing), home, (), here) if thing else None


def talk(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """Talk that may share a word with the house."""
    areas = list(home.areas())
    if not areas:
        return None
    area = chance.choice(areas)
    text = chance.choice(saying.TALK).format(area=area.lower(), here=place(chance, area, here))
    return Said(text, home, (), here)
