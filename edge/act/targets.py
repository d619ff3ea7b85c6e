"""Which devices a sentence is about. Pure: slots and a list of devices in, devices out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.devices import Device, same_name
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question

_BEFORE_WINDOWS: Final = frozenset({"blind", "curtain", "shade", "shutter"})
_LIKE: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_BEFORE_WINDOWS, _BEFORE_WINDOWS),
    "door": frozenset({"garage", "garage_door"}),
    "garage": frozenset({"garage_door", "door"}),
}
"""What people mean by a class when nothing is of that very class: nobody asks what a blind calls itself."""
_SWITCHED: Final = frozenset({"light", "switch", "fan", "media_player"})
"""Kinds that "turn everything off" means; a house is not unlocked or opened by it."""
_THING_FIRST: Final = tuple(
    "cover lock valve light climate water_heater fan vacuum lawn_mower humidifier siren"
    " alarm_control_panel switch".split()
)
"""Kinds that are the thing itself; what else bears its name in its room only tells of it."""
_EXCEPT: Final = {"except_name": "name", "except_area": "area", "except_floor": "floor"}


@dataclass(frozen=True, slots=True)
class Targets:
    """The devices meant."""

    devices: tuple[Device, ...]
    ambiguous: bool = False
    """Several bear the name that was said, and nothing tells which is meant: ask, don't act."""


def resolve(intent: Intent, origin: Origin, devices: Sequence[Device], domains: frozenset[str]) -> Targets:
    """Devices of ``domains`` that fit the slots name, area, floor, domain, device_class, everything and except_….

    A name that several devices bear means the one in the asker's room, if there is just one; and within a room the
    thing itself rather than the sensors that belong to it.
    """
    if intent.slots.get("everything"):
        domains &= _SWITCHED
    able = [device for device in devices if device.domain in domains and not _excepted(device, intent)]
    wanted = [device for device in able if _fits(device, intent)] or _alike(able, intent)
    if "name" not in intent.slots or len(wanted) <= 1:
        return Targets(tuple(wanted))
    here = [device for device in wanted if origin.area and same_name(device.area, origin.area)] or wanted
    if len({device.area for device in here}) == 1:
        here = _thing_itself(here)
    return Targets(tuple(here)) if len(here) == 1 else Targets(tuple(wanted), ambiguous=True)


def which_one(targets: Targets, intent: Intent) -> Outcome:
    """Several devices fit ``intent`` where one is meant: a question instead of a guess."""
    names = sorted({device.name for device in targets.devices})
    places = sorted(device.area or device.id for device in targets.devices)
    slot, choices = ("name", names) if len(names) == len(targets.devices) else ("area", places)
    # Of namesakes in one room, or in none, no answer could tell one from the other.
    answerable = slot == "name" or len({device.area for device in targets.devices if device.area}) == len(places)
    question = Question(intent, slot, tuple(choices)) if answerable else None
    said = intent.slots.get("name")
    say = (
        Phrase("which_device", {"names": choices})
        if said is None
        else Phrase("which_one", {"name": said, "places": choices})
    )
    return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=question)


def no_such_device(intent: Intent) -> Outcome:
    """The house has nothing that fits the slots."""
    return Outcome(OutcomeKind.FAILED, Phrase("no_such_device", {"slots": dict(intent.slots)}))


def beside(intent: Intent, devices: Sequence[Device], domain: str) -> tuple[Device, ...]:
    """Devices of ``domain`` that belong to what is named: "the plug" for its "Plug Firmware". All, where none is."""
    found = [device for device in devices if device.domain == domain]
    if (name := intent.slots.get("name")) is None:
        return tuple(found)
    said = str(name).casefold().strip()
    owners = [device for device in devices if device.is_called(name)]
    areas = {device.area for device in owners}
    begin = {device.name.casefold() for device in owners} | {said}
    return tuple(
        device
        for device in found
        if (not areas or device.area in areas) and any(_begins(device.name.casefold(), start) for start in begin)
    )


def _begins(name: str, start: str) -> bool:
    return name == start or name.startswith(f"{start} ")


def without(intent: Intent, *slots: str) -> Intent:
    """``intent`` as if ``slots`` had not been filled."""
    return replace(intent, slots={key: value for key, value in intent.slots.items() if key not in slots})


def _alike(able: Sequence[Device], intent: Intent) -> list[Device]:
    """Devices of a class that people call by the name of the one that was said."""
    like = _LIKE.get(str(intent.slots.get("device_class", "")).casefold(), frozenset())
    loose = without(intent, "device_class")
    return [device for device in able if device.device_class in like and _fits(device, loose)]


def _thing_itself(devices: list[Device]) -> list[Device]:
    for domain in _THING_FIRST:
        if found := [device for device in devices if device.domain == domain]:
            return found
    return devices


def _fits(device: Device, intent: Intent) -> bool:
    slots = intent.slots
    name, area, floor = slots.get("name"), slots.get("area"), slots.get("floor")
    domain = slots.get("domain", intent.domain)
    device_class = slots.get("device_class")
    return (
        # What is beside the point of its device is meant by whoever names it, and by nobody who means a room.
        (device.is_called(name) if name is not None else device.category is None)
        and (area is None or same_name(device.area, area))
        and (floor is None or same_name(device.floor, floor))
        and (domain is None or device.domain == domain)
        and (device_class is None or same_name(device.device_class, device_class))
    )


def _excepted(device: Device, intent: Intent) -> bool:
    return any(
        device.is_called(value) if by == "name" else same_name(getattr(device, by), value)
        for slot, by in _EXCEPT.items()
        for value in str(intent.slots.get(slot, "")).split("\n")
        if value
    )
