"""Home Assistant's MQTT components: from a discovery payload to an entity. One function a component.

Source: https://www.home-assistant.io/integrations/mqtt/ and the page of each component.
"""

from collections.abc import Callable, Mapping
from typing import Final

from edge.devices import Ability, Value, Verb
from edge.home.appliances import humidifier, lawn_mower, vacuum
from edge.home.broker import Publication
from edge.home.entity import VALUE, Reading, Seen, Unsupported
from edge.home.lights import light
from edge.home.parts import (
    Component,
    Parts,
    Writers,
    command_writer,
    each,
    json_object,
    known,
    no_commands,
    number_of,
    one_of,
    text_of,
    value_reading,
    verb_writer,
    verbs_only,
)
from edge.home.payload import Payload

_MEASURED: Final = ("current_temperature", "current_humidity")


def switch(p: Payload) -> Parts:
    """Also sirens: on and off by payloads of their own."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    states = {p.text("state_on", on): "on", p.text("state_off", off): "off"}
    return Parts(frozenset({Ability.STATE}), value_reading(p, states), verbs_only(p, {Verb.ON: on, Verb.OFF: off}))


def binary_sensor(p: Payload) -> Parts:
    """Reports ``on`` and ``off``, whatever its class calls them."""
    states = {p.text("payload_on", "ON"): "on", p.text("payload_off", "OFF"): "off"}
    return Parts(frozenset({Ability.READ}), value_reading(p, states, required=True), no_commands)


def sensor(p: Payload) -> Parts:
    """Reports whatever it measures, as text."""
    unit = p.text("unit_of_measurement", "") or None
    return Parts(frozenset({Ability.READ}), value_reading(p, None, required=True), no_commands, unit=unit)


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
    readings = list(value_reading(p, states))
    abilities = set()
    if (topic := p.topic("position_topic")) is not None:
        has_state = bool(readings)

        def position(payload: str) -> Seen:
            percent = round((float(payload) - closed) / (opened - closed) * 100)
            return {"position": percent, **({} if has_state else {VALUE: "open" if percent > 0 else "closed"})}

        keys = frozenset({"position"} if has_state else {"position", VALUE})
        readings.append(Reading(topic, keys, p.decode("position_template", position)))
    tilt_readings, tilt_writers = _tilt(p)
    readings.extend(tilt_readings)
    verbs = {
        Verb.OPEN: p.text("payload_open", "OPEN"),
        Verb.CLOSE: p.text("payload_close", "CLOSE"),
        Verb.STOP: p.text("payload_stop", "STOP"),
    }
    writers: dict[str, Callable[[Value], list[Publication]]] = {}
    if p.topic("command_topic") is not None:
        abilities.add(Ability.STATE)
        writers["state"] = command_writer(p, verbs)
    if (target := p.topic("set_position_topic")) is not None:
        abilities.add(Ability.POSITION)
        encode = p.command("set_position_template")
        writers["position"] = lambda value: [
            Publication(target, encode(round(closed + (opened - closed) * float(str(value)) / 100)))
        ]
    if not abilities:
        raise ValueError("neither command_topic nor set_position_topic")
    abilities |= {Ability.TILT} if tilt_writers else set()
    return Parts(frozenset(abilities), tuple(readings), each({**writers, **tilt_writers}))


def _tilt(p: Payload) -> tuple[list[Reading], Writers]:
    """Slats: 0 closed to 100 open, in the cover's own range on the wire."""
    low, high = p.number("tilt_min", 0), p.number("tilt_max", 100)
    if low == high:
        raise ValueError("tilt_max equals tilt_min")
    readings: list[Reading] = []
    if (topic := p.topic("tilt_status_topic")) is not None:
        percent = number_of("tilt", lambda level: round((level - low) / (high - low) * 100))
        readings.append(Reading(topic, frozenset({"tilt"}), p.decode("tilt_status_template", percent)))
    if (target := p.topic("tilt_command_topic")) is None:
        return readings, {}
    encode = p.command("tilt_command_template")
    return readings, {
        "tilt": lambda value: [Publication(target, encode(round(low + (high - low) * float(str(value)) / 100)))]
    }


def valve(p: Payload) -> Parts:
    """Like a cover; with ``reports_position`` both state and position come and go on the plain topics."""
    if not p.flag("reports_position", False):
        return cover(p)
    closed, opened = p.number("position_closed", 0), p.number("position_open", 100)
    topic, target = p.needed_topic("state_topic"), p.needed_topic("command_topic")

    if closed == opened:
        raise ValueError("position_open equals position_closed")

    def position(payload: str) -> Seen:
        said = json_object(payload) if payload.startswith("{") else {"position": payload}
        moving = {VALUE: state} if (state := known(said.get("state"))) in ("opening", "closing") else {}
        if said.get("position") is None:
            return moving
        percent = round((float(said["position"]) - closed) / (opened - closed) * 100)
        return {"position": percent, VALUE: "open" if percent > 0 else "closed", **moving}

    def send(percent: float) -> list[Publication]:
        return [Publication(target, str(round(closed + (opened - closed) * percent / 100)))]

    def obey(value: Value) -> list[Publication]:
        match Verb(str(value)):
            case Verb.OPEN:
                return send(100)
            case Verb.CLOSE:
                return send(0)
            case Verb.STOP if p.has("payload_stop"):
                return [Publication(target, p.text("payload_stop", ""))]
        raise Unsupported(value)

    writers: Writers = {"position": lambda value: send(float(str(value))), "state": obey}
    reading = Reading(topic, frozenset({"position", VALUE}), p.decode("value_template", position))
    return Parts(frozenset({Ability.STATE, Ability.POSITION}), (reading,), each(writers))


def fan(p: Payload) -> Parts:
    """On, off, and speed in percent of its range."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    low, high = p.number("speed_range_min", 1), p.number("speed_range_max", 100)
    if low > high:
        raise ValueError("speed_range_min is above speed_range_max")
    abilities = {Ability.STATE}
    readings = list(value_reading(p, {on: "on", off: "off"}, template="state_value_template"))
    writers: dict[str, Callable[[Value], list[Publication]]] = {
        "state": command_writer(p, {Verb.ON: on, Verb.OFF: off})
    }
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
    return Parts(frozenset(abilities), tuple(readings), each(writers))


def climate(p: Payload) -> Parts:
    """Mode, target temperature, what it measures."""
    modes = p.texts("modes", ("auto", "off", "cool", "heat", "dry", "fan_only"))
    readings: list[Reading] = []
    for topic_key, template, key, decode in (
        ("mode_state_topic", "mode_state_template", VALUE, text_of(VALUE)),
        ("temperature_state_topic", "temperature_state_template", "temperature", number_of("temperature")),
        *((f"{key}_topic", f"{key}_template", key, number_of(key)) for key in _MEASURED),
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

        def set_mode(value: Value) -> list[Publication]:
            return [Publication(mode_topic, encode_mode(one_of(modes, value)))]

        writers["mode"] = set_mode
        writers["state"] = lambda value: set_mode(names.get(Verb(str(value)), value))
    if (power := p.topic("power_command_topic")) is not None:
        abilities.add(Ability.STATE)
        powers = {Verb.ON: p.text("payload_on", "ON"), Verb.OFF: p.text("payload_off", "OFF")}
        writers["state"] = verb_writer(powers, power, p.command("power_command_template"))
    if (target := p.topic("temperature_command_topic")) is not None:
        abilities.add(Ability.TEMPERATURE)
        encode = p.command("temperature_command_template")
        writers["temperature"] = lambda value: [Publication(target, encode(float(str(value))))]
    unit = {"F": "°F", "C": "°C"}.get(p.text("temperature_unit", "C"), "°C")
    return Parts(frozenset(abilities or {Ability.READ}), tuple(readings), each(writers), unit=unit, options=modes)


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
    return Parts(frozenset({Ability.STATE}), value_reading(p, states), verbs_only(p, verbs))


def button(p: Payload) -> Parts:
    """Pressed; says nothing."""
    return Parts(frozenset({Ability.STATE}), (), verbs_only(p, {Verb.PRESS: p.text("payload_press", "PRESS")}))


def scene(p: Payload) -> Parts:
    """Activated; says nothing."""
    return Parts(frozenset({Ability.STATE}), (), verbs_only(p, {Verb.PRESS: p.text("payload_on", "ON")}))


def number(p: Payload) -> Parts:
    """A value to set."""
    target, encode = p.needed_topic("command_topic"), p.command("command_template")
    writers: Writers = {"value": lambda value: [Publication(target, encode(value))]}
    unit = p.text("unit_of_measurement", "") or None
    return Parts(frozenset({Ability.NUMBER}), value_reading(p, None), each(writers), unit=unit)


def select(p: Payload) -> Parts:
    """One of its options."""
    target, encode = p.needed_topic("command_topic"), p.command("command_template")
    options = p.texts("options", ())
    writers: Writers = {"option": lambda value: [Publication(target, encode(one_of(options, value)))]}
    return Parts(frozenset({Ability.OPTION}), value_reading(p, None), each(writers), options=options)


COMPONENTS: Final[Mapping[str, Component]] = {
    "binary_sensor": binary_sensor,
    "button": button,
    "climate": climate,
    "cover": cover,
    "fan": fan,
    "humidifier": humidifier,
    "lawn_mower": lawn_mower,
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
