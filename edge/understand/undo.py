"""Intents that put devices back as they were before. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from edge.devices import ActionReport, Confirmation, DeviceState, Value
from edge.dialogue import RESTORE
from edge.intents import Intent, SlotValue

_BACK: Final[Mapping[str, str]] = {
    "on": "ON", "off": "OFF", "open": "OPEN", "opening": "OPEN", "closed": "CLOSE", "closing": "CLOSE",
    "locked": "LOCK", "locking": "LOCK", "unlocked": "UNLOCK", "unlocking": "UNLOCK", "cleaning": "START",
    "docked": "RETURN_TO_BASE", "returning": "RETURN_TO_BASE", "paused": "PAUSE",
}  # fmt: skip
"""The verb that leads to a state."""
_SENT: Final = frozenset({Confirmation.CONFIRMED, Confirmation.ASSUMED, Confirmation.UNCONFIRMED})
_HUES: Final = frozenset({"color", "color_temperature"})
"""A lamp shows the one or the other."""
_UNSAFE: Final = frozenset({"UNLOCK", "OPEN"})
"""What is not done unasked when a correction puts the wrong device back."""


def restoring(reports: Iterable[ActionReport]) -> tuple[Intent, ...]:
    """What puts back all that ``reports`` tell of, as far as it is known how it was; one intent for each such way."""
    ways: dict[tuple[tuple[str, SlotValue], ...], list[str]] = {}
    for report in reports:
        way = _way_back(report)
        if report.confirmation in _SENT and way:
            ways.setdefault(tuple(sorted(way.items())), []).append(report.device)
    return tuple(Intent(RESTORE, {"device": "\n".join(devices), **dict(way)}) for way, devices in ways.items())


def harmless(intent: Intent) -> bool:
    """Whether it can be done unasked: nothing is unlocked or opened."""
    return intent.slots.get("state") not in _UNSAFE and "position" not in intent.slots


def _way_back(report: ActionReport) -> dict[str, SlotValue]:
    before, told = report.before, report.command
    if before.value is None:
        return {}
    domain = report.device.partition(".")[0]
    if domain in ("climate", "water_heater"):
        return {**_attributes(told.keys() - {"state", "mode"}, before), **_mode(told, before)}
    if domain in ("number", "select", "text"):
        return {{"select": "option", "text": "text"}.get(domain, "value"): before.value}
    verb = _BACK.get(before.value)
    if verb is None:
        return {}
    if verb in ("OFF", "CLOSE"):
        return {"state": verb}
    # Lamps and fans that were on go back to how bright and fast they were; covers to where they stood.
    keys = {*told.keys() - {"state"}, "brightness", "percentage", "position"}
    if keys & _HUES and not keys & _HUES & before.attributes.keys():
        keys |= _HUES
    attributes = _attributes(keys, before)
    return {"position": attributes["position"]} if "position" in attributes else {"state": verb, **attributes}


def _mode(told: Mapping[str, Value], before: DeviceState) -> dict[str, SlotValue]:
    return {"mode": before.value} if before.value is not None and not told.keys().isdisjoint({"state", "mode"}) else {}


def _attributes(keys: Iterable[str], before: DeviceState) -> dict[str, SlotValue]:
    found = {key: before.attributes[key] for key in keys if key in before.attributes}
    return {key: ",".join(map(str, value)) if isinstance(value, tuple) else value for key, value in found.items()}
