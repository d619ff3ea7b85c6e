"""The little language in which the local model answers: calls on things that exist, and ``none``.

``on Bed Lamp`` · ``brightness Spots 40; off all lights in Kitchen`` · ``warmer Thermostat by 2`` · ``none``

What the model may write is made from the devices that the sentence could be about, so a device that does not exist
cannot be named and a lamp cannot be locked. Pure: devices and text in, grammar and intents out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.devices import Device
from edge.intents import Intent, SlotValue
from edge.understand.llm_verbs import COLORS, MODES, VERBS, WHITES, Verb

NONE: Final = "none"
"""What the model writes when nothing here is meant."""
MOST_CALLS: Final = 4
_STEP: Final = " by "
_BETWEEN: Final = "; "


_PLURALS: Final = {"light": "lights", "switch": "switches", "fan": "fans", "cover": "covers", "lock": "locks"}
"""Kinds of which one may mean them all."""
_RULES: Final = "\n".join(
    (
        'percent ::= [1-9] [0-9]? | "0" | "100"',
        'degrees ::= [1-9] [0-9]? ".5"?',
        "color ::= " + " | ".join(f'"{color}"' for color in COLORS),
        "white ::= " + " | ".join(f'"{white}"' for white in WHITES),
        "mode ::= " + " | ".join(f'"{mode}"' for mode in MODES),
        'step ::= ("' + _STEP + '" percent)?',
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a call can be about: a device, or all of a kind in a room or in the house."""

    label: str
    """What the model calls it."""
    devices: tuple[Device, ...]
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    """The slots that say the same in an intent."""
    domain: str = ""

    @property
    def group(self) -> bool:
        """Whether all of a kind are meant."""
        return "name" not in self.slots


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that the model wants done."""

    verb: Verb
    target: Target
    value: str | None = None
    """As it was written: a number, a colour, a white; of a relative verb how far, or None."""

    def __str__(self) -> str:
        separator = _STEP if self.verb.step else " "
        return f"{self.verb.word} {self.target.label}" + (f"{separator}{self.value}" if self.value else "")


def targets(devices: Sequence[Device], everything: Sequence[Device], floors: Sequence[str] = ()) -> tuple[Target, ...]:
    """What there is to call: ``devices`` one by one, then their kinds by room, and on ``floors`` or in the whole house.

    ``everything``: all devices of the house, of which ``devices`` are some.
    """
    ones = [_one(device, everything) for device in devices]
    kinds = [d for d in devices if d.domain in _PLURALS]
    domains = dict.fromkeys(d.domain for d in kinds)
    rooms = dict.fromkeys((d.domain, d.area) for d in kinds if d.area)
    groups = [_group(domain, everything, area=area) for domain, area in rooms]
    # Whoever names a floor does not mean the whole house.
    groups += [_group(domain, everything, floor=floor) for domain in domains for floor in floors or (None,)]
    known: dict[str, Target] = {}
    for target in [*ones, *groups]:
        if target.label and not (target.group and len(target.devices) < 2):  # noqa: PLR2004 - a group is several
            known.setdefault(target.label, target)
    return tuple(known.values())


def plain(text: str) -> str:
    """``text`` as a single line that ends neither a call nor its part of the prompt."""
    return re.sub(r"<\||\|>|;|\s+|[\x00-\x1f]", " ", text).strip()


def _one(device: Device, everything: Sequence[Device]) -> Target:
    twin = any(d is not device and plain(d.name).casefold() == plain(device.name).casefold() for d in everything)
    slots: dict[str, SlotValue] = {"name": device.name}
    label = plain(device.name)
    if twin and device.area:
        slots["area"] = device.area
        label = f"{label} in {plain(device.area)}"
    return Target(label, (device,), slots, device.domain)


def _group(domain: str, everything: Sequence[Device], *, area: str | None = None, floor: str | None = None) -> Target:
    devices = [d for d in everything if d.domain == domain and area in (None, d.area) and floor in (None, d.floor)]
    slots: dict[str, SlotValue] = {"domain": domain}
    slots |= {name: place for name, place in (("area", area), ("floor", floor)) if place}
    place = area or floor
    return Target(f"all {_PLURALS[domain]}" + (f" in {plain(place)}" if place else ""), tuple(devices), slots, domain)


def able(verb: Verb, target: Target) -> bool:
    """Whether ``verb`` makes sense for ``target``."""
    if target.domain not in verb.domains or (target.group and not verb.groups):
        return False
    return verb.needs is None or any(verb.needs in device.abilities for device in target.devices)


def choices(known: Sequence[Target], verbs: Sequence[Verb] = VERBS) -> list[tuple[Verb, list[Target]]]:
    """Each verb with the targets it makes sense for; verbs without any are left out."""
    possible = [(verb, [target for target in known if able(verb, target)]) for verb in verbs]
    return [(verb, fit) for verb, fit in possible if fit]


def gbnf(possible: Sequence[tuple[Verb, list[Target]]]) -> str:
    """llama.cpp's grammar of exactly these calls, one or several, and ``none``."""
    calls = " | ".join(f"c{number}" for number in range(len(possible)))
    rules = [f'root ::= "{NONE}" | call ("{_BETWEEN}" call){{0,{MOST_CALLS - 1}}}', f"call ::= {calls}"]
    for number, (verb, fit) in enumerate(possible):
        labels = " | ".join(_literal(target.label) for target in fit)
        value = " step" if verb.step else f' " " {verb.value}' if verb.value else ""
        rules.append(f"c{number} ::= {_literal(verb.word + ' ')} ({labels}){value}")
    return "\n".join([*rules, _RULES])


def parse(text: str, known: Sequence[Target], verbs: Sequence[Verb] = VERBS) -> tuple[Call, ...]:
    """The calls that ``text`` consists of; none of them when one is unfinished or makes no sense."""
    parsed = [_call(part, {target.label: target for target in known}, verbs) for part in text.strip().split(_BETWEEN)]
    calls = tuple(dict.fromkeys(str(call) for call in parsed if call))
    found = {str(call): call for call in parsed if call}
    return tuple(found[call] for call in calls) if None not in parsed and len(parsed) <= MOST_CALLS else ()


def _call(text: str, known: Mapping[str, Target], verbs: Sequence[Verb]) -> Call | None:
    word, _, rest = text.partition(" ")
    for verb in verbs:
        if verb.word != word:
            continue
        label, value = _divided(rest, verb, known)
        if (target := known.get(label)) is not None and able(verb, target) and _allowed(verb, value):
            return Call(verb, target, value)
    return None


def _divided(rest: str, verb: Verb, known: Mapping[str, Target]) -> tuple[str, str | None]:
    if verb.step and rest in known:
        return rest, None
    if not (verb.step or verb.value):
        return rest, None
    label, found, value = rest.rpartition(_STEP if verb.step else " ")
    return label, value if found else None


def _allowed(verb: Verb, value: str | None) -> bool:
    if verb.value is None and verb.step == 0:
        return value is None
    if value is None:
        return verb.step != 0
    patterns = {
        "color": "|".join(COLORS),
        "white": "|".join(WHITES),
        "mode": "|".join(MODES),
        "degrees": r"[1-9]\d?(\.5)?",
    }
    return re.fullmatch(patterns.get(verb.value or "", r"[1-9]\d?|0|100"), value) is not None


def intent_of(call: Call) -> Intent:
    """What ``call`` means."""
    verb, slots = call.verb, dict(call.target.slots)
    if verb.slot is not None:
        slots[verb.slot] = _slot(verb, call.value)
    form = "one" if verb.word == "read" else "default"
    return Intent(verb.intent, slots, form, call.target.domain if "name" in slots else None)


def _slot(verb: Verb, value: str | None) -> SlotValue:
    if verb.step:
        return (_number(value) if value else abs(verb.step)) * (1 if verb.step > 0 else -1)
    if value is None or verb.value == "color":
        return str(value)
    if verb.value == "mode":
        return MODES[value]
    return WHITES[value] if verb.value == "white" else _number(value)


def written(meant: Sequence[Intent], known: Sequence[Target], verbs: Sequence[Verb] = VERBS) -> str:
    """``meant`` in the language of calls, as far as it can be said of the targets ``known``; may be empty."""
    return _BETWEEN.join(str(call) for intent in meant if (call := _as_call(intent, known, verbs)) is not None)


def _as_call(intent: Intent, known: Sequence[Target], verbs: Sequence[Verb]) -> Call | None:
    for verb in verbs:
        value = intent.slots.get(verb.slot) if verb.slot else None
        if verb.intent != intent.name or (verb.slot and value is None):
            continue
        if verb.step and not (isinstance(value, int | float) and value * verb.step > 0):
            continue
        said = _in_words(verb, value)
        for target in known:
            if _same(target, intent) and able(verb, target) and _allowed(verb, said):
                return Call(verb, target, said)
    return None


def _same(target: Target, intent: Intent) -> bool:
    """Whether the slots of ``intent`` mean ``target``, as far as they go."""
    if target.group == ("name" in intent.slots) or intent.slots.get("domain", target.domain) != target.domain:
        return False
    return all(intent.slots.get(slot, named) == named for slot, named in target.slots.items() if slot != "domain")


def _in_words(verb: Verb, value: SlotValue | None) -> str | None:
    if verb.value == "white":
        return next((name for name, kelvin in WHITES.items() if kelvin == value), None)
    if verb.value == "mode":
        return next((name for name, mode in MODES.items() if mode == value), None)
    if not isinstance(value, int | float):
        return value
    return None if value == verb.step else f"{abs(value):g}"


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
