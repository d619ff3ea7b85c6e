"""What a sentence asks for, and the words for it."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from unicode_rbnf import RbnfEngine

from edge.devices import Device
from edge.understand.llm_calls import Target, able
from edge.understand.llm_verbs import COLORS, MODES, VERBS, WHITES, Verb
from edge.understand.training import saying
from edge.understand.training.homes import Home
from edge.understand.training.mentions import mention

VERB: Final = {verb.word: verb for verb in VERBS}
_NUMBERS: Final = RbnfEngine.for_language("en")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sentence asks for, before it is known how the model calls it."""

    verb: str
    device: Device | None
    """None: all of ``domain`` in ``area``."""
    value: str | None = None
    domain: str = ""
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence somewhere in a home, and what it asks for: nothing, where ``wanted`` is empty."""

    text: str
    home: Home
    wanted: tuple[Wanted, ...] = ()
    here: str | None = None
    before: "Said | None" = None


Scene = Callable[[random.Random, Home, str | None], Said | None]
Scenes = Mapping[str, tuple[int, Sequence[Scene]]]
"""By what they teach: how often, and how they are made."""


def polite(chance: random.Random, text: str, *, asks: bool = False) -> str:
    """``text`` as a person of more or fewer words would put it; ``asks``: it is a question."""
    return chance.choice(saying.POLITE_QUESTION if asks else saying.POLITE).format(text)


def spelt(chance: random.Random, value: str) -> str:
    """A number in digits or in words."""
    if not value.isdigit() or chance.random() < 0.5:
        return value.replace(".", " point ") if chance.random() < 0.5 else value
    return _NUMBERS.format_number(int(value)).text.replace("-", " ")


def verbs_for(device: Device) -> list[Verb]:
    """What may be asked of ``device``."""
    return [verb for verb in VERBS if able(verb, Target("", (device,), {"name": device.name}, device.domain))]


def some_value(chance: random.Random, verb: Verb) -> str | None:
    """A value that ``verb`` takes."""
    if verb.value == "percent":
        return str(chance.choice((chance.randint(1, 20) * 5, chance.randint(1, 10) * 10, chance.randint(1, 99))))
    if verb.value == "degrees":
        warm = chance.randint(60, 78) if chance.random() < 0.2 else chance.randint(15, 27)
        return str(warm) + chance.choice(("", "", "", ".5"))
    if verb.value:
        return chance.choice({"color": COLORS, "white": list(WHITES), "mode": list(MODES)}[verb.value])
    return None


def pick(chance: random.Random, home: Home) -> tuple[Device, Verb] | None:
    """A device and what to ask of it; questions are rarer than commands."""
    device = chance.choice(home.known)
    verbs = verbs_for(device)
    weights = [{"read": 0.8, "toggle": 0.3}.get(verb.word, 1.8 if verb.value else 1.0) for verb in verbs]
    return (device, chance.choices(verbs, weights)[0]) if verbs else None


def patterns_of(verb: Verb, device: Device) -> list[str]:
    """How ``verb`` is asked of a device of that kind."""
    known = saying.COMMANDS[verb.word]
    further = saying.READ_OF.get(device.domain, ()) if verb.word == "read" else ()
    return [*known, *further, *further, *further]


def phrased(
    chance: random.Random, home: Home, here: str | None, device: Device, verb: Verb
) -> tuple[str, Wanted] | None:
    """A way to ask ``verb`` of ``device`` in the room ``here``, and what it means."""
    thing = mention(chance, device, home, here)
    if thing is None:
        return None
    value = some_value(chance, verb)
    pattern = chance.choice(patterns_of(verb, device))
    extremes = [(amount, said) for (word, amount), said in saying.EXTREMES.items() if word == verb.word]
    if extremes and chance.random() < 0.25:
        value, patterns = chance.choice(extremes)
        pattern = chance.choice(patterns)
    if verb.step and value is None and chance.random() < 0.15:
        value = str(chance.choice((2, 3) if verb.word in ("warmer", "cooler") else (10, 15, 20, 30)))
        pattern += " by {v}" + ("" if verb.word in ("warmer", "cooler") else " percent")
    text = pattern.format(x=thing, v=spelt(chance, value) if value else "")
    return text, Wanted(verb.word, device, value)
