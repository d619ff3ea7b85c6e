"""Appliances of Home Assistant's MQTT discovery that go about their own work: fans, humidifiers, vacuums, mowers.

Source: https://www.home-assistant.io/integrations/fan.mqtt/, humidifier.mqtt/, vacuum.mqtt/ and lawn_mower.mqtt/
"""

import json
from collections.abc import Callable
from typing import Final

from edge.devices import Ability, Limits, Value, Verb
from edge.home.broker import Publication
from edge.home.entity import VALUE, Reading, Seen, Unsupported
from edge.home.parts import (
    Parts,
    Writers,
    command_writer,
    each,
    json_object,
    known,
    number_of,
    one_of,
    setting,
    switch_of,
    text_of,
    value_reading,
    within,
    word_of,
)
from edge.home.payload import Payload

_MOWER: Final = {Verb.START: "start_mowing", Verb.PAUSE: "pause", Verb.RETURN: "dock"}
_WAYS: Final = ("forward", "reverse")
_MAX_SEGMENTS: Final = 64


def fan(p: Payload) -> Parts:
    """On, off, speed in percent of its range, presets, swinging, direction."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    swings, still = p.text("payload_oscillation_on", "oscillate_on"), p.text("payload_oscillation_off", "oscillate_off")
    presets = p.texts("preset_modes", ())
    readings = list(value_reading(p, {on: "on", off: "off"}, template="state_value_template"))
    writers: dict[str, Callable[[Value], list[Publication]]] = {
        "state": command_writer(p, {Verb.ON: on, Verb.OFF: off})
    }
    of_preset = word_of("preset", unset=p.text("payload_reset_preset_mode", "None"))
    blows = {"on": swings, "off": still}
    payloads = {way: p.text(f"payload_direction_{way}", way) for way in _WAYS}
    ways = {payload: way for way, payload in payloads.items()}
    for more_readings, more_writers in (
        _speed(p),
        setting(p, "preset_mode", "preset", of_preset, lambda value: one_of(presets, value)),
        setting(p, "oscillation", "oscillation", switch_of("oscillation", swings, still),
                lambda value: blows[str(one_of(tuple(blows), value))]),
        setting(p, "direction", "direction", lambda payload: {"direction": ways.get(payload)},
                lambda value: payloads[str(one_of(_WAYS, value))]),
    ):  # fmt: skip
        readings.extend(more_readings)
        writers.update(more_writers)
    choices = {Ability.PRESET: presets} if "preset" in writers else {}
    return Parts(frozenset(map(Ability, writers)), tuple(readings), each(writers), choices=choices)


def _speed(p: Payload) -> tuple[tuple[Reading, ...], Writers]:
    low, high = p.number("speed_range_min", 1), p.number("speed_range_max", 100)
    if low > high:
        raise ValueError("speed_range_min is above speed_range_max")
    unset = p.text("payload_reset_percentage", "None")

    def decode(payload: str) -> Seen:
        if payload == unset:
            return {"percentage": None}
        level = float(payload)
        return {"percentage": round((level - low + 1) / (high - low + 1) * 100) if level >= low else 0}

    def write(value: Value) -> int:
        return round(low - 1 + (high - low + 1) * float(str(value)) / 100)

    return setting(p, "percentage", "percentage", decode, write)


def humidifier(p: Payload) -> Parts:
    """On, off, its mode and the humidity that is wanted; also dehumidifiers."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    unset = p.text("payload_reset_humidity", "None")
    modes, limits = p.texts("modes", ()), Limits(p.number("min_humidity", 0), p.number("max_humidity", 100))
    readings = list(value_reading(p, {on: "on", off: "off"}, template="state_value_template"))
    for key, name in (("humidity", "target_humidity_state"), ("current_humidity", "current_humidity")):
        if (topic := p.topic(f"{name}_topic")) is not None:
            decode = number_of(key, unset=unset)
            readings.append(Reading(topic, frozenset({key}), p.decode(f"{name}_template", decode)))
    if (topic := p.topic("action_topic")) is not None:
        readings.append(Reading(topic, frozenset({"action"}), p.decode("action_template", text_of("action"))))
    of_mode = word_of("mode", unset=p.text("payload_reset_mode", "None"))
    mode_readings, mode_writers = setting(
        p, "mode", "mode", of_mode, lambda value: one_of(modes, value), value_template="mode_state_template"
    )
    target, encode = p.needed_topic("target_humidity_command_topic"), p.command("target_humidity_command_template")
    writers: Writers = {
        "state": command_writer(p, {Verb.ON: on, Verb.OFF: off}),
        "humidity": lambda value: [Publication(target, encode(round(within(limits, value))))],
        **mode_writers,
    }
    return Parts(
        frozenset(map(Ability, writers)),
        (*readings, *mode_readings),
        each(writers),
        options=modes,
        limits={Ability.HUMIDITY: limits},
    )


def vacuum(p: Payload) -> Parts:
    """Start, pause, stop, return, call out; suction; rooms. Its state is JSON."""
    verbs = {
        Verb.START: p.text("payload_start", "start"),
        Verb.PAUSE: p.text("payload_pause", "pause"),
        Verb.STOP: p.text("payload_stop", "stop"),
        Verb.RETURN: p.text("payload_return_to_base", "return_to_base"),
        Verb.LOCATE: p.text("payload_locate", "locate"),
    }
    readings: tuple[Reading, ...] = ()
    if (topic := p.topic("state_topic")) is not None:
        readings = (Reading(topic, frozenset({VALUE, "fan_speed", "segments"}), _vacuum_state),)
    writers: dict[str, Callable[[Value], list[Publication]]] = {"state": command_writer(p, verbs)}
    speeds = p.texts("fan_speed_list", ())
    if (sucking := p.topic("set_fan_speed_topic")) is not None:
        writers["fan_speed"] = lambda value: [Publication(sucking, str(one_of(speeds, value)))]
    if (rooms := p.topic("clean_segments_command_topic")) is not None:
        writers["segment"] = lambda value: [Publication(rooms, _segments(p, value))]
    choices = {Ability.FAN_SPEED: speeds} if "fan_speed" in writers else {}
    return Parts(
        frozenset(map(Ability, writers)), readings, each(writers), choices=choices, implied={"segment": Verb.START}
    )


def _segments(p: Payload, value: Value) -> str:
    ids = str(value).split(",")
    if p.has("clean_segments_command_template"):
        return p.template("clean_segments_command_template").command(ids)
    return json.dumps(ids)


def _vacuum_state(payload: str) -> Seen:
    said = json_object(payload)
    seen: dict[str, Value | None] = {VALUE: known(said.get("state"))}
    if "fan_speed" in said:
        seen["fan_speed"] = known(said["fan_speed"])
    if isinstance(rooms := said.get("segments"), dict):
        seen["segments"] = json.dumps(dict(list(rooms.items())[:_MAX_SEGMENTS]))
    return seen


def lawn_mower(p: Payload) -> Parts:
    """Start, pause, dock, each on a topic of its own; its activity is a word."""
    readings: tuple[Reading, ...] = ()
    if (topic := p.topic("activity_state_topic")) is not None:
        readings = (Reading(topic, frozenset({VALUE}), p.decode("activity_value_template", text_of(VALUE))),)
    commands = {
        verb: (target, p.command(f"{name}_command_template")(name))
        for verb, name in _MOWER.items()
        if (target := p.topic(f"{name}_command_topic")) is not None
    }
    if not commands:
        raise ValueError("no command topic")

    def obey(value: Value) -> list[Publication]:
        verb = Verb(str(value))
        if verb not in commands:
            raise Unsupported(verb)
        return [Publication(*commands[verb])]

    return Parts(frozenset({Ability.STATE}), readings, each({"state": obey}))
