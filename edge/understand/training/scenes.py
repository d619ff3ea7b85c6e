"""Scenes in which something is asked of a house."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edge.devices import Device
from edge.understand.llm_calls import Target, able
from edge.understand.llm_verbs import VERBS, Verb
from edge.understand.training import saying
from edge.understand.training.asking import VERB, Said, Wanted, phrased, pick, polite, some_value, spelt, verbs_for
from edge.understand.training.homes import Home
from edge.understand.training.mentions import kinds_of, mention, mention_all, place

_STRUNG: Final = (
    (" ", " and "),
    (" ", " and "),
    (" ", " "),
    (", ", " and "),
    (", ", ", "),
    (" and ", " and "),
    (" then ", " then "),
    (" ", " and then "),
    (". ", ". "),
)
"""What stands between commands, and before the last."""


def one(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """One thing asked of one device."""
    picked = pick(chance, home)
    put = picked and phrased(chance, home, here, *picked)
    if not put:
        return None
    return Said(polite(chance, put[0], asks=put[1].verb == "read"), home, (put[1],), here)


def read(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """A question about a device."""
    device = chance.choice(home.known)
    if VERB["read"] not in verbs_for(device):
        return None
    put = phrased(chance, home, here, device, VERB["read"])
    return Said(polite(chance, put[0], asks=True), home, (put[1],), here) if put else None


def several(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """Two to four commands in a sentence; recognisers write no commas."""
    parts = [pick(chance, home) for _ in range(chance.choice((2, 2, 2, 3, 3, 3, 4)))]
    if len({part[0].id for part in parts if part}) < len(parts):
        return None
    if chance.random() < 0.35 and parts[0]:
        return _same_of_several(chance, home, here, [part[0] for part in parts if part], parts[0][1])
    put = [part and phrased(chance, home, here, *part) for part in parts]
    if not all(put):
        return None
    said = [part[0] for part in put if part]
    between, last = chance.choice(_STRUNG)
    text = f"{between.join(said[:-1])}{last}{said[-1]}"
    return Said(polite(chance, text), home, tuple(part[1] for part in put if part), here)


def _same_of_several(
    chance: random.Random, home: Home, here: str | None, devices: Sequence[Device], verb: Verb
) -> Said | None:
    if any(verb not in verbs_for(device) for device in devices):
        return None
    things = [mention(chance, device, home, here) for device in devices]
    if not all(things):
        return None
    value = some_value(chance, verb)
    both = chance.choice(("", "", "both ")) if len(things) == 2 else ""
    listed = both + chance.choice((", ", " ")).join(str(thing) for thing in things[:-1]) + f" and {things[-1]}"
    text = chance.choice(saying.COMMANDS[verb.word]).format(x=listed, v=spelt(chance, value) if value else "")
    return Said(polite(chance, text), home, tuple(Wanted(verb.word, device, value) for device in devices), here)


def group(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """A command for all of a kind."""
    kinds = kinds_of(home.known)
    if not kinds:
        return None
    domain, area = chance.choice(kinds)
    devices = tuple(d for d in home.known if d.domain == domain and area in (None, d.area))
    whole = Target("", devices, {"domain": domain}, domain)
    verbs = [verb for verb in VERBS if verb.groups and able(verb, whole)]
    verb = chance.choices(verbs, [3.0 if verb.word in ("on", "off") else 1.0 for verb in verbs])[0]
    thing = mention_all(chance, domain, area, here)
    if verb.word in ("on", "off") and area and 3 <= len(devices) <= 4 and chance.random() < 0.4:
        return _except(chance, home, here, devices, verb, thing)
    value = some_value(chance, verb)
    text = chance.choice(saying.COMMANDS[verb.word]).format(x=thing, v=spelt(chance, value) if value else "")
    return Said(polite(chance, text), home, (Wanted(verb.word, None, value, domain, area),), here)


def _except(
    chance: random.Random, home: Home, here: str | None, devices: Sequence[Device], verb: Verb, thing: str
) -> Said | None:
    spared = chance.choice(devices)
    text = chance.choice(saying.COMMANDS[verb.word][:4]).format(x=thing)
    text += f" {chance.choice(('except', 'but not', 'apart from', 'all but'))} {spared.name.lower()}"
    return Said(text, home, tuple(Wanted(verb.word, d) for d in devices if d is not spared), here)


def wish(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """What somebody wants without saying what is to be done."""
    (domain, word), patterns = chance.choice(list(saying.WISHES.items()))
    verb = VERB[word]
    area = chance.choice([d.area for d in home.known if d.domain == domain] or [None])
    able_there = [
        d
        for d in home.known
        if d.domain == domain and d.area == area and verb in verbs_for(d)
        and (domain != "sensor" or d.device_class == "temperature")
    ]  # fmt: skip
    if not able_there or (domain != "light" and len(able_there) > 1):
        return None
    if area is None and here is not None:
        return None
    alone = sum(d.domain == domain for d in home.known) == len(able_there)
    if not alone and chance.random() < 0.5:
        here = area
    text = chance.choice(patterns).format(here=place(chance, area, here) if not alone or here is None else "").strip()
    if area != here and not alone and str(area).lower() not in text:
        return None
    wanted = Wanted(word, able_there[0]) if len(able_there) == 1 else Wanted(word, None, None, domain, area)
    return Said(text, home, (wanted,), here)


def follow(chance: random.Random, home: Home, here: str | None) -> Said | None:
    """Something that makes sense only after what was said before."""
    before = one(chance, home, here)
    if before is None or before.wanted[0].device is None:
        return None
    first = before.wanted[0]
    device = before.wanted[0].device
    assert device is not None
    others = [d for d in home.known if d is not device and d.domain == device.domain]
    if others and chance.random() < 0.35:
        other = chance.choice(others)
        thing = mention(chance, other, home, here)
        if thing is None or VERB[first.verb] not in verbs_for(other):
            return None
        pattern = chance.choice(("and {x}", "{x} too", "and {x} too", "the same for {x}", "also {x}", "{x} as well",
                                 "no i meant {x}", "now {x}", "and {x} as well please", "same with {x}"))  # fmt: skip
        return Said(pattern.format(x=thing), home, (replace(first, device=other),), here, before)
    back = {"on": "off", "off": "on", "open": "close", "close": "open", "lock": "unlock", "brighter": "dimmer",
            "dimmer": "brighter", "warmer": "cooler", "cooler": "warmer"}  # fmt: skip
    if first.verb in back and chance.random() < 0.3:
        text = chance.choice(("undo that", "no turn it back", "turn it back", "undo it", "put it back like it was"))
        return Said(text, home, (Wanted(back[first.verb], device),), here, before)
    verb = chance.choice([verb for verb in verbs_for(device) if verb.word != first.verb] or [VERB[first.verb]])
    value = some_value(chance, verb)
    pattern = chance.choice(saying.COMMANDS[verb.word])
    text = pattern.format(x=chance.choice(("it", "that", "that one", "it")), v=spelt(chance, value) if value else "")
    text = polite(chance, text, asks=verb.word == "read")
    return Said(text, home, (Wanted(verb.word, device, value),), here, before)
