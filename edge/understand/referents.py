"""What "it" may mean: the devices that an exchange was about, by the words that would name them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.devices import Device, same_name
from edge.dialogue import Exchange
from edge.intents import Intent, SlotValue
from edge.ports import Inventory

TARGETS: Final = frozenset(
    "name area floor domain device_class everything except_name except_area except_floor device".split()
)
"""Slots that say which devices are meant; all others say what of them."""


@dataclass(frozen=True, slots=True)
class Referent:
    """Something that was spoken of."""

    slots: Mapping[str, SlotValue]
    """How an intent names it."""
    devices: tuple[Device, ...]
    """What that is, now; at least one."""

    @property
    def named(self) -> bool:
        """Whether it is one device, called by its name."""
        return "name" in self.slots


def of_device(device: Device, house: Inventory) -> Referent:
    """``device`` by its name, and by its room where others share the name."""
    slots: dict[str, SlotValue] = {"name": device.name}
    if device.area and sum(fits(other, slots) for other in house.devices()) > 1:
        slots["area"] = device.area
    return Referent(slots, (device,))


def referents(exchange: Exchange, house: Inventory) -> list[Referent]:
    """All that ``exchange`` was about, what was named last first."""
    by_id = {device.id: device for device in house.devices()}
    acted = [by_id[report.device] for report in exchange.actions if report.device in by_id]
    found = [
        referent
        for intent in reversed(exchange.intents)
        for referent in _of(intent, acted if len(exchange.intents) == 1 else [], house)
    ]
    return found or [of_device(device, house) for device in acted]


def fits(device: Device, slots: Mapping[str, SlotValue], domain: str | None = None) -> bool:
    """Whether ``slots`` mean ``device``, among others. ``domain``: a kind that is known besides."""
    excluded = any(
        same_name(each, value)
        for slot, values in (("except_name", (device.name,)), ("except_area", (device.area,)))
        for value in str(slots.get(slot, "")).splitlines()
        for each in values
    )
    return (
        not excluded
        and ("name" not in slots or device.is_called(slots["name"]))
        and ("area" not in slots or same_name(device.area, slots["area"]))
        and ("floor" not in slots or same_name(device.floor, slots["floor"]))
        and ("device_class" not in slots or same_name(device.device_class, slots["device_class"]))
        and ("domain" not in slots or device.domain == slots["domain"])
        and (domain is None or device.domain == domain)
    )


def _of(intent: Intent, acted: Sequence[Device], house: Inventory) -> list[Referent]:
    target = {slot: value for slot, value in intent.slots.items() if slot in TARGETS}
    if "device" in target:
        ids = str(target["device"]).splitlines()
        return [of_device(device, house) for device in house.devices() if device.id in ids]
    if not target:
        return []
    devices = tuple(device for device in house.devices() if fits(device, target, intent.domain))
    if "name" in target:
        # Of several that bear the name, the one that was meant is the one that was acted on.
        meant = [device for device in devices if device in acted] or devices
        return [of_device(meant[0], house)] if len(meant) == 1 else []
    return [Referent(target, devices)] if devices else []
