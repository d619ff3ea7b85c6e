"""Answers about the state of the house, from what the devices themselves last said."""

from collections.abc import Sequence
from typing import Final

from edge.act.colors import name_of
from edge.act.meanings import CONTACTS, MEASURES, OF_EVERYTHING, doubtful, shows
from edge.act.targets import Targets, beside, no_such_device, resolve, which_one, without
from edge.devices import Device, DeviceState
from edge.errors import BrokerOffline
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import House

INTENTS: Final = frozenset({"HassGetState", "HassClimateGetTemperature"})

_READABLE: Final = frozenset(
    "light switch fan cover valve lock climate sensor binary_sensor vacuum number select lawn_mower humidifier siren"
    " scene button water_heater alarm_control_panel update device_tracker event text".split()
)
_GROUP_FORMS: Final = frozenset({"any", "all", "which", "how_many", "are"})
_ONLY_WHEN_ON: Final = frozenset({"brightness", "color", "color_temperature", "percentage", "effect"})
"""What a device that is off may still report, though it no longer holds."""


def answer(intent: Intent, origin: Origin, house: House) -> Outcome:
    """A phrase that states what is known, and no more than that. Raises BrokerOffline while nothing can be heard of it:
    a door that was locked then may stand open.
    """
    if not house.online:
        raise BrokerOffline("the MQTT broker does not answer", "start it, or set mqtt.host")
    if intent.name == "HassClimateGetTemperature":
        return _measured(intent, "temperature", origin, house)
    if (measure := str(intent.slots.get("measure", ""))) in MEASURES:
        return _measured(intent, measure, origin, house)
    if intent.slots.get("attribute") == "update":
        return _update(intent, house)
    targets = _targets(intent, origin, house)
    if not targets.devices:
        return no_such_device(intent)
    if targets.ambiguous:
        return which_one(targets, intent)
    if intent.form in _GROUP_FORMS and (len(targets.devices) > 1 or intent.form != "are"):
        return _count(intent, targets.devices, house)
    device = targets.devices[0]
    attribute = intent.slots.get("attribute")
    return _one(intent, device, house) if attribute is None else _attribute(str(attribute), device, house)


def _targets(intent: Intent, origin: Origin, house: House) -> Targets:
    if intent.slots.get("everything"):
        return _everything(intent, origin, house)
    targets = resolve(intent, origin, house.devices(), _READABLE)
    if intent.slots.get("domain") == "cover" and "device_class" in intent.slots:
        return Targets((*targets.devices, *_contacts(intent, origin, house)))
    return targets


def _everything(intent: Intent, origin: Origin, house: House) -> Targets:
    """All that can be in the state that was asked for: a lamp is not locked, a door is not on."""
    kinds = OF_EVERYTHING.get(str(intent.slots.get("state")), {})
    found = resolve(without(intent, "everything"), origin, house.devices(), frozenset(kinds)).devices
    return Targets(
        tuple(device for device in found if not kinds[device.domain] or device.device_class in kinds[device.domain])
    )


def _contacts(intent: Intent, origin: Origin, house: House) -> tuple[Device, ...]:
    """Windows and doors that can't move by themselves, but have a contact that knows whether they are open."""
    sort = str(intent.slots["device_class"])
    found = resolve(
        without(intent, "domain", "device_class"), origin, house.devices(), frozenset({"binary_sensor"})
    ).devices
    return tuple(device for device in found if device.device_class in CONTACTS.get(sort, {sort}))


def _one(intent: Intent, device: Device, house: House) -> Outcome:
    state = house.state(device.id)
    if (unknown := _unknown(device, state)) is not None:
        return unknown
    wanted = intent.slots.get("state") if intent.form in ("one_yesno", "are") else None
    matched = None if wanted is None or doubtful(device, state, str(wanted)) else shows(device, state, str(wanted))
    return Outcome(OutcomeKind.DONE, Phrase("state", {**described(device, state), "matched": matched}))


def _attribute(key: str, device: Device, house: House) -> Outcome:
    """One property of a device: its brightness, its target temperature, its battery."""
    if key == "battery":
        return _battery(device, house)
    state = house.state(device.id)
    if not state.available:
        return Outcome(OutcomeKind.FAILED, Phrase("away", {"names": [device.name]}))
    what_is = described(device, state)
    if state.value == "off" and key in _ONLY_WHEN_ON:
        return Outcome(OutcomeKind.DONE, Phrase("state", {**what_is, "matched": None}))
    value: object = state.attributes.get(key, state.value if key == "mode" else None)
    if key == "position" and value is None:
        return _one(Intent("HassGetState"), device, house)
    if value is None:
        return Outcome(OutcomeKind.FAILED, Phrase("attribute_unknown", {"name": device.name, "attribute": key}))
    if isinstance(value, tuple):
        value = name_of(value)
    return Outcome(OutcomeKind.DONE, Phrase("attribute", {**what_is, "attribute": key, "value": value}))


def _battery(device: Device, house: House) -> Outcome:
    """The reading of the battery that is announced beside the device, under its name."""
    own = [
        other
        for other in house.devices()
        if other.device_class == "battery" and other.area == device.area and other.name.startswith(device.name)
    ]
    for other in sorted(own, key=lambda found: found.domain != "sensor"):
        if (state := house.state(other.id)).available and state.value is not None:
            return Outcome(OutcomeKind.DONE, Phrase("state", {**described(other, state), "matched": None}))
    return Outcome(OutcomeKind.FAILED, Phrase("attribute_unknown", {"name": device.name, "attribute": "battery"}))


def _update(intent: Intent, house: House) -> Outcome:
    """Whether what is named has an update, by what is announced beside it for that."""
    known = beside(intent, house.devices(), "update")
    if not known:
        values = {"name": intent.slots.get("name", ""), "attribute": "update"}
        return Outcome(OutcomeKind.FAILED, Phrase("attribute_unknown", values))
    waiting = [device for device in known if house.state(device.id).value == "on"]
    return _one(Intent("HassGetState"), (waiting or known)[0], house)


def _count(intent: Intent, devices: Sequence[Device], house: House) -> Outcome:
    wanted = intent.slots.get("state")
    states = {device: house.state(device.id) for device in devices}
    known = {device: state for device, state in states.items() if state.available and state.value is not None}
    matched = [device for device, state in known.items() if wanted is None or shows(device, state, str(wanted))]
    domains, classes = ({device.domain for device in devices}, {device.device_class for device in devices})
    values = {
        "form": "exist" if wanted is None else intent.form,
        "state": str(wanted),
        "domain": _only(domains) or ("cover" if "cover" in domains and "device_class" in intent.slots else "device"),
        "device_class": intent.slots.get("device_class") or _only(classes),
        "matched": [device.name for device in (matched if wanted is not None else devices)],
        "unmatched": [device.name for device in known if device not in matched],
        "unknown": [device.name for device in devices if device not in known] if wanted is not None else [],
    }
    return Outcome(OutcomeKind.DONE, Phrase("count", values))


def _only(found: set[str] | set[str | None]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None


def _measured(intent: Intent, measure: str, origin: Origin, house: House) -> Outcome:
    """What the place's own sensors say, else its thermostat; of several, each."""
    asked = without(intent, "measure", "domain", "device_class")
    readings = _readings(asked, measure, origin, house)
    place = intent.slots.get("area") or intent.slots.get("floor")
    values = {"measure": measure, "place": place, "slots": dict(intent.slots)}
    if not readings:
        return Outcome(OutcomeKind.FAILED, Phrase("not_measured", values))
    return Outcome(OutcomeKind.DONE, Phrase("measured", {**values, "readings": readings}))


def _readings(intent: Intent, measure: str, origin: Origin, house: House) -> list[dict[str, object]]:
    for domain in ("sensor", "climate", "humidifier"):
        found: list[dict[str, object]] = []
        for device in resolve(intent, origin, house.devices(), frozenset({domain})).devices:
            state = house.state(device.id)
            reading: object = state.value if domain == "sensor" else state.attributes.get(f"current_{measure}")
            if (
                (domain != "sensor" or device.device_class in MEASURES[measure])
                and state.available
                and reading is not None
            ):
                unit = device.unit if domain == "sensor" or measure == "temperature" else "%"
                found.append({"name": device.name, "area": device.area, "reading": reading, "unit": unit})
        if found:
            return found
    return []


def _unknown(device: Device, state: DeviceState) -> Outcome | None:
    if not state.available:
        return Outcome(OutcomeKind.FAILED, Phrase("away", {"names": [device.name]}))
    if state.value is None:
        return Outcome(OutcomeKind.FAILED, Phrase("unsaid", {"names": [device.name]}))
    return None


def described(device: Device, state: DeviceState) -> dict[str, object]:
    """What phrases about the state of a device are given."""
    return {
        "name": device.name,
        "domain": device.domain,
        "device_class": device.device_class,
        "unit": device.unit,
        "value": state.value,
        "attributes": dict(state.attributes),
    }
