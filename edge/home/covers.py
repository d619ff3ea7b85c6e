"""Covers and valves of Home Assistant's MQTT discovery: open, close, stop, position, slats.

Source: https://www.home-assistant.io/integrations/cover.mqtt/ and valve.mqtt/
"""

from collections.abc import Callable

from edge.devices import Ability, Value, Verb
from edge.home.broker import Publication
from edge.home.entity import VALUE, Reading, Seen, Unsupported
from edge.home.parts import (
    Parts,
    Writers,
    command_writer,
    each,
    json_object,
    known,
    percent_of,
    value_reading,
)
from edge.home.payload import Payload


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
        readings.append(
            Reading(topic, frozenset({"tilt"}), p.decode("tilt_status_template", percent_of("tilt", low, high)))
        )
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
