"""Shelly's second and later generations: JSON-RPC over MQTT.

A device says on ``<prefix>/online`` (retained, its last will) that it is there, and on ``<prefix>/events/rpc`` what
changes. What it consists of it only tells when asked: requests go to ``<prefix>/rpc``, answers come to ``<src>/rpc``
for the ``src`` of the request. The answer to a command says that it was taken, not that it was done: it goes to a
topic that nobody listens to, and only the device's status counts.

Source: https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Mqtt
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge.home.broker import Publication
from edge.home.convention import Malformed, json_of, topic_of
from edge.home.entity import Entity
from edge.home.shelly_parts import Asked, entities_of

_MAX: Final = 131_072
_MAX_DEVICES: Final = 500
_ONLINE, _EVENTS = "/online", "/events/rpc"
_FIRST_GENERATION: Final = "shellies/"
"""It says ``online`` too and answers no questions."""
_CONFIG, _STATUS = 1, 2
"""Ids of our requests, which the answers repeat."""
_MOST_ASKED: Final = 3
"""How often a device is asked that never answers."""


@dataclass(slots=True)
class _Known:
    online: bool = False
    asked: int = 0
    config: Mapping[str, Any] | None = None
    status: dict[str, Any] = field(default_factory=dict)


class Shelly:
    """What each device, by its topic prefix, has answered."""

    name = "shelly"

    def __init__(self, own: str) -> None:
        """``own``: below it, answers come to ``rpc``, and those that say nothing to ``told``."""
        self._own, self._told = f"{own}/rpc", f"{own}/told"
        self.filters = (
            *(f"{prefix}{end}" for prefix in ("+", "+/+", "+/+/+") for end in (_ONLINE, _EVENTS)),
            f"{self._own}/#",
        )
        self._known: dict[str, _Known] = {}
        self._questions: list[Publication] = []
        self._entities: list[Entity] | None = []

    def announces(self, topic: str) -> bool:
        """See Convention."""
        return topic.endswith((_ONLINE, _EVENTS)) or topic.startswith(self._own + "/")

    def take(self, topic: str, payload: bytes) -> bool:
        """See Convention."""
        if topic.startswith(self._own + "/"):
            return bool(payload) and self._answer(topic.removeprefix(self._own + "/").removesuffix("/rpc"), payload)
        if topic.endswith(_ONLINE):
            return self._online(topic.removesuffix(_ONLINE), payload)
        return self._event(topic.removesuffix(_EVENTS), payload)

    def entities(self) -> Iterable[Entity]:
        """See Convention."""
        if self._entities is None:
            self._entities = [
                entity
                for prefix, known in self._known.items()
                if known.config is not None
                for entity in entities_of(self._asked(prefix), known.config, known.status)
            ]
        return self._entities

    def questions(self) -> list[Publication]:
        """See Convention."""
        questions, self._questions = self._questions, []
        return questions

    def _asked(self, prefix: str) -> Asked:
        source = f"{self._own}/{prefix}"
        ask = tuple(
            Publication(f"{prefix}/rpc", json.dumps({"id": number, "src": source, "method": f"Shelly.{method}"}))
            for number, method in ((_STATUS, "GetStatus"), (_CONFIG, "GetConfig"))
        )
        return Asked(prefix, f"{source}/rpc", self._told, _STATUS, ask, self._known[prefix].online)

    def _find(self, prefix: str) -> _Known:
        known = self._known.get(prefix)
        if known is None:
            if len(self._known) >= _MAX_DEVICES:
                raise Malformed("there are too many devices")
            known = self._known[prefix] = _Known()
        return known

    def _ask(self, prefix: str, known: _Known) -> bool:
        if known.asked >= _MOST_ASKED:
            return False
        known.asked += 1
        self._questions += self._asked(prefix).ask
        return True

    def _online(self, prefix: str, payload: bytes) -> bool:
        if prefix.startswith(_FIRST_GENERATION):
            return False
        if not payload:
            self._entities = None
            return self._known.pop(prefix, None) is not None
        if payload not in (b"true", b"false"):
            return False
        topic_of(prefix)
        known = self._find(prefix)
        came, known.online = payload == b"true" and not known.online, payload == b"true"
        return came and self._ask(prefix, known)

    def _event(self, prefix: str, payload: bytes) -> bool:
        if prefix.startswith(_FIRST_GENERATION) or not payload:
            return False
        known = self._known.get(prefix)
        # It is renamed, or gets another function; and its parts may only be known from its full status.
        telling = b'"config_changed"' in payload or b'"NotifyFullStatus"' in payload
        if known is not None and known.config is not None and not telling:
            return False
        said = json_of(payload, _MAX)
        if not isinstance(said, dict) or not str(said.get("method")).startswith("Notify"):
            return False
        topic_of(prefix)
        known = self._find(prefix)
        if said["method"] == "NotifyFullStatus" and isinstance(said.get("params"), dict):
            known.status |= said["params"]
            self._entities = None
            if known.config is not None:
                return True
        return self._ask(prefix, known)

    def _answer(self, prefix: str, payload: bytes) -> bool:
        known = self._known.get(prefix)
        said = json_of(payload, _MAX)
        if known is None or not isinstance(said, dict) or not isinstance(said.get("result"), dict):
            return False
        known.asked = 0
        if said.get("id") == _CONFIG:
            known.config = said["result"]
        elif said.get("id") == _STATUS:
            known.status = said["result"]
        self._entities = None
        return True
