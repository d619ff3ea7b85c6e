"""Appliances of Home Assistant's MQTT discovery that go about their own work: vacuums, mowers, humidifiers.

Source: https://www.home-assistant.io/integrations/vacuum.mqtt/, lawn_mower.mqtt/ and humidifier.mqtt/
"""

from collections.abc import Callable
from typing import Final

from edge.devices import Ability, Value, Verb
from edge.home.broker import Publication
from edge.home.entity import VALUE, Reading, Seen, Unsupported
from edge.home.parts import (
    Parts,
    command_writer,
    each,
    json_object,
    known,
    number_of,
    text_of,
    value_reading,
    verbs_only,
)
from edge.home.payload import Payload

_MOWER: Final = {Verb.START: "start_mowing", Verb.PAUSE: "pause", Verb.RETURN: "dock"}


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
        readings = (Reading(topic, frozenset({VALUE}), _vacuum_state),)
    return Parts(frozenset({Ability.STATE}), readings, verbs_only(p, verbs))


def _vacuum_state(payload: str) -> Seen:
    return {VALUE: known(json_object(payload).get("state"))}


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


def humidifier(p: Payload) -> Parts:
    """On, off and the humidity that is wanted; also dehumidifiers."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    readings = list(value_reading(p, {on: "on", off: "off"}, template="state_value_template"))
    for key, name in (("humidity", "target_humidity_state"), ("current_humidity", "current_humidity")):
        if (topic := p.topic(f"{name}_topic")) is not None:
            readings.append(Reading(topic, frozenset({key}), p.decode(f"{name}_template", number_of(key))))
    target, encode = p.needed_topic("target_humidity_command_topic"), p.command("target_humidity_command_template")
    writers: dict[str, Callable[[Value], list[Publication]]] = {
        "state": command_writer(p, {Verb.ON: on, Verb.OFF: off}),
        "humidity": lambda value: [Publication(target, encode(round(float(str(value)))))],
    }
    return Parts(frozenset({Ability.STATE, Ability.HUMIDITY}), tuple(readings), each(writers))
