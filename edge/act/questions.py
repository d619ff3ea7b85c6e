"""Answers about the state of the house, from what the devices themselves last said."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edge.act.targets import Targets, no_such_device, resolve, which_one
from edge.devices import Device, DeviceState
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import House

_CONTACTS: Final = {"garage": "garage_door"}
"""What a cover's class is called as the class of a binary sensor, where the words differ."""

INTENTS: Final = frozenset({"HassGetState", "HassClimateGetTemperature"})

_READABLE: Final = frozenset(
    "light switch fan cover valve lock climate sensor binary_sensor vacuum number select".split()
)


def answer(intent: Intent, origin: Origin, house: House) -> Outcome:
    """A phrase that states what is known, and no more than that."""
    if intent.name == "HassClimateGetTemperature":
        return _temperature(intent, origin, house)
    targets = resolve(intent, origin, house.devices(), _READABLE)
    if intent.slots.get("domain") == "cover" and "device_class" in intent.slots:
        targets = Targets((*targets.devices, *_contacts(intent, origin, house)))
    if not targets.devices:
        return no_such_device(intent)
    if targets.ambiguous:
        return which_one(targets, intent)
    if intent.form in ("any", "all", "which", "how_many"):
        return _count(intent, targets.devices, house)
    return _one(intent, targets.devices[0], house)


def _one(intent: Intent, device: Device, house: House) -> Outcome:
    state = house.state(device.id)
    if (unknown := _unknown(device, state)) is not None:
        return unknown
    wanted = intent.slots.get("state")
    matched = None if wanted is None else _shows(device, state, str(wanted))
    return Outcome(OutcomeKind.DONE, Phrase("state", {**_described(device, state), "matched": matched}))


def _contacts(intent: Intent, origin: Origin, house: House) -> tuple[Device, ...]:
    """Windows and doors that can't move by themselves, but have a contact that knows whether they are open."""
    slots = {key: value for key, value in intent.slots.items() if key != "domain"}
    sort = str(slots["device_class"])
    slots["device_class"] = _CONTACTS.get(sort, sort)
    return resolve(replace(intent, slots=slots), origin, house.devices(), frozenset({"binary_sensor"})).devices


def _count(intent: Intent, devices: Sequence[Device], house: House) -> Outcome:
    wanted = str(intent.slots.get("state", ""))
    states = {device: house.state(device.id) for device in devices}
    known = {device: state for device, state in states.items() if state.available and state.value is not None}
    matched = [device for device, state in known.items() if _shows(device, state, wanted)]
    values = {
        "form": intent.form,
        "state": wanted,
        "domain": devices[0].domain,
        "device_class": devices[0].device_class,
        "matched": [device.name for device in matched],
        "unmatched": [device.name for device in known if device not in matched],
        "unknown": [device.name for device in devices if device not in known],
    }
    return Outcome(OutcomeKind.DONE, Phrase("count", values))


def _temperature(intent: Intent, origin: Origin, house: House) -> Outcome:
    """The room's thermometer, else its thermostat."""
    for domain, wanted in (("sensor", "temperature"), ("climate", None)):
        for device in resolve(intent, origin, house.devices(), frozenset({domain})).devices:
            state = house.state(device.id)
            reading = state.value if domain == "sensor" else state.attributes.get("current_temperature")
            if (wanted is None or device.device_class == wanted) and state.available and reading is not None:
                values = {"reading": reading, "unit": device.unit, "place": intent.slots.get("area")}
                return Outcome(OutcomeKind.DONE, Phrase("temperature", values))
    return Outcome(OutcomeKind.FAILED, Phrase("no_temperature", {"slots": dict(intent.slots)}))


def _unknown(device: Device, state: DeviceState) -> Outcome | None:
    if not state.available:
        return Outcome(OutcomeKind.FAILED, Phrase("away", {"names": [device.name]}))
    if state.value is None:
        return Outcome(OutcomeKind.FAILED, Phrase("state_unknown", {"name": device.name}))
    return None


def _described(device: Device, state: DeviceState) -> dict[str, object]:
    return {
        "name": device.name,
        "domain": device.domain,
        "device_class": device.device_class,
        "unit": device.unit,
        "value": state.value,
        "attributes": dict(state.attributes),
    }


def _shows(device: Device, state: DeviceState, wanted: str) -> bool:
    word = wanted.casefold()
    if device.domain == "binary_sensor":
        word = {"open": "on", "closed": "off"}.get(word, word)
    return state.value is not None and state.value.casefold() == word
