"""Which devices a sentence is about. Pure: slots and a list of devices in, devices out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.devices import Device
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question

_BEFORE_WINDOWS: Final = frozenset({"blind", "curtain", "shade", "shutter"})


@dataclass(frozen=True, slots=True)
class Targets:
    """The devices meant."""

    devices: tuple[Device, ...]
    ambiguous: bool = False
    """Several bear the name that was said, and nothing tells which is meant: ask, don't act."""


def resolve(intent: Intent, origin: Origin, devices: Sequence[Device], domains: frozenset[str]) -> Targets:
    """Devices of ``domains`` that fit the slots name, area, floor, domain and device_class of ``intent``.

    A name that several devices bear means the one in the asker's room, if there is just one.
    """
    able = [device for device in devices if device.domain in domains]
    wanted = [device for device in able if _fits(device, intent)]
    if not wanted and str(intent.slots.get("device_class", "")).casefold() in _BEFORE_WINDOWS:
        # What hangs before a window has many names, and people don't ask which one the device has.
        loose = replace(intent, slots={key: value for key, value in intent.slots.items() if key != "device_class"})
        wanted = [device for device in able if device.device_class in _BEFORE_WINDOWS and _fits(device, loose)]
    if "name" not in intent.slots or len(wanted) <= 1:
        return Targets(tuple(wanted))
    here = [device for device in wanted if origin.area and _same(device.area, origin.area)]
    if len(here) == 1:
        return Targets(tuple(here))
    return Targets(tuple(wanted), ambiguous=True)


def which_one(targets: Targets, intent: Intent) -> Outcome:
    """Several devices bear the name that ``intent`` has: a question instead of a guess."""
    names = sorted({device.name for device in targets.devices})
    places = sorted(device.area or device.id for device in targets.devices)
    slot, choices = ("name", names) if len(names) == len(targets.devices) else ("area", places)
    say = Phrase("which_one", {"name": intent.slots.get("name", names[0]), "places": choices})
    # Of namesakes in one room, or in none, no answer could tell one from the other.
    answerable = slot == "name" or len({device.area for device in targets.devices if device.area}) == len(places)
    question = Question(intent, slot, tuple(choices)) if answerable else None
    return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=question)


def no_such_device(intent: Intent) -> Outcome:
    """The house has nothing that fits the slots."""
    return Outcome(OutcomeKind.FAILED, Phrase("no_such_device", {"slots": dict(intent.slots)}))


def _fits(device: Device, intent: Intent) -> bool:
    slots = intent.slots
    name, area, floor = slots.get("name"), slots.get("area"), slots.get("floor")
    domain = slots.get("domain", intent.domain)
    device_class = slots.get("device_class")
    return (
        (name is None or any(_same(known, name) for known in (device.name, *device.aliases)))
        and (area is None or _same(device.area, area))
        and (floor is None or _same(device.floor, floor))
        and (domain is None or device.domain == domain)
        and (device_class is None or _same(device.device_class, device_class))
    )


def _same(known: str | None, said: object) -> bool:
    return known is not None and known.casefold().strip() == str(said).casefold().strip()
