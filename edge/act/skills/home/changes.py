"""From an intent to the change of one device that it asks for. Relative ones start from the confirmed state."""

from collections.abc import Mapping
from typing import Final

from edge.act.colors import kelvin_as_rgb, rgb
from edge.act.skills.home.change import Change, Control, Make, Refusal
from edge.act.skills.home.choices import CHOICES, plain
from edge.devices import Ability, Device, DeviceState, Value, Verb
from edge.intents import Intent

_SWITCHED: Final = frozenset({"light", "switch", "fan", "climate", "humidifier", "siren", "water_heater"})
_ON: Final[Mapping[str, Verb]] = {
    **dict.fromkeys(_SWITCHED, Verb.ON),
    "cover": Verb.OPEN,
    "valve": Verb.OPEN,
    "lock": Verb.LOCK,
    "vacuum": Verb.START,
    "lawn_mower": Verb.START,
    "scene": Verb.PRESS,
    "button": Verb.PRESS,
}
_OFF: Final[Mapping[str, Verb]] = {
    **dict.fromkeys(_SWITCHED, Verb.OFF),
    "cover": Verb.CLOSE,
    "valve": Verb.CLOSE,
    "lock": Verb.UNLOCK,
    "vacuum": Verb.RETURN,
    "lawn_mower": Verb.RETURN,
}
_STOP: Final[Mapping[str, Verb]] = {
    "cover": Verb.STOP,
    "valve": Verb.STOP,
    "vacuum": Verb.STOP,
    "lawn_mower": Verb.PAUSE,
}
_PAUSE: Final[Mapping[str, Verb]] = {**dict.fromkeys(("vacuum", "lawn_mower"), Verb.PAUSE), "cover": Verb.STOP}
_TOGGLED: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_SWITCHED, frozenset({"off"})),
    **dict.fromkeys(("cover", "valve"), frozenset({"closed", "closing"})),
}
"""By kind, the states out of which a toggle turns it on or opens it. Never locks: one does not unlock by accident."""

_LEAST_BRIGHTNESS: Final = 1
_LEAST_SPEED: Final = 20
"""Percent; a fan of three speeds takes less for none at all, and slower is not off."""
_HOTTEST_WHITE: Final = 6500
_WARMEST_WHITE: Final = 2000
_NEUTRAL_WHITE: Final = 4000
"""Kelvin."""


def _verb(verbs: Mapping[str, Verb]) -> Make:
    def make(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
        able = device.domain in verbs and device.abilities != {Ability.READ}
        return {"state": verbs[device.domain]} if able else Refusal.UNABLE

    return make


def _toggle(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    if Ability.STATE not in device.abilities:
        return Refusal.UNABLE
    if state.value is None:
        return Refusal.UNKNOWN
    return {"state": (_ON if state.value in _TOGGLED[device.domain] else _OFF)[device.domain]}


def _light(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    slots = intent.slots
    change: dict[str, Value] = {}
    if "brightness" in slots and Ability.BRIGHTNESS in device.abilities:
        change["brightness"] = int(slots["brightness"])
    if "color" in slots:
        change.update(_colored(str(slots["color"]), device))
    if "temperature" in slots:
        change.update(_white(int(slots["temperature"]), device))
    if "brightness_step" in slots and Ability.BRIGHTNESS in device.abilities:
        return _brighter(int(slots["brightness_step"]), state)
    if "color_temperature_step" in slots and Ability.COLOR_TEMPERATURE in device.abilities:
        known = state.attributes.get("color_temperature")
        if not isinstance(known, int | float):
            return Refusal.UNKNOWN
        wanted = round(known + int(slots["color_temperature_step"]))
        return {"state": Verb.ON, **_white(min(max(wanted, _WARMEST_WHITE), _HOTTEST_WHITE), device)}
    if not change:
        return Refusal.UNABLE
    return {"state": Verb.OFF} if change.get("brightness") == 0 else {"state": Verb.ON, **change}


def _colored(name: str, device: Device) -> Change:
    # White diodes make a better white than three colours do.
    if Ability.WHITE in device.abilities and name.casefold() == "white":
        return {"white": 100}
    if Ability.COLOR in device.abilities and (color := rgb(name)):
        return {"color": color}
    if Ability.COLOR_TEMPERATURE in device.abilities and name.casefold() == "white":
        return {"color_temperature": _NEUTRAL_WHITE}
    return {}


def _white(kelvin: int, device: Device) -> Change:
    """A lamp that only mixes colours comes as near to the white as it can."""
    if Ability.COLOR_TEMPERATURE in device.abilities:
        limits = device.limits.get(Ability.COLOR_TEMPERATURE)
        return {"color_temperature": round(min(max(kelvin, limits.low), limits.high)) if limits else kelvin}
    return {"color": kelvin_as_rgb(kelvin)} if Ability.COLOR in device.abilities else {}


def _brighter(step: int, state: DeviceState) -> Change | Refusal:
    if state.value is None:
        return Refusal.UNKNOWN
    if state.value == "off":
        return {"state": Verb.ON, "brightness": step} if step > 0 else Refusal.IDLE
    known = state.attributes.get("brightness")
    if not isinstance(known, int | float):
        return Refusal.UNKNOWN
    return {"state": Verb.ON, "brightness": min(max(round(known + step), _LEAST_BRIGHTNESS), 100)}


def _position(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    slots = intent.slots
    if "tilt" in slots:
        return {"tilt": int(slots["tilt"])} if Ability.TILT in device.abilities else Refusal.UNABLE
    if "position_step" in slots:
        if Ability.POSITION not in device.abilities:
            return Refusal.UNABLE
        known = state.attributes.get("position")
        if not isinstance(known, int | float):
            return Refusal.UNKNOWN
        return {"position": min(max(round(known + int(slots["position_step"])), 0), 100)}
    position = int(slots["position"])
    if Ability.POSITION in device.abilities:
        return {"position": position}
    # Without a position it can still be all open or all closed; anything between would be a lie.
    return {"state": {0: Verb.CLOSE, 100: Verb.OPEN}[position]} if position in (0, 100) else Refusal.UNABLE


def _speed(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    if Ability.PERCENTAGE not in device.abilities:
        return Refusal.UNABLE
    if "percentage_step" not in intent.slots:
        return {"percentage": float(intent.slots["percentage"])}
    step = float(intent.slots["percentage_step"])
    known = 0 if state.value == "off" else state.attributes.get("percentage")
    if not isinstance(known, int | float):
        return Refusal.UNKNOWN
    if known == 0 and step < 0:
        return Refusal.IDLE
    speed = {"percentage": min(max(known + step, _LEAST_SPEED), 100.0)}
    return speed if state.value == "on" else {"state": Verb.ON, **speed}


def _temperature(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    if Ability.TEMPERATURE not in device.abilities:
        return Refusal.UNABLE
    if "temperature_step" not in intent.slots:
        wanted = float(intent.slots["temperature"])
        return {"temperature": _converted(wanted, str(intent.slots.get("unit", device.unit)), device.unit)}
    known = state.attributes.get("temperature")
    if not isinstance(known, int | float):
        return Refusal.UNKNOWN
    return {"temperature": float(known + float(intent.slots["temperature_step"]))}


def _converted(degrees: float, said: str, own: str | None) -> float:
    """In the thermostat's own unit, to the half degree, where another unit was said."""
    if said == "°F" and own == "°C":
        return round((degrees - 32) / 1.8 * 2) / 2
    if said == "°C" and own == "°F":
        return round(degrees * 1.8 + 32)
    return degrees


def _number(slot: str, ability: Ability) -> Make:
    def make(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
        return {ability.value: float(intent.slots[slot])} if ability in device.abilities else Refusal.UNABLE

    return make


def _option(slot: str, ability: Ability) -> Make:
    """The device's own spelling of what was said: "fan only" is its ``fan_only``."""

    def make(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
        if ability not in device.abilities:
            return Refusal.UNABLE
        said = plain(str(intent.slots[slot]))
        option = next((option for option in device.options or (said,) if plain(option) == said), None)
        return Refusal.UNABLE if option is None else {ability.value: option}

    return make


CONTROLS: Final[Mapping[str, Control]] = {
    "HassTurnOn": Control(frozenset(_ON), _verb(_ON)),
    "HassTurnOff": Control(frozenset(_OFF), _verb(_OFF)),
    "HassToggle": Control(frozenset(_TOGGLED), _toggle),
    "HassStopMoving": Control(frozenset(_STOP), _verb(_STOP)),
    "HearthPause": Control(frozenset(_PAUSE), _verb(_PAUSE)),
    "HassLightSet": Control(frozenset({"light"}), _light),
    "HassSetPosition": Control(frozenset({"cover", "valve"}), _position),
    "HassFanSetSpeed": Control(frozenset({"fan"}), _speed),
    "HassClimateSetTemperature": Control(frozenset({"climate"}), _temperature),
    "HassVacuumStart": Control(frozenset({"vacuum"}), _verb(_ON)),
    "HassVacuumReturnToBase": Control(frozenset({"vacuum"}), _verb(_OFF)),
    "HassLawnMowerStartMowing": Control(frozenset({"lawn_mower"}), _verb(_ON)),
    "HassLawnMowerDock": Control(frozenset({"lawn_mower"}), _verb(_OFF)),
    "HassHumidifierSetpoint": Control(frozenset({"humidifier"}), _number("humidity", Ability.HUMIDITY)),
    "HearthSetMode": Control(frozenset({"climate", "humidifier", "water_heater"}), _option("mode", Ability.MODE)),
    "HearthSetWaterHeater": Control(frozenset({"water_heater"}), _temperature),
    "HearthSelect": Control(frozenset({"select"}), _option("option", Ability.OPTION)),
    "HearthSetNumber": Control(frozenset({"number"}), _number("value", Ability.NUMBER)),
    **CHOICES,
}
"""By intent. Names are Home Assistant's where it has one."""
