"""Registries fed with messages, for the tests of the conventions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.devices import Ability, Device, Value
from edge.home.broker import Message
from edge.home.conventions import natives
from edge.home.house_file import HouseFile
from edge.home.registry import Registry

PAYLOADS = Path(__file__).parent / "payloads"


def registry(*messages: Message, house_file: HouseFile | None = None) -> Registry:
    """One that speaks all conventions and has heard ``messages``."""
    made = Registry("homeassistant", house_file or HouseFile(), others=natives("hearthside/test"))
    made.begin()
    for message in messages:
        made.take(message)
    return made


def kept(topic: str, payload: Any) -> Message:
    """A retained message: text, bytes, or JSON of anything else."""
    return Message(topic, _bytes(payload), True)


def live(topic: str, payload: Any) -> Message:
    """A message that was just published."""
    return Message(topic, _bytes(payload), False)


def _bytes(payload: Any) -> bytes:
    if isinstance(payload, bytes):
        return payload
    return (payload if isinstance(payload, str) else json.dumps(payload)).encode()


def device(made: Registry, name: str) -> Device:
    """The device with that id."""
    return next(one for one in made.devices() if one.id == name)


def can(made: Registry, name: str) -> set[str]:
    """Its abilities."""
    return {str(ability) for ability in device(made, name).abilities}


def told(made: Registry, name: str, **change: Value) -> list[tuple[str, Any]]:
    """What is published for a change: topic, and payload as JSON where it is."""
    entity = made.entity(name)
    assert entity is not None, name
    return [(one.topic, _plain(one.payload)) for one in entity.encode(change)]


def _plain(payload: str | bytes) -> Any:
    text = payload if isinstance(payload, str) else payload.decode()
    return json.loads(text) if text.startswith("{") else text


def shown(made: Registry, name: str) -> tuple[str | None, Mapping[str, Value]]:
    """Its state's value and attributes."""
    state = made.state(name)
    return state.value, state.attributes


COMMANDS = {str(ability) for ability in Ability} - {"read"}
