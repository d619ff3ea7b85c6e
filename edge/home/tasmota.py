"""Tasmota's own discovery: ``tasmota/discovery/<MAC>/config`` and ``…/sensors``, both retained.

A device's topics are its ``FullTopic``, whose levels the user may have put in any order. It is told on ``cmnd``,
answers on ``stat``, and reports every few minutes on ``tele``. One that announces nothing (with ``SetOption19 1`` it
speaks Home Assistant's discovery; before version 9.2 perhaps none) has topics that tell nobody what it is, and is not
found.

Sources: https://tasmota.github.io/docs/MQTT/ and /docs/Commands/; the fields are those of the firmware's
xdrv_12_discovery.ino.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.home.broker import Publication
from edge.home.convention import Malformed, json_of
from edge.home.entity import Entity
from edge.home.tasmota_config import Config, read_config
from edge.home.tasmota_parts import entities_of

_MAX: Final = 65_536
"""Bytes of an announcement."""
_MAX_DEVICES: Final = 2000
_PREFIX: Final = "tasmota/discovery/"


@dataclass(slots=True)
class _Known:
    config: Config | None = None
    sensors: Mapping[str, Any] | None = None


class Tasmota:
    """What each device said in its two announcements, of which the first is needed."""

    name = "tasmota"
    filters = (f"{_PREFIX}+/config", f"{_PREFIX}+/sensors")

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._entities: list[Entity] | None = []

    def announces(self, topic: str) -> bool:
        """See Convention."""
        return topic.startswith(_PREFIX) and topic.endswith(("/config", "/sensors"))

    def take(self, topic: str, payload: bytes) -> bool:
        """See Convention."""
        mac, _, which = topic.removeprefix(_PREFIX).rpartition("/")
        if mac not in self._known and len(self._known) >= _MAX_DEVICES:
            raise Malformed("there are too many devices")
        known = self._known.get(mac) or _Known()
        if which == "config":
            known.config = read_config(payload) if payload else None
        else:
            known.sensors = _sensors(payload) if payload else None
        if known.config is None and known.sensors is None:
            self._known.pop(mac, None)
        else:
            self._known[mac] = known
        self._entities = None
        return True

    def entities(self) -> Iterable[Entity]:
        """See Convention."""
        if self._entities is None:
            self._entities = [
                entity
                for known in self._known.values()
                if known.config is not None
                for entity in entities_of(known.config, known.sensors or {})
            ]
        return self._entities

    def questions(self) -> list[Publication]:
        """None: it is all retained."""
        return []


def _sensors(payload: bytes) -> Mapping[str, Any]:
    said = json_of(payload, _MAX)
    sensors = said.get("sn") if isinstance(said, dict) else None
    if not isinstance(sensors, dict):
        raise Malformed("sn is missing")
    return sensors
