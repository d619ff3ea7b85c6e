"""What the words of a question mean for each kind of device. Pure tables."""

from collections.abc import Mapping
from typing import Final

from edge.devices import Device, DeviceState

CONTACTS: Final[Mapping[str, frozenset[str]]] = {
    "garage": frozenset({"garage_door"}),
    "door": frozenset({"door", "garage_door", "opening"}),
    "window": frozenset({"window"}),
}
"""What a cover's class is called as the class of a binary sensor."""

_SWITCHED: Final = {"light": frozenset[str](), "switch": frozenset[str](), "fan": frozenset[str]()}
_OPENED: Final = {
    "cover": frozenset({"door", "garage", "gate", "window"}),
    "binary_sensor": frozenset({"door", "garage_door", "window", "opening"}),
}
_LOCKED: Final = {"lock": frozenset[str]()}
OF_EVERYTHING: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "on": _SWITCHED,
    "off": _SWITCHED,
    "open": _OPENED,
    "closed": _OPENED,
    "locked": _LOCKED,
    "unlocked": _LOCKED,
}
"""By state, the kinds and (if any) the classes that "everything" means when somebody asks for it."""

MEASURES: Final[Mapping[str, frozenset[str]]] = {
    "temperature": frozenset({"temperature"}),
    "humidity": frozenset({"humidity"}),
    "light": frozenset({"illuminance"}),
    "carbon_dioxide": frozenset({"carbon_dioxide"}),
    "air": frozenset({"aqi", "pm25", "volatile_organic_compounds", "carbon_dioxide"}),
    "pressure": frozenset({"atmospheric_pressure", "pressure"}),
    "power": frozenset({"power"}),
    "energy": frozenset({"energy"}),
}
"""What is asked of a place → classes of the sensors that measure it."""

_ALSO: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "binary_sensor": {
        "on": frozenset({"on"}),
        "open": frozenset({"on"}),
        "unlocked": frozenset({"on"}),
        "closed": frozenset({"off"}),
        "locked": frozenset({"off"}),
    },
    "climate": {"on": frozenset({"heat", "cool", "auto", "heat_cool", "dry", "fan_only"})},
    "water_heater": {"on": frozenset({"eco", "electric", "gas", "heat_pump", "high_demand", "performance"})},
    "alarm_control_panel": {
        "armed": frozenset({"armed_home", "armed_away", "armed_night", "armed_vacation", "armed_custom_bypass"}),
        "off": frozenset({"disarmed"}),
    },
    "device_tracker": {"away": frozenset({"not_home"})},
    "vacuum": {
        "on": frozenset({"cleaning"}),
        "off": frozenset({"docked", "idle", "paused"}),
        "charging": frozenset({"docked"}),
        "stopped": frozenset({"idle", "paused"}),
    },
    "lawn_mower": {"on": frozenset({"mowing"}), "off": frozenset({"docked", "paused"})},
    "lock": {"closed": frozenset({"locked"}), "open": frozenset({"unlocked"})},
    "cover": {"moving": frozenset({"opening", "closing"}), "stopped": frozenset({"stopped", "open", "closed"})},
    "valve": {"on": frozenset({"open"}), "off": frozenset({"closed"})},
}
"""By kind: a word of a question → the states that fit it, beside the word itself."""

_DOUBTFUL: Final = frozenset({("lock", "open", "unlocked"), ("vacuum", "charging", "docked")})
"""(kind, asked, state) where the one often goes with the other, and yes would still be a guess."""


def shows(device: Device, state: DeviceState, wanted: str) -> bool:
    """Whether ``state`` is what a question calls ``wanted``."""
    word = wanted.casefold()
    if state.value is None:
        return False
    return state.value.casefold() in {word, *_ALSO.get(device.domain, {}).get(word, ())}


def doubtful(device: Device, state: DeviceState, wanted: str) -> bool:
    """Whether ``state`` neither is ``wanted`` for sure nor rules it out: then only the state itself is told."""
    return (device.domain, wanted.casefold(), (state.value or "").casefold()) in _DOUBTFUL
