"""Home Assistant's MQTT components: from a discovery payload to an entity. One function a component.

Source: https://www.home-assistant.io/integrations/mqtt/ and the page of each component.
"""

from collections.abc import Mapping
from typing import Final

from edge.devices import Ability, Limits, Value, Verb
from edge.home.alarms import alarm_control_panel, lock, siren
from edge.home.appliances import fan, humidifier, lawn_mower, vacuum
from edge.home.broker import Publication
from edge.home.climate import climate, water_heater
from edge.home.covers import cover, valve
from edge.home.entity import VALUE, Reading, Seen, Unsupported
from edge.home.lights import default_light
from edge.home.lights_json import json_light, template_light
from edge.home.parts import (
    Component,
    Parts,
    Writers,
    each,
    json_object,
    known,
    no_commands,
    one_of,
    text_of,
    value_reading,
    verbs_only,
    within,
    word_of,
)
from edge.home.payload import Payload

_MAX_TEXT: Final = 255
_INSTALLED, _LATEST, _BUSY = "installed_version", "latest_version", "in_progress"
_SCHEMAS: Final[Mapping[str, Component]] = {"default": default_light, "json": json_light, "template": template_light}


def light(p: Payload) -> Parts:
    """In one of three schemas."""
    schema = p.text("schema", "default")
    if schema not in _SCHEMAS:
        raise ValueError(f"schema {schema!r} is none of {', '.join(_SCHEMAS)}")
    return _SCHEMAS[schema](p)


def switch(p: Payload) -> Parts:
    """On and off, by payloads of its own."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    states = {p.text("state_on", on): "on", p.text("state_off", off): "off"}
    return Parts(frozenset({Ability.STATE}), value_reading(p, states), verbs_only(p, {Verb.ON: on, Verb.OFF: off}))


def binary_sensor(p: Payload) -> Parts:
    """Reports ``on`` and ``off``, whatever its class calls them."""
    states = {p.text("payload_on", "ON"): "on", p.text("payload_off", "OFF"): "off"}
    return Parts(frozenset({Ability.READ}), value_reading(p, states, required=True), no_commands)


def sensor(p: Payload) -> Parts:
    """Reports whatever it measures, as text; one of its options, if it has any."""
    unit = p.text("unit_of_measurement", "") or None
    options = p.texts("options", ())
    readings = value_reading(p, None, required=True)
    if options:
        topic = p.needed_topic("state_topic")
        readings = (Reading(topic, frozenset({VALUE}), p.decode("value_template", word_of(VALUE, options))),)
    return Parts(frozenset({Ability.READ}), readings, no_commands, unit=unit, options=options)


def button(p: Payload) -> Parts:
    """Pressed; says nothing."""
    return Parts(frozenset({Ability.STATE}), (), verbs_only(p, {Verb.PRESS: p.text("payload_press", "PRESS")}))


def scene(p: Payload) -> Parts:
    """Activated; says nothing."""
    return Parts(frozenset({Ability.STATE}), (), verbs_only(p, {Verb.PRESS: p.text("payload_on", "ON")}))


def number(p: Payload) -> Parts:
    """A value to set, between its limits and on its steps."""
    target, encode = p.needed_topic("command_topic"), p.command("command_template")
    limits = Limits(p.number("min", 1), p.number("max", 100), p.scale("step", 1))
    if limits.low >= limits.high:
        raise ValueError("min is not below max")
    unset = p.text("payload_reset", "None")

    def write(value: Value) -> list[Publication]:
        wanted = within(limits, value)
        return [Publication(target, encode(int(wanted) if wanted.is_integer() else wanted))]

    readings: tuple[Reading, ...] = ()
    if (topic := p.topic("state_topic")) is not None:
        readings = (Reading(topic, frozenset({VALUE}), p.decode("value_template", word_of(VALUE, unset=unset))),)
    unit = p.text("unit_of_measurement", "") or None
    return Parts(
        frozenset({Ability.NUMBER}), readings, each({"value": write}), unit=unit, limits={Ability.NUMBER: limits}
    )


def select(p: Payload) -> Parts:
    """One of its options."""
    target, encode = p.needed_topic("command_topic"), p.command("command_template")
    options = p.texts("options", ())
    writers: Writers = {"option": lambda value: [Publication(target, encode(one_of(options, value)))]}
    return Parts(frozenset({Ability.OPTION}), value_reading(p, None), each(writers), options=options)


def text(p: Payload) -> Parts:
    """A line of text to set, of the lengths and the pattern that it takes."""
    target, encode = p.needed_topic("command_topic"), p.command("command_template")
    shortest, longest = p.number("min", 0), min(p.number("max", _MAX_TEXT), _MAX_TEXT)
    secret = p.text("mode", "text") == "password"

    def write(value: Value) -> list[Publication]:
        line = str(value)
        # A pattern of the payload's own is not tried: one that never ends would stop the whole house.
        if not shortest <= len(line) <= longest:
            raise Unsupported(f"a text of {len(line)} characters")
        return [Publication(target, encode(line))]

    # A password is neither read nor told.
    readings = () if secret else value_reading(p, None)
    return Parts(frozenset({Ability.TEXT}), readings, each({"text": write}))


def notify(p: Payload) -> Parts:
    """Somewhere that a text can be sent to; says nothing."""
    target, encode = p.needed_topic("command_topic"), p.command("command_template")
    return Parts(frozenset({Ability.TEXT}), (), each({"text": lambda value: [Publication(target, encode(str(value)))]}))


def event(p: Payload) -> Parts:
    """What happened last, since we listen: a retained message would ring the bell of last week again."""
    kinds = p.texts("event_types", ())

    def decode(payload: str) -> Seen:
        said = json_object(payload).get("event_type")
        if kinds and said not in kinds:
            raise ValueError(f"event_type is none of {', '.join(kinds)}")
        return {VALUE: known(said)}

    reading = Reading(
        p.needed_topic("state_topic"), frozenset({VALUE}), p.decode("value_template", decode), live_only=True
    )
    return Parts(frozenset({Ability.READ}), (reading,), no_commands, options=kinds)


def update(p: Payload) -> Parts:
    """``on`` when there is an update, ``off`` when not, ``installing`` meanwhile; with both versions."""
    readings: list[Reading] = []
    if (topic := p.topic("state_topic")) is not None:
        readings.append(
            Reading(
                topic, frozenset({VALUE, _INSTALLED, _LATEST, _BUSY}), p.decode("value_template", _installed_version)
            )
        )
    if (topic := p.topic("latest_version_topic")) is not None:
        decode = p.decode("latest_version_template", text_of(_LATEST))
        readings.append(Reading(topic, frozenset({VALUE, _LATEST}), decode))
    if not readings:
        raise ValueError("neither state_topic nor latest_version_topic")
    if p.topic("command_topic") is None or not p.has("payload_install"):
        return Parts(frozenset({Ability.READ}), tuple(readings), no_commands, derive=_whether_new)
    install = verbs_only(p, {Verb.INSTALL: p.text("payload_install", "")})
    return Parts(frozenset({Ability.STATE}), tuple(readings), install, derive=_whether_new)


def _installed_version(payload: str) -> Seen:
    """Plain, or JSON that may hold the latest too."""
    if not payload.startswith("{"):
        return {_INSTALLED: known(payload)}
    said = json_object(payload)
    seen: dict[str, Value | None] = {key: known(said[key]) for key in (_INSTALLED, _LATEST) if key in said}
    if _BUSY in said or "update_percentage" in said:
        busy = bool(said.get(_BUSY)) or said.get("update_percentage") is not None
        seen[_BUSY] = "yes" if busy else None
    return seen


def _whether_new(seen: Seen) -> Seen:
    if seen.get(_BUSY):
        return {VALUE: "installing"}
    installed, latest = seen.get(_INSTALLED), seen.get(_LATEST)
    if installed is None or latest is None:
        return {VALUE: None}
    return {VALUE: "off" if installed == latest else "on"}


def device_tracker(p: Payload) -> Parts:
    """``home``, ``not_home`` or the name of a place."""
    places = {p.text("payload_home", "home"): "home", p.text("payload_not_home", "not_home"): "not_home"}
    unset = p.text("payload_reset", "None")

    def decode(payload: str) -> Seen:
        return {VALUE: None if payload == unset else places.get(payload, known(payload))}

    reading = Reading(p.needed_topic("state_topic"), frozenset({VALUE}), p.decode("value_template", decode))
    return Parts(frozenset({Ability.READ}), (reading,), no_commands)


COMPONENTS: Final[Mapping[str, Component]] = {
    "alarm_control_panel": alarm_control_panel,
    "binary_sensor": binary_sensor,
    "button": button,
    "climate": climate,
    "cover": cover,
    "device_tracker": device_tracker,
    "event": event,
    "fan": fan,
    "humidifier": humidifier,
    "lawn_mower": lawn_mower,
    "light": light,
    "lock": lock,
    "notify": notify,
    "number": number,
    "scene": scene,
    "select": select,
    "sensor": sensor,
    "siren": siren,
    "switch": switch,
    "text": text,
    "update": update,
    "vacuum": vacuum,
    "valve": valve,
    "water_heater": water_heater,
}
"""By the name in the discovery topic."""

SPEECHLESS: Final = frozenset({"camera", "device_automation", "image", "tag"})
"""Components that have nothing to say to a voice and nothing to be told."""
