"""What a Zigbee device is for: the kinds that zigbee2mqtt's ``exposes`` name, each with its features."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from edge.devices import Ability, Limits, Value, Verb
from edge.home.color import rgb_of
from edge.home.entity import VALUE, Unsupported
from edge.home.json_state import Field, number, percent, text, word
from edge.home.parts import finite, one_of
from edge.home.zigbee2mqtt_part import (
    GET,
    SET,
    STATE,
    Expose,
    NotUsed,
    Part,
    Write,
    choice_write,
    endpoint_name,
    is_effect,
    limits_of,
    number_write,
    verb_write,
)

_KELVIN_MIRED: Final = 1_000_000
_SPEEDS: Final = ("low", "medium", "high", *"123456789")
"""Fan modes that are speeds, the slowest first."""
_MOVING: Final[Mapping[Any, str]] = {
    **dict.fromkeys(("opening", "open", "up", "UP", "forward", "rising"), "opening"),
    **dict.fromkeys(("closing", "close", "down", "DOWN", "backward", "declining"), "closing"),
}
_ON_MODES: Final = ("auto", "heat_cool", "heat", "cool")


def light(expose: Expose, whole: Sequence[Expose]) -> Part:
    """On, off, brightness, white, colours and effects."""
    abilities, fields, writers = _power(expose)
    choices: dict[Ability, tuple[str, ...]] = {}
    effects = next((one for one in whole if is_effect(one) and one.endpoint == expose.endpoint), None)
    if effects is not None:
        abilities.add(Ability.EFFECT)
        choices[Ability.EFFECT] = tuple(str(value) for value in effects.values)
        writers["effect"] = choice_write(effects)
    if (bright := expose.feature("brightness")) is not None:
        low, high = 0.0, bright.value_max or 254.0
        abilities.add(Ability.BRIGHTNESS)
        fields.append(Field("brightness", (bright.property,), percent(low, high)))
        writers["brightness"] = lambda value: {
            bright.property: max(round(finite(str(value)) / 100 * high), 1 if value else 0)
        }
    if (warm := expose.feature("color_temp")) is not None:
        abilities.add(Ability.COLOR_TEMPERATURE)
        fields.append(Field("color_temperature", (warm.property,), lambda mired: round(_KELVIN_MIRED / finite(mired))))
        writers["color_temperature"] = lambda value: {warm.property: _mireds(warm, value)}
    if (color := expose.feature("color_xy") or expose.feature("color_hs")) is not None:
        mode = color.property.replace("color", "color_mode", 1)
        abilities.add(Ability.COLOR)
        fields.append(Field("color", (), lambda said: _color(said[color.property], said.get(mode))))
        writers["color"] = lambda value: {color.property: _rgb(value)}
    set_state = writers.get("state")
    if set_state is not None:
        # What changes a lamp's light also turns it on; zigbee2mqtt would colour a lamp that stays off.
        on = set_state(Verb.ON)
        for key in writers.keys() - {"state"}:
            writers[key] = _with(on, writers[key])
    return _main("light", expose, abilities, fields, writers, choices=choices)


def _with(on: Mapping[str, Any], write: Write) -> Write:
    return lambda value: {**on, **write(value)}


def _mireds(warm: Expose, value: Value) -> int:
    mired = _KELVIN_MIRED / finite(str(value))
    return round(min(max(mired, warm.value_min or mired), warm.value_max or mired))


def _color(color: Any, mode: Any) -> Value | None:
    if mode == "color_temp" or not isinstance(color, dict):
        return None
    if mode == "hs" or not {"x", "y"} <= color.keys():
        return rgb_of({"h": color["hue"], "s": color["saturation"]})
    return rgb_of({"x": color["x"], "y": color["y"]})


def _rgb(value: Value) -> Mapping[str, int]:
    if not isinstance(value, tuple):
        raise Unsupported("color")
    return dict(zip("rgb", value, strict=True))


def switch(expose: Expose, _: Sequence[Expose]) -> Part:
    """A plug or a relay; also settings that are dressed as one."""
    part = _main("switch", expose, *_power(expose))
    state = expose.feature("state")
    if state is not None and not state.property.startswith("state"):
        # A setting of a thermostat, such as window_detection, dressed as a switch.
        label = state.property.replace("_", " ").capitalize()
        return replace(part, object_id=f"switch_{state.property}", name=label, category="config")
    return part


def _power(expose: Expose) -> tuple[set[Ability], list[Field], dict[str, Write]]:
    """On and off, which lamps and plugs have alike."""
    state = expose.feature("state")
    if state is None or state.value_on is None or state.value_off is None:
        raise NotUsed("without a state")
    on, off = state.value_on, state.value_off
    fields = [Field(VALUE, (state.property,), word({on: "on", off: "off"}))] if state.may(STATE) else []
    return {Ability.STATE}, fields, {"state": verb_write(state, {Verb.ON: on, Verb.OFF: off})}


def cover(expose: Expose, whole: Sequence[Expose]) -> Part:
    """Open, close, stop, position and tilt; whether it moves, from another of its properties."""
    abilities: set[Ability] = set()
    fields: list[Field] = []
    writers: dict[str, Write] = {}
    state, position, tilt = (expose.feature(name) for name in ("state", "position", "tilt"))
    if position is not None and position.may(STATE):
        fields.append(Field(VALUE, (position.property,), lambda at: "open" if finite(at) > 0 else "closed"))
    if state is not None:
        fields.append(Field(VALUE, (state.property,), word({"OPEN": "open", "CLOSE": "closed", "STOP": "stopped"})))
        abilities.add(Ability.STATE)
        verbs = {Verb.OPEN: "OPEN", Verb.CLOSE: "CLOSE", Verb.STOP: "STOP"}
        known = {verb: name for verb, name in verbs.items() if not state.values or name in state.values}
        writers["state"] = verb_write(state, known)
    for moving in whole:
        if moving.name in ("moving", "motor_state") and moving.type == "enum" and moving.endpoint == expose.endpoint:
            fields.append(Field(VALUE, (moving.property,), lambda said: _MOVING[said]))
    for feature, ability in ((position, Ability.POSITION), (tilt, Ability.TILT)):
        if feature is not None:
            low, high = _range(feature, 0, 100)
            fields.append(Field(ability, (feature.property,), percent(low, high)))
            if feature.may(SET):
                abilities.add(ability)
                writers[ability] = _scaled(feature, low, high)
    if not abilities:
        raise NotUsed("without anything to set")
    return _main("cover", expose, abilities, fields, writers)


def _scaled(feature: Expose, low: float, high: float) -> Write:
    return lambda value: {feature.property: round(low + (high - low) * finite(str(value)) / 100)}


def _range(feature: Expose, low: float, high: float) -> tuple[float, float]:
    low = feature.value_min if feature.value_min is not None else low
    high = feature.value_max if feature.value_max is not None else high
    if low >= high:
        raise NotUsed("a range of nothing")
    return low, high


def lock(expose: Expose, _: Sequence[Expose]) -> Part:
    """Lock and unlock; its bolt may say otherwise."""
    state = expose.feature("state")
    if state is None or state.value_on is None or state.value_off is None:
        raise NotUsed("without a state")
    fields = [Field(VALUE, (state.property,), word({state.value_on: "locked", state.value_off: "unlocked"}))]
    if (bolt := expose.feature("lock_state")) is not None:
        shown = {"locked": "locked", "unlocked": "unlocked", "not_fully_locked": "jammed"}
        fields.append(Field(VALUE, (bolt.property,), word(shown)))
    verbs = {Verb.LOCK: state.value_on, Verb.UNLOCK: state.value_off}
    return _main("lock", expose, {Ability.STATE}, fields, {"state": verb_write(state, verbs)})


def fan(expose: Expose, _: Sequence[Expose]) -> Part:
    """On, off, speed in percent of its own speeds, and modes that are none."""
    abilities: set[Ability] = set()
    fields: list[Field] = []
    writers: dict[str, Write] = {}
    choices: dict[Ability, tuple[str, ...]] = {}
    state, mode, speed = (expose.feature(name) for name in ("state", "mode", "speed"))
    if state is not None and state.value_on is not None and state.value_off is not None:
        abilities, fields, writers = _power(expose)
    if speed is not None:
        low, high = _range(speed, 1, 100)
        abilities.add(Ability.PERCENTAGE)
        fields.append(Field("percentage", (speed.property,), percent(low - 1, high)))
        writers["percentage"] = _scaled(speed, low - 1, high)
    elif mode is not None:
        speeds = ["off", *(name for name in _SPEEDS if name in mode.values)]
        steps = len(speeds) - 1
        if not state:
            fields.append(Field(VALUE, (mode.property,), lambda said: "off" if said == "off" else "on"))
        if steps:
            shown = {name: str(round(step / steps * 100)) for step, name in enumerate(speeds)}
            abilities.add(Ability.PERCENTAGE)
            fields.append(Field("percentage", (mode.property,), lambda said: int(shown[said])))
            writers["percentage"] = lambda value: {
                mode.property: speeds[min(max(round(finite(str(value)) / 100 * steps), 1 if value else 0), steps)]
            }
        presets = tuple(str(name) for name in mode.values if name not in speeds)
        if presets:
            choices[Ability.PRESET] = presets
            abilities.add(Ability.PRESET)
            fields.append(Field("preset", (mode.property,), lambda said: said if said in presets else None))
            writers["preset"] = lambda value: {mode.property: one_of(presets, value)}
    if not abilities:
        raise NotUsed("without anything to set")
    return _main("fan", expose, abilities, fields, writers, choices=choices)


_CLIMATE_WORDS: Final = (("preset", Ability.PRESET), ("fan_mode", Ability.FAN_MODE), ("swing_mode", Ability.SWING))
_HEATING: Final = ("occupied_heating_setpoint", "current_heating_setpoint")
_COOLING: Final = ("occupied_cooling_setpoint", "current_cooling_setpoint")


def climate(expose: Expose, _: Sequence[Expose]) -> Part:
    """Mode, target temperatures, what it measures."""
    abilities: set[Ability] = set()
    fields: list[Field] = []
    writers: dict[str, Write] = {}
    options: tuple[str, ...] = ()
    choices: dict[Ability, tuple[str, ...]] = {}
    limits: dict[Ability, Limits] = {}
    if (measured := expose.feature("local_temperature")) is not None:
        fields.append(Field("current_temperature", (measured.property,), number))
    heating, cooling = (
        next((found for name in names if (found := expose.feature(name)) is not None), None)
        for names in (_HEATING, _COOLING)
    )
    both = heating is not None and cooling is not None
    for target, ability in ((heating, Ability.TEMPERATURE_LOW), (cooling, Ability.TEMPERATURE_HIGH)):
        if target is not None:
            key = ability if both else Ability.TEMPERATURE
            abilities.add(key)
            fields.append(Field(key, (target.property,), number))
            writers[key] = number_write(target)
            limits |= limits_of(key, target)
    for name, ability in _CLIMATE_WORDS:
        if (words := expose.feature(name)) is not None and words.values:
            abilities.add(ability)
            fields.append(Field(ability, (words.property,), text))
            choices[ability] = tuple(str(value) for value in words.values)
            writers[ability] = choice_write(words)
    mode = expose.feature("system_mode")
    if mode is not None and mode.values:
        options = tuple(str(value) for value in mode.values)
        on = next((name for name in (*_ON_MODES, *options) if name in options and name != "off"), None)
        verbs = {Verb.ON: on, Verb.OFF: "off" if "off" in options else None}
        abilities |= {Ability.MODE, Ability.STATE}
        fields.append(Field(VALUE, (mode.property,), text))
        writers["mode"] = lambda value: {mode.property: one_of(options, value)}
        writers["state"] = verb_write(mode, {verb: name for verb, name in verbs.items() if name is not None})
    if not fields:
        raise NotUsed("without anything to tell")
    unit = next((target.unit for target in (heating, cooling) if target is not None and target.unit), "°C")
    part = _main("climate", expose, abilities or {Ability.READ}, fields, writers, choices=choices)
    return replace(part, unit=unit, options=options, limits=limits)


def _main(
    domain: str,
    expose: Expose,
    abilities: set[Ability],
    fields: Sequence[Field],
    writers: Mapping[str, Write],
    *,
    choices: Mapping[Ability, tuple[str, ...]] | None = None,
) -> Part:
    gets = tuple(one.property for one in expose.features if one.may(GET) and one.name in ("state", "position"))
    object_id = f"{domain}_{expose.endpoint}" if expose.endpoint else domain
    name = endpoint_name(expose)
    return Part(domain, object_id, name, frozenset(abilities), tuple(fields), writers, gets, choices=choices or {})
