"""An intent aimed at something else: the same of another room, another kind, another device. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.devices import Device
from edge.intents import Intent, Origin, SlotValue
from edge.ports import Inventory
from edge.understand.referents import TARGETS, Referent, fits, of_device

_ALIKE: Final = (
    frozenset({"light", "switch", "fan", "climate", "humidifier", "siren", "media_player"}),
    frozenset({"cover", "valve"}),
    frozenset({"scene", "button"}),
)
"""Kinds of which the same words mean the same: who turns off a light and then "the door too" means no lock."""
_OPENINGS: Final = frozenset({"door", "garage", "garage_door", "gate", "window", "opening"})
"""Classes of covers and contacts that are open or closed."""
_OPEN: Final[Mapping[str, str]] = {"open": "open", "on": "open", "closed": "closed", "off": "closed"}
_OF_PLACES: Final = frozenset({"HassClimateGetTemperature", "HassClimateSetTemperature"})
"""Intents that a room is enough for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of devices."""

    domain: str
    device_class: str | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """What a sentence names."""

    name: str | None = None
    place: Mapping[str, SlotValue] | None = None
    """``area`` or ``floor``."""
    kind: Kind | None = None

    @classmethod
    def of(cls, slots: Mapping[str, SlotValue], origin: Origin | None) -> "Thing":
        """From the slots of a sentence that leans on another; ``here`` is the room of ``origin``."""
        place = {slot: slots[slot] for slot in ("area", "floor") if slot in slots}
        if "here" in slots and origin is not None and origin.area:
            place = {"area": origin.area}
        domain, _, device_class = str(slots.get("kind", "")).partition(" ")
        return cls(
            name=str(slots["name"]) if "name" in slots else None,
            place=place or None,
            kind=Kind(domain, device_class or None) if domain else None,
        )


def aimed(intent: Intent, was: Referent | None, thing: Thing, origin: Origin, house: Inventory) -> Intent | None:
    """``intent``, which was about ``was``, about ``thing``; None when that makes no sense."""
    fresh = replace(intent, confirmed=False)
    if thing.name is not None:
        return _at_name(fresh, was, thing, house)
    if thing.kind is not None:
        return _at_kind(fresh, was, thing, thing.kind, origin, house)
    if thing.place is not None:
        return _at_place(fresh, was, thing.place, house)
    return None


def others(device: Device, house: Inventory) -> Sequence[Device]:
    """The devices that may be meant in place of ``device``: namesakes, else those of its room, else of its kind."""
    alike = [
        other
        for other in house.devices()
        if other.id != device.id and other.domain == device.domain and other.device_class == device.device_class
    ]
    namesakes = [other for other in alike if other.name.casefold() == device.name.casefold()]
    neighbours = [other for other in alike if other.area and other.area == device.area]
    return namesakes or neighbours or alike


def _at_name(intent: Intent, was: Referent | None, thing: Thing, house: Inventory) -> Intent | None:
    slots: dict[str, SlotValue] = {"name": str(thing.name), **(thing.place or {})}
    named = [device for device in house.devices() if fits(device, slots)]
    same = [device for device in named if was is not None and _sensible(intent, was, Kind(device.domain))]
    if same:
        return _target(intent, {**slots, "name": same[0].name}, same[0].domain)
    if intent.name == "HassGetState" and len(named) == 1:
        return _state_of(intent, named[0], house)
    return None


def _at_kind(
    intent: Intent, was: Referent | None, thing: Thing, kind: Kind, origin: Origin, house: Inventory
) -> Intent | None:
    if was is None or not _sensible(intent, was, kind):
        return None
    slots = _of_kind(kind)
    everywhere = [device for device in house.devices() if fits(device, slots)]
    place = thing.place or _place_of(was) or ({"area": origin.area} if origin.area else {})
    there = [device for device in everywhere if fits(device, {**slots, **place})]
    if thing.place is None and len(everywhere) == 1:
        return _target(intent, of_device(everywhere[0], house).slots, kind.domain)
    if not place or (thing.place is None and not there):
        return None
    return _over(intent, {**slots, **place}, there, house)


def _at_place(intent: Intent, was: Referent | None, place: Mapping[str, SlotValue], house: Inventory) -> Intent | None:
    if was is None or intent.slots.keys().isdisjoint(TARGETS - {"area", "floor"}):
        return _target(intent, place, None) if intent.name in _OF_PLACES else None
    if "everything" in intent.slots:
        return _target(intent, {"everything": True, **place}, None)
    first = was.devices[0]
    slots = {**_of_kind(Kind(first.domain, first.device_class if first.domain == "cover" else None)), **place}
    there = [device for device in house.devices() if fits(device, slots)]
    if not there and first.domain == "cover":
        slots = {"domain": "cover", **place}
        there = [device for device in house.devices() if fits(device, slots)]
    if not there and intent.name == "HassGetState" and first.device_class in _OPENINGS:
        openings = [d for d in house.devices() if fits(d, place) and d.device_class in _OPENINGS]
        return _state_of(intent, openings[0], house) if len(openings) == 1 else None
    return _over(intent, slots, there, house)


def _over(intent: Intent, slots: Mapping[str, SlotValue], there: Sequence[Device], house: Inventory) -> Intent | None:
    """``intent`` of all that ``slots`` mean, which is ``there`` now; a question after one device is of one."""
    if intent.name != "HassGetState" or intent.form in ("any", "all", "which", "how_many"):
        return _target(intent, slots, None)
    if len(there) == 1:
        return _state_of(intent, there[0], house)
    return replace(_target(intent, slots, None), form="any") if "state" in intent.slots else None


def _state_of(intent: Intent, device: Device, house: Inventory) -> Intent:
    """A question after the state of ``device``; whether it is as was asked, where the word means something for it."""
    asked = str(intent.slots.get("state", ""))
    kept = {slot: value for slot, value in intent.slots.items() if slot != "state"}
    if device.device_class in _OPENINGS and asked in _OPEN:
        kept["state"] = _OPEN[asked]
    elif device.domain == intent.domain or any({device.domain, intent.domain} <= alike for alike in _ALIKE):
        kept |= {"state": asked} if asked else {}
    return _target(replace(intent, slots=kept, form="one"), of_device(device, house).slots, device.domain)


def _sensible(intent: Intent, was: Referent, kind: Kind) -> bool:
    """Whether what was asked of ``was`` can be asked in the same words of ``kind``."""
    domains = {device.domain for device in was.devices}
    if intent.name in ("HassTurnOn", "HassTurnOff", "HassGetState"):
        return kind.domain in domains or any(kind.domain in alike and domains & alike for alike in _ALIKE)
    return kind.domain in domains


def _place_of(was: Referent) -> Mapping[str, SlotValue]:
    """Where ``was`` is."""
    place = {slot: was.slots[slot] for slot in ("area", "floor") if slot in was.slots}
    areas = {device.area for device in was.devices}
    only = next(iter(areas)) if len(areas) == 1 else None
    return place or ({"area": only} if only else {})


def _of_kind(kind: Kind) -> dict[str, SlotValue]:
    return {"domain": kind.domain, **({"device_class": kind.device_class} if kind.device_class else {})}


def _target(intent: Intent, slots: Mapping[str, SlotValue], domain: str | None) -> Intent:
    kept = {slot: value for slot, value in intent.slots.items() if slot not in TARGETS}
    return replace(intent, slots={**kept, **slots}, domain=domain if "name" in slots else None)
