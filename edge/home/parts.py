"""What a component's payload comes to, and the pieces that components are made of."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge.devices import Ability, Limits, Value, Verb
from edge.home.broker import Publication
from edge.home.entity import VALUE, Decode, Encode, Reading, Seen, Unsupported
from edge.home.payload import EncodeCommand, Payload
from edge.home.texts import json_of

_UNKNOWN: Final = frozenset({"", "none", "null", "unknown", "unavailable"})


@dataclass(frozen=True, slots=True)
class Parts:
    """What a component's payload comes to."""

    abilities: frozenset[Ability]
    readings: tuple[Reading, ...]
    encode: Encode
    unit: str | None = None
    options: tuple[str, ...] = ()
    choices: Mapping[Ability, tuple[str, ...]] = field(default_factory=dict)
    """As in :class:`edge.devices.Device`; likewise those below."""
    limits: Mapping[Ability, Limits] = field(default_factory=dict)
    coded: frozenset[Verb] = frozenset()
    implied: Mapping[str, Verb] = field(default_factory=dict)
    derive: Callable[[Seen], Seen] | None = None
    """As in :class:`edge.home.entity.Entity`."""


Component = Callable[[Payload], Parts]
Writers = Mapping[str, Callable[[Value], list[Publication]]]


def value_reading(
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


def text_of(key: str) -> Decode:
    return lambda payload: {key: known(payload)}


def number_of(key: str, convert: Callable[[float], Value] = lambda level: level, *, unset: str = "None") -> Decode:
    return lambda payload: {
        key: None if payload == unset or payload.casefold() in _UNKNOWN else convert(finite(payload))
    }


def word_of(key: str, words: tuple[str, ...] = (), *, unset: str = "None") -> Decode:
    """One of ``words``, in their spelling; the device's word for none, and any other, is not known."""
    spelling = {word.casefold(): word for word in words}

    def decode(payload: str) -> Seen:
        if payload == unset or payload.casefold() in _UNKNOWN:
            return {key: None}
        return {key: spelling.get(payload.casefold(), payload if not words else None)}

    return decode


def switch_of(key: str, on: str, off: str) -> Decode:
    """``on`` or ``off`` by the device's own payloads."""

    def decode(payload: str) -> Seen:
        return {key: "on" if payload == on else "off" if payload == off else None}

    return decode


def setting(
    p: Payload,
    prefix: str,
    key: str,
    decode: Decode,
    write: Callable[[Value], object],
    *,
    value_template: str = "",
) -> tuple[tuple[Reading, ...], Writers]:
    """What has topics of its own: ``<prefix>_state_topic``, ``<prefix>_command_topic`` and their templates.

    ``write``: a change → the variable ``value`` of the command template. Raises Unsupported.
    """
    readings: tuple[Reading, ...] = ()
    if (topic := p.topic(f"{prefix}_state_topic")) is not None:
        template = value_template or f"{prefix}_value_template"
        readings = (Reading(topic, frozenset({key}), p.decode(template, decode)),)
    if (target := p.topic(f"{prefix}_command_topic")) is None:
        return readings, {}
    encode = p.command(f"{prefix}_command_template")
    return readings, {key: lambda value: [Publication(target, encode(write(value)))]}


def finite(number: str | float) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{value} is no measurement")
    return value


def one_of(options: tuple[str, ...], value: Value) -> Value:
    if options and value not in options:
        raise Unsupported(value)
    return value


def within(limits: Limits | None, value: Value) -> float:
    """``value`` on the device's own steps. Raises Unsupported for what is beyond its limits: less is not the same."""
    number = finite(str(value))
    if limits is None:
        return number
    if not limits.low <= number <= limits.high:
        raise Unsupported(f"{number} is not between {limits.low} and {limits.high}")
    return float(limits.near(number))


def percent_of(key: str, low: float, high: float) -> Decode:
    """A level between ``low`` (0 %) and ``high`` (100 %), as percent."""
    return number_of(key, lambda level: round((level - low) / (high - low) * 100))


def known(text: object) -> str | None:
    return None if text is None or str(text).casefold() in _UNKNOWN else str(text)


def json_object(payload: str) -> dict[str, Any]:
    said = json_of(payload)
    if not isinstance(said, dict):
        raise ValueError("the state is no JSON object")
    return said


def command_writer(p: Payload, verbs: Mapping[Verb, str]) -> Callable[[Value], list[Publication]]:
    return verb_writer(verbs, p.needed_topic("command_topic"), p.command("command_template"))


def verb_writer(verbs: Mapping[Verb, str], topic: str, encode: EncodeCommand) -> Callable[[Value], list[Publication]]:
    def write(value: Value) -> list[Publication]:
        verb = Verb(str(value))
        if verb not in verbs:
            raise Unsupported(verb)
        return [Publication(topic, encode(verbs[verb]))]

    return write


def verbs_only(p: Payload, verbs: Mapping[Verb, str]) -> Encode:
    return each({"state": command_writer(p, verbs)})


def each(writers: Writers) -> Encode:
    """A message for each part of a change. Being told to be on is implied by anything else."""

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        unknown = change.keys() - writers.keys()
        if unknown:
            raise Unsupported(", ".join(sorted(unknown)))
        return [publication for key, value in change.items() for publication in writers[key](value)]

    return encode


def no_commands(change: Mapping[str, Value]) -> list[Publication]:
    raise Unsupported(", ".join(change))
