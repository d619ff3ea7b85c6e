"""What a Zigbee device can do, from zigbee2mqtt's ``exposes`` of it: each part that people speak of, without topics.

Source: https://www.zigbee2mqtt.io/guide/usage/exposes.html
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Where

from edge.devices import Ability, Limits, Value, Verb
from edge.home.color import rgb_of
from edge.home.entity import VALUE, Unsupported
from edge.home.json_state import Field, number, percent, text, word
from edge.home.parts import finite, one_of, within
from edge.home.zigbee2mqtt_classes import BINARY, MEASURED

_STATE, _SET, _GET = 1, 2, 4
"""Bits of ``access``: found in the state, can be set, can be asked for."""
_KELVIN_MIRED: Final = 1_000_000
_SPEEDS: Final = ("low", "medium", "high", *"123456789")
"""Fan modes that are speeds, the slowest first."""
_BESIDE: Final = frozenset({"config", "diagnostic"})
_KEPT: Final = frozenset({"action", "battery", "battery_low", "tamper"})
"""Of what is beside the point, what people ask for."""
_MOVING: Final[Mapping[Any, str]] = {
    **dict.fromkeys(("opening", "open", "up", "UP", "forward", "rising"), "opening"),
    **dict.fromkeys(("closing", "close", "down", "DOWN", "backward", "declining"), "closing"),
}
_ON_MODES: Final = ("auto", "heat_cool", "heat", "cool")

Name = Annotated[str, Where(max_length=120)]
Scalar: TypeAlias = bool | int | float | Annotated[str, Where(max_length=120)]
Finite = Annotated[float, Where(allow_inf_nan=False)]


class Expose(BaseModel):
    """One entry of ``exposes``, or one of its ``features``."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    type: Name
    name: Name = ""
    property: Name = ""
    label: Name = ""
    endpoint: Name | None = None
    category: Name | None = None
    access: int = 0
    unit: Name | None = None
    value_on: Scalar | None = None
    value_off: Scalar | None = None
    value_min: Finite | None = None
    value_max: Finite | None = None
    value_step: Finite | None = None
    values: Annotated[tuple[Scalar, ...], Where(max_length=2000)] = ()
    features: Annotated[tuple["Expose", ...], Where(max_length=100)] = ()

    def feature(self, name: str) -> "Expose | None":
        """Its feature of that name, if it has a property to it."""
        return next((one for one in self.features if one.name == name and one.property), None)

    def may(self, bit: int) -> bool:
        """Whether ``access`` has that bit."""
        return bool(self.access & bit)


Write: TypeAlias = Callable[[Value], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """One entity of a device, on whatever topic it is."""

    domain: str
    object_id: str
    """As zigbee2mqtt's discovery calls it, unique within the device."""
    name: str
    """Of its own; empty when it is what the device is for."""
    abilities: frozenset[Ability]
    fields: tuple[Field, ...]
    writers: Mapping[str, Write] = field(default_factory=dict)
    """By change, the properties to set."""
    gets: tuple[str, ...] = ()
    """Properties that can be asked for."""
    device_class: str | None = None
    unit: str | None = None
    options: tuple[str, ...] = ()
    choices: Mapping[Ability, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[Ability, Limits] = field(default_factory=dict)
    category: str | None = None
    """As in :class:`edge.devices.Device`; likewise those above."""
    happens: bool = False
    """Whether it tells what happens, not how things are."""


class NotUsed(Exception):
    """There is nothing in it for a voice assistant; the text says why in a few words."""


def parts(exposes: Sequence[Expose]) -> Iterator[Part | NotUsed]:
    """What each of ``exposes`` comes to, in order."""
    for expose in exposes:
        try:
            yield _part(expose, exposes)
        except NotUsed as reason:
            yield reason


def group_part(domain: str, members: Sequence[Expose]) -> Part | None:
    """A group as one of ``domain``, by the exposes of its members; None when none of them is one.

    It can do what any of its members can: zigbee2mqtt gives each what it understands. Its properties have no endpoints.
    """
    able = sorted((one for one in members if one.type == domain), key=lambda one: -len(one.features))
    for expose in able:
        plain = [one.model_copy(update={"property": _plain(one, expose.endpoint)}) for one in expose.features]
        try:
            part = _part(expose.model_copy(update={"endpoint": None, "features": tuple(plain)}), ())
        except NotUsed:
            continue
        return replace(part, gets=())
    return None


def _plain(feature: Expose, endpoint: str | None) -> str:
    return feature.property.removesuffix(f"_{endpoint}") if endpoint else feature.property


def _part(expose: Expose, whole: Sequence[Expose]) -> Part:
    reader = _READERS.get(expose.type)
    if reader is None:
        raise NotUsed(f"type {expose.type}")
    if expose.category in _BESIDE and expose.name not in _KEPT:
        raise NotUsed(f"category {expose.category}")
    return reader(expose, whole)


# -- what a device is for ---------------------------------------------------------------------------------------------


def _light(expose: Expose, whole: Sequence[Expose]) -> Part:
    abilities, fields, writers = _power(expose)
    choices: dict[Ability, tuple[str, ...]] = {}
    effects = next((one for one in whole if _is_effect(one) and one.endpoint == expose.endpoint), None)
    if effects is not None:
        abilities.add(Ability.EFFECT)
        choices[Ability.EFFECT] = tuple(str(value) for value in effects.values)
        writers["effect"] = _chosen(effects)
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


def _is_effect(expose: Expose) -> bool:
    return expose.type == "enum" and expose.name == "effect" and bool(expose.property and expose.values)


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


def _switch(expose: Expose, _: Sequence[Expose]) -> Part:
    return _main("switch", expose, *_power(expose))


def _power(expose: Expose) -> tuple[set[Ability], list[Field], dict[str, Write]]:
    """On and off, which lamps and plugs have alike."""
    state = expose.feature("state")
    if state is None or state.value_on is None or state.value_off is None:
        raise NotUsed("without a state")
    on, off = state.value_on, state.value_off
    fields = [Field(VALUE, (state.property,), word({on: "on", off: "off"}))] if state.may(_STATE) else []
    return {Ability.STATE}, fields, {"state": _verbs(state, {Verb.ON: on, Verb.OFF: off})}


def _verbs(feature: Expose, names: Mapping[Verb, Any]) -> Write:
    def write(value: Value) -> Mapping[str, Any]:
        verb = Verb(str(value))
        if verb not in names:
            raise Unsupported(verb)
        return {feature.property: names[verb]}

    return write


def _cover(expose: Expose, whole: Sequence[Expose]) -> Part:
    abilities: set[Ability] = set()
    fields: list[Field] = []
    writers: dict[str, Write] = {}
    state, position, tilt = (expose.feature(name) for name in ("state", "position", "tilt"))
    if position is not None and position.may(_STATE):
        fields.append(Field(VALUE, (position.property,), lambda at: "open" if finite(at) > 0 else "closed"))
    if state is not None:
        fields.append(Field(VALUE, (state.property,), word({"OPEN": "open", "CLOSE": "closed", "STOP": "stopped"})))
        abilities.add(Ability.STATE)
        verbs = {Verb.OPEN: "OPEN", Verb.CLOSE: "CLOSE", Verb.STOP: "STOP"}
        known = {verb: name for verb, name in verbs.items() if not state.values or name in state.values}
        writers["state"] = _verbs(state, known)
    for moving in whole:
        if moving.name in ("moving", "motor_state") and moving.type == "enum" and moving.endpoint == expose.endpoint:
            fields.append(Field(VALUE, (moving.property,), lambda said: _MOVING[said]))
    for feature, ability in ((position, Ability.POSITION), (tilt, Ability.TILT)):
        if feature is not None:
            low, high = _range(feature, 0, 100)
            fields.append(Field(ability, (feature.property,), percent(low, high)))
            if feature.may(_SET):
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


def _lock(expose: Expose, _: Sequence[Expose]) -> Part:
    state = expose.feature("state")
    if state is None or state.value_on is None or state.value_off is None:
        raise NotUsed("without a state")
    fields = [Field(VALUE, (state.property,), word({state.value_on: "locked", state.value_off: "unlocked"}))]
    if (bolt := expose.feature("lock_state")) is not None:
        shown = {"locked": "locked", "unlocked": "unlocked", "not_fully_locked": "jammed"}
        fields.append(Field(VALUE, (bolt.property,), word(shown)))
    verbs = {Verb.LOCK: state.value_on, Verb.UNLOCK: state.value_off}
    return _main("lock", expose, {Ability.STATE}, fields, {"state": _verbs(state, verbs)})


def _fan(expose: Expose, _: Sequence[Expose]) -> Part:
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


def _climate(expose: Expose, _: Sequence[Expose]) -> Part:
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
            writers[key] = _within(target)
            limits |= _limits(key, target)
    for name, ability in _CLIMATE_WORDS:
        if (words := expose.feature(name)) is not None and words.values:
            abilities.add(ability)
            fields.append(Field(ability, (words.property,), text))
            choices[ability] = tuple(str(value) for value in words.values)
            writers[ability] = _chosen(words)
    mode = expose.feature("system_mode")
    if mode is not None and mode.values:
        options = tuple(str(value) for value in mode.values)
        on = next((name for name in (*_ON_MODES, *options) if name in options and name != "off"), None)
        verbs = {Verb.ON: on, Verb.OFF: "off" if "off" in options else None}
        abilities |= {Ability.MODE, Ability.STATE}
        fields.append(Field(VALUE, (mode.property,), text))
        writers["mode"] = lambda value: {mode.property: one_of(options, value)}
        writers["state"] = _verbs(mode, {verb: name for verb, name in verbs.items() if name is not None})
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
    gets = tuple(one.property for one in expose.features if one.may(_GET) and one.name in ("state", "position"))
    object_id = f"{domain}_{expose.endpoint}" if expose.endpoint else domain
    name = _endpoint(expose)
    return Part(domain, object_id, name, frozenset(abilities), tuple(fields), writers, gets, choices=choices or {})


# -- what else it has -------------------------------------------------------------------------------------------------


def _binary(expose: Expose, _: Sequence[Expose]) -> Part:
    if expose.value_on is None or expose.value_off is None or not expose.property:
        raise NotUsed("without values")
    on, off = expose.value_on, expose.value_off
    shown = (Field(VALUE, (expose.property,), word({on: "on", off: "off"})),) if expose.may(_STATE) else ()
    if expose.may(_SET):
        writers = {"state": _verbs(expose, {Verb.ON: on, Verb.OFF: off})}
        # Child locks, indicators and resets to the factory's settings: nobody means them who says "all switches".
        category = None if expose.name == "state" else "config"
        return replace(_own("switch", expose, Ability.STATE, shown, writers), category=category)
    if not shown:
        raise NotUsed("neither told nor set")
    return _own("binary_sensor", expose, Ability.READ, shown, device_class=BINARY.get(expose.name))


def _numeric(expose: Expose, _: Sequence[Expose]) -> Part:
    shown = (Field(VALUE, (expose.property,), text),) if expose.may(_STATE) and expose.property else ()
    if expose.may(_SET) and expose.property:
        part = _own("number", expose, Ability.NUMBER, shown, {"value": _within(expose)}, unit=expose.unit)
        return replace(part, limits=_limits(Ability.NUMBER, expose))
    if not shown:
        raise NotUsed("neither told nor set")
    device_class = MEASURED.get(expose.name)
    return _own("sensor", expose, Ability.READ, shown, device_class=device_class, unit=expose.unit)


def _within(expose: Expose) -> Write:
    """A number between the limits: less than was asked for would not be what was asked for."""
    limits = _limits(Ability.NUMBER, expose).get(Ability.NUMBER)

    def write(value: Value) -> Mapping[str, Any]:
        wanted = within(limits, value)
        return {expose.property: int(wanted) if wanted.is_integer() else wanted}

    return write


def _limits(key: Ability, expose: Expose) -> Mapping[Ability, Limits]:
    low, high = expose.value_min, expose.value_max
    return {key: Limits(low, high, expose.value_step or 0.0)} if low is not None and high is not None else {}


def _chosen(expose: Expose) -> Write:
    typed = {str(value): value for value in expose.values}
    return lambda value: {expose.property: typed[str(one_of(tuple(typed), value))]}


def _enum(expose: Expose, whole: Sequence[Expose]) -> Part:
    if _is_effect(expose) and any(one.type == "light" and one.endpoint == expose.endpoint for one in whole):
        raise NotUsed("effects, which are the light's")
    shown = (Field(VALUE, (expose.property,), text),) if expose.may(_STATE) and expose.property else ()
    if expose.may(_SET) and expose.property and expose.values:
        if len(expose.values) == 1 and not shown:
            press = {Verb.PRESS: expose.values[0]}
            return _own("button", expose, Ability.STATE, (), {"state": _verbs(expose, press)})
        options = tuple(str(value) for value in expose.values)
        return _own("select", expose, Ability.OPTION, shown, {"option": _chosen(expose)}, options=options)
    if not shown:
        raise NotUsed("neither told nor set")
    if expose.name == "action":
        happened = (Field(VALUE, (expose.property,), _happened),)
        return replace(_own("event", expose, Ability.READ, happened), happens=True)
    return _own("sensor", expose, Ability.READ, shown)


def _happened(said: Any) -> Value:
    if said == "":
        raise KeyError(said)
    return text(said)


def _text(expose: Expose, _: Sequence[Expose]) -> Part:
    shown = (Field(VALUE, (expose.property,), text),) if expose.may(_STATE) and expose.property else ()
    if expose.may(_SET) and expose.property:
        return _own("text", expose, Ability.TEXT, shown, {"text": lambda value: {expose.property: str(value)}})
    if not shown:
        raise NotUsed("neither told nor set")
    return _own("sensor", expose, Ability.READ, shown)


def _own(
    domain: str,
    expose: Expose,
    ability: Ability,
    fields: tuple[Field, ...],
    writers: Mapping[str, Write] | None = None,
    *,
    device_class: str | None = None,
    unit: str | None = None,
    options: tuple[str, ...] = (),
) -> Part:
    """A part beside what the device is for, under its own name."""
    label = expose.label or expose.name.replace("_", " ").capitalize()
    place = _endpoint(expose)
    name = label if not place or place.casefold() in label.casefold().split() else f"{label} {place}"
    return Part(
        domain=domain,
        object_id=expose.property,
        name=name,
        abilities=frozenset({ability}),
        fields=fields,
        writers=writers or {},
        device_class=device_class,
        unit=unit,
        options=options,
    )


def _endpoint(expose: Expose) -> str:
    """How people call an endpoint: ``left``, and ``1`` for ``l1``."""
    return re.sub(r"^l(\d+)$", r"\1", expose.endpoint or "").replace("_", " ")


_READERS: Final[Mapping[str, Callable[[Expose, Sequence[Expose]], Part]]] = {
    "binary": _binary,
    "climate": _climate,
    "cover": _cover,
    "enum": _enum,
    "fan": _fan,
    "light": _light,
    "lock": _lock,
    "numeric": _numeric,
    "switch": _switch,
    "text": _text,
}
