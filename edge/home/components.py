"""Home Assistant's MQTT components: from a discovery payload to an entity. One function a component.

Source: https://www.home-assistant.io/integrations/mqtt/ and the page of each component.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.devices import Ability, Value, Verb
from edge.home.broker import Publication
from edge.home.entity import VALUE, Decode, Encode, Reading, Seen, Unsupported
from edge.home.payload import Payload

_KELVIN_MIRED: Final = 1_000_000
_UNKNOWN: Final = frozenset({"", "none", "null", "unknown", "unavailable"})


@dataclass(frozen=True, slots=True)
class Parts:
    """What a component's payload comes to."""

    abilities: frozenset[Ability]
    readings: tuple[Reading, ...]
    encode: Encode
    unit: str | None = None
    options: tuple[str, ...] = ()


Component = Callable[[Payload], Parts]
Writers = Mapping[str, Callable[[Value], list[Publication]]]


def light(p: Payload) -> Parts:
    """Schemas ``json`` and ``default``; ``template`` is left to a later convention file."""
    schema = p.text("schema", "default")
    if schema == "json":
        return _json_light(p)
    if schema == "template":
        raise ValueError("lights of schema template are not supported")
    return _default_light(p)


def switch(p: Payload) -> Parts:
    """Also sirens: on and off by payloads of their own."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    states = {p.text("state_on", on): "on", p.text("state_off", off): "off"}
    return Parts(frozenset({Ability.STATE}), _value(p, states), _verbs(p, {Verb.ON: on, Verb.OFF: off}))


def binary_sensor(p: Payload) -> Parts:
    """Reports ``on`` and ``off``, whatever its class calls them."""
    states = {p.text("payload_on", "ON"): "on", p.text("payload_off", "OFF"): "off"}
    return Parts(frozenset({Ability.READ}), _value(p, states, required=True), _no_commands)


def sensor(p: Payload) -> Parts:
    """Reports whatever it measures, as text."""
    unit = p.text("unit_of_measurement", "") or None
    return Parts(frozenset({Ability.READ}), _value(p, None, required=True), _no_commands, unit=unit)


def cover(p: Payload) -> Parts:
    """Open, close, stop, position; its state from the state topic, else from the position."""
    closed, opened = p.number("position_closed", 0), p.number("position_open", 100)
    if closed == opened:
        raise ValueError("position_open equals position_closed")
    states = {
        p.text("state_open", "open"): "open",
        p.text("state_closed", "closed"): "closed",
        p.text("state_opening", "opening"): "opening",
        p.text("state_closing", "closing"): "closing",
        p.text("state_stopped", "stopped"): "stopped",
    }
    readings = list(_value(p, states))
    abilities = set()
    if (topic := p.topic("position_topic")) is not None:
        has_state = bool(readings)

        def position(payload: str) -> Seen:
            percent = round((float(payload) - closed) / (opened - closed) * 100)
            return {"position": percent, **({} if has_state else {VALUE: "open" if percent > 0 else "closed"})}

        keys = frozenset({"position"} if has_state else {"position", VALUE})
        readings.append(Reading(topic, keys, p.decode("position_template", position)))
    verbs = {
        Verb.OPEN: p.text("payload_open", "OPEN"),
        Verb.CLOSE: p.text("payload_close", "CLOSE"),
        Verb.STOP: p.text("payload_stop", "STOP"),
    }
    writers: dict[str, Callable[[Value], list[Publication]]] = {}
    if p.topic("command_topic") is not None:
        abilities.add(Ability.STATE)
        writers["state"] = _verb_writer(p, verbs)
    if (target := p.topic("set_position_topic")) is not None:
        abilities.add(Ability.POSITION)
        encode = p.command("set_position_template")
        writers["position"] = lambda value: [
            Publication(target, encode(round(closed + (opened - closed) * float(str(value)) / 100)))
        ]
    if not abilities:
        raise ValueError("neither command_topic nor set_position_topic")
    return Parts(frozenset(abilities), tuple(readings), _each(writers))


def valve(p: Payload) -> Parts:
    """Like a cover; with ``reports_position`` both state and position come and go on the plain topics."""
    if not p.flag("reports_position", False):
        return cover(p)
    closed, opened = p.number("position_closed", 0), p.number("position_open", 100)
    topic, target = p.needed_topic("state_topic"), p.needed_topic("command_topic")

    def position(payload: str) -> Seen:
        text = str(json.loads(payload).get("position", "")) if payload.startswith("{") else payload
        percent = round((float(text) - closed) / (opened - closed) * 100)
        return {"position": percent, VALUE: "open" if percent > 0 else "closed"}

    def send(percent: float) -> list[Publication]:
        return [Publication(target, str(round(closed + (opened - closed) * percent / 100)))]

    writers: Writers = {
        "position": lambda value: send(float(str(value))),
        "state": lambda value: send({Verb.OPEN: 100.0, Verb.CLOSE: 0.0}[Verb(str(value))]),
    }
    reading = Reading(topic, frozenset({"position", VALUE}), p.decode("value_template", position))
    return Parts(frozenset({Ability.STATE, Ability.POSITION}), (reading,), _each(writers))


def fan(p: Payload) -> Parts:
    """On, off, and speed in percent of its range."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    low, high = p.number("speed_range_min", 1), p.number("speed_range_max", 100)
    abilities = {Ability.STATE}
    readings = list(_value(p, {on: "on", off: "off"}, template="state_value_template"))
    writers: dict[str, Callable[[Value], list[Publication]]] = {"state": _verb_writer(p, {Verb.ON: on, Verb.OFF: off})}
    if (topic := p.topic("percentage_state_topic")) is not None:

        def speed(payload: str) -> Seen:
            level = float(payload)
            return {"percentage": round((level - low + 1) / (high - low + 1) * 100) if level >= low else 0}

        readings.append(Reading(topic, frozenset({"percentage"}), p.decode("percentage_value_template", speed)))
    if (target := p.topic("percentage_command_topic")) is not None:
        abilities.add(Ability.PERCENTAGE)
        encode = p.command("percentage_command_template")
        writers["percentage"] = lambda value: [
            Publication(target, encode(round(low - 1 + (high - low + 1) * float(str(value)) / 100)))
        ]
    return Parts(frozenset(abilities), tuple(readings), _each(writers))


def climate(p: Payload) -> Parts:
    """Mode, target temperature, what it measures."""
    modes = p.texts("modes", ("auto", "off", "cool", "heat", "dry", "fan_only"))
    readings: list[Reading] = []
    for topic_key, template, key, decode in (
        ("mode_state_topic", "mode_state_template", VALUE, _text(VALUE)),
        ("temperature_state_topic", "temperature_state_template", "temperature", _number("temperature")),
        *((f"{key}_topic", f"{key}_template", key, _number(key)) for key in ("current_temperature", "current_humidity")),
    ):  # fmt: skip
        if (topic := p.topic(topic_key)) is not None:
            readings.append(Reading(topic, frozenset({key}), p.decode(template, decode)))
    abilities: set[Ability] = set()
    writers: dict[str, Callable[[Value], list[Publication]]] = {}
    if (mode_topic := p.topic("mode_command_topic")) is not None:
        abilities |= {Ability.MODE, Ability.STATE}
        encode_mode = p.command("mode_command_template")
        on = next(
            (mode for mode in ("auto", "heat_cool", "heat", "cool", *modes) if mode in modes and mode != "off"), "auto"
        )
        names = {Verb.ON: on, Verb.OFF: "off"}
        writers["mode"] = lambda value: [Publication(mode_topic, encode_mode(value))]
        writers["state"] = lambda value: [Publication(mode_topic, encode_mode(names[Verb(str(value))]))]
    if (target := p.topic("temperature_command_topic")) is not None:
        abilities.add(Ability.TEMPERATURE)
        encode = p.command("temperature_command_template")
        writers["temperature"] = lambda value: [Publication(target, encode(float(str(value))))]
    unit = {"F": "°F", "C": "°C"}.get(p.text("temperature_unit", "C"), "°C")
    return Parts(frozenset(abilities or {Ability.READ}), tuple(readings), _each(writers), unit=unit, options=modes)


def lock(p: Payload) -> Parts:
    """Lock and unlock."""
    states = {
        p.text("state_locked", "LOCKED"): "locked",
        p.text("state_unlocked", "UNLOCKED"): "unlocked",
        p.text("state_locking", "LOCKING"): "locking",
        p.text("state_unlocking", "UNLOCKING"): "unlocking",
        p.text("state_jammed", "JAMMED"): "jammed",
    }
    verbs = {Verb.LOCK: p.text("payload_lock", "LOCK"), Verb.UNLOCK: p.text("payload_unlock", "UNLOCK")}
    return Parts(frozenset({Ability.STATE}), _value(p, states), _verbs(p, verbs))


def vacuum(p: Payload) -> Parts:
    """Schema ``state``: start, pause, stop, return; its state is JSON."""
    verbs = {
        Verb.START: p.text("payload_start", "start"),
        Verb.PAUSE: p.text("payload_pause", "pause"),
        Verb.STOP: p.text("payload_stop", "stop"),
        Verb.RETURN: p.text("payload_return_to_base", "return_to_base"),
    }
    readings: tuple[Reading, ...] = ()
    if (topic := p.topic("state_topic")) is not None:
        readings = (Reading(topic, frozenset({VALUE}), lambda payload: {VALUE: _known(_object(payload).get("state"))}),)
    return Parts(frozenset({Ability.STATE}), readings, _verbs(p, verbs))


def button(p: Payload) -> Parts:
    """Pressed; says nothing."""
    return Parts(frozenset({Ability.STATE}), (), _verbs(p, {Verb.PRESS: p.text("payload_press", "PRESS")}))


def scene(p: Payload) -> Parts:
    """Activated; says nothing."""
    return Parts(frozenset({Ability.STATE}), (), _verbs(p, {Verb.PRESS: p.text("payload_on", "ON")}))


def number(p: Payload) -> Parts:
    """A value to set."""
    target, encode = p.needed_topic("command_topic"), p.command("command_template")
    writers: Writers = {"value": lambda value: [Publication(target, encode(value))]}
    unit = p.text("unit_of_measurement", "") or None
    return Parts(frozenset({Ability.NUMBER}), _value(p, None), _each(writers), unit=unit)


def select(p: Payload) -> Parts:
    """One of its options."""
    target, encode = p.needed_topic("command_topic"), p.command("command_template")
    writers: Writers = {"option": lambda value: [Publication(target, encode(value))]}
    return Parts(frozenset({Ability.OPTION}), _value(p, None), _each(writers), options=p.texts("options", ()))


COMPONENTS: Final[Mapping[str, Component]] = {
    "binary_sensor": binary_sensor,
    "button": button,
    "climate": climate,
    "cover": cover,
    "fan": fan,
    "light": light,
    "lock": lock,
    "number": number,
    "scene": scene,
    "select": select,
    "sensor": sensor,
    "siren": switch,
    "switch": switch,
    "vacuum": vacuum,
    "valve": valve,
}
"""By the name in the discovery topic."""


# -- lights -----------------------------------------------------------------------------------------------------------


def _json_light(p: Payload) -> Parts:
    target = p.needed_topic("command_topic")
    modes = set(p.texts("supported_color_modes", ()))
    colorful = bool(modes & {"rgb", "rgbw", "rgbww", "hs", "xy"})
    tunable = bool(modes & {"color_temp", "rgbww"}) or p.flag("color_temp", False)
    dimmable = p.flag("brightness", False) or bool(modes - {"onoff"})
    scale, kelvin = p.number("brightness_scale", 255), p.flag("color_temp_kelvin", False)
    abilities = frozenset(
        {Ability.STATE}
        | ({Ability.BRIGHTNESS} if dimmable else set())
        | ({Ability.COLOR} if colorful else set())
        | ({Ability.COLOR_TEMPERATURE} if tunable else set())
    )

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        body: dict[str, Any] = {"state": str(change.get("state", Verb.ON))}
        for key, value in change.items():
            match key:
                case "state":
                    pass
                case "brightness" if dimmable:
                    body["brightness"] = max(round(float(str(value)) / 100 * scale), 1 if value else 0)
                case "color" if colorful and isinstance(value, tuple):
                    body["color"] = dict(zip("rgb", value, strict=True))
                case "color_temperature" if tunable:
                    body["color_temp"] = value if kelvin else round(_KELVIN_MIRED / float(str(value)))
                case _:
                    raise Unsupported(key)
        return [Publication(target, json.dumps(body))]

    def decode(payload: str) -> Seen:
        said = _object(payload)
        seen: dict[str, Value | None] = {}
        if "state" in said:
            seen[VALUE] = None if said["state"] is None else str(said["state"]).lower()
        if said.get("brightness") is not None:
            seen["brightness"] = round(float(said["brightness"]) / scale * 100)
        if isinstance(color := said.get("color"), dict) and all(channel in color for channel in "rgb"):
            seen["color"] = (int(color["r"]), int(color["g"]), int(color["b"]))
        if said.get("color_temp"):
            measured = float(said["color_temp"])
            seen["color_temperature"] = round(measured if kelvin else _KELVIN_MIRED / measured)
        return seen

    keys = frozenset({VALUE, *(str(ability) for ability in abilities - {Ability.STATE})})
    topic = p.topic("state_topic")
    return Parts(abilities, (Reading(topic, keys, decode),) if topic else (), encode)


def _default_light(p: Payload) -> Parts:
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    scale = p.number("brightness_scale", 255)
    readings = list(_value(p, {on: "on", off: "off"}, template="state_value_template"))
    writers: dict[str, Callable[[Value], list[Publication]]] = {"state": _verb_writer(p, {Verb.ON: on, Verb.OFF: off})}
    abilities = {Ability.STATE}
    if (bright := p.topic("brightness_command_topic")) is not None:
        abilities.add(Ability.BRIGHTNESS)
        encode = p.command("brightness_command_template")
        writers["brightness"] = lambda value: [Publication(bright, encode(round(float(str(value)) / 100 * scale)))]
    if (topic := p.topic("brightness_state_topic")) is not None:
        scaled = _number("brightness", lambda level: round(level / scale * 100))
        readings.append(Reading(topic, frozenset({"brightness"}), p.decode("brightness_value_template", scaled)))
    if (color := p.topic("rgb_command_topic")) is not None:
        abilities.add(Ability.COLOR)
        writers["color"] = lambda value: [Publication(color, _rgb_text(p, value))]
    if (topic := p.topic("rgb_state_topic")) is not None:
        readings.append(Reading(topic, frozenset({"color"}), p.decode("rgb_value_template", _rgb)))
    if (warm := p.topic("color_temp_command_topic")) is not None:
        abilities.add(Ability.COLOR_TEMPERATURE)
        kelvin = p.flag("color_temp_kelvin", False)
        convert = p.command("color_temp_command_template")
        writers["color_temperature"] = lambda value: [
            Publication(warm, convert(value if kelvin else round(_KELVIN_MIRED / float(str(value)))))
        ]
    return Parts(frozenset(abilities), tuple(readings), _each(writers))


def _rgb_text(p: Payload, value: Value) -> str:
    if not isinstance(value, tuple):
        raise Unsupported("color")
    red, green, blue = value
    if p.has("rgb_command_template"):
        return p.command("rgb_command_template")(value, red=red, green=green, blue=blue)
    return f"{red},{green},{blue}"


def _rgb(payload: str) -> Seen:
    red, green, blue = (int(channel) for channel in payload.split(","))
    return {"color": (red, green, blue)}


# -- pieces -----------------------------------------------------------------------------------------------------------


def _value(
    p: Payload, states: Mapping[str, str] | None, *, required: bool = False, template: str = "value_template"
) -> tuple[Reading, ...]:
    """The reading of ``state_topic``. ``states``: payload → value; None when any text is one."""
    topic = p.needed_topic("state_topic") if required else p.topic("state_topic")
    if topic is None:
        return ()

    def decode(payload: str) -> Seen:
        if payload.casefold() in _UNKNOWN:
            return {VALUE: None}
        if states is None:
            return {VALUE: payload}
        if payload not in states:
            raise ValueError(f"{payload[:40]!r} is none of {', '.join(states)}")
        return {VALUE: states[payload]}

    return (Reading(topic, frozenset({VALUE}), p.decode(template, decode)),)


def _text(key: str) -> Decode:
    return lambda payload: {key: _known(payload)}


def _number(key: str, convert: Callable[[float], Value] = lambda level: level) -> Decode:
    return lambda payload: {key: None if payload.casefold() in _UNKNOWN else convert(float(payload))}


def _known(text: object) -> str | None:
    return None if text is None or str(text).casefold() in _UNKNOWN else str(text)


def _object(payload: str) -> dict[str, Any]:
    said = json.loads(payload)
    if not isinstance(said, dict):
        raise ValueError("the state is no JSON object")
    return said


def _verb_writer(p: Payload, verbs: Mapping[Verb, str]) -> Callable[[Value], list[Publication]]:
    topic, encode = p.needed_topic("command_topic"), p.command("command_template")

    def write(value: Value) -> list[Publication]:
        verb = Verb(str(value))
        if verb not in verbs:
            raise Unsupported(verb)
        return [Publication(topic, encode(verbs[verb]))]

    return write


def _verbs(p: Payload, verbs: Mapping[Verb, str]) -> Encode:
    return _each({"state": _verb_writer(p, verbs)})


def _each(writers: Writers) -> Encode:
    """A message for each part of a change. Being told to be on is implied by anything else."""

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        unknown = change.keys() - writers.keys()
        if unknown:
            raise Unsupported(", ".join(sorted(unknown)))
        return [publication for key, value in change.items() for publication in writers[key](value)]

    return encode


def _no_commands(change: Mapping[str, Value]) -> list[Publication]:
    raise Unsupported(", ".join(change))
