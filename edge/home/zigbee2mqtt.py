"""zigbee2mqtt: the bridge's own lists of devices and groups.

``<base>/bridge/devices`` and ``…/groups`` (retained) say what there is, ``<base>/<name>`` how it is, ``…/set`` and
``…/get`` take commands and questions, ``<base>/bridge/state`` and ``<base>/<name>/availability`` say who is there. The
base topic is found, of one or two levels.

Source: https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from edge import outside
from edge.devices import Ability, Device, Value, Verb
from edge.home.broker import Publication
from edge.home.convention import Malformed, joined, json_of, spoken, topic_of
from edge.home.discovery import slug
from edge.home.entity import VALUE, Availability, AvailabilityMode, Encode, Entity, Reading, Unsupported
from edge.home.json_state import Field as StateField
from edge.home.json_state import json_reading, text, word
from edge.home.parts import json_object, no_commands
from edge.home.things import by_zigbee
from edge.home.zigbee2mqtt_exposes import group_part, parts
from edge.home.zigbee2mqtt_lists import MAX_DEVICES, Group, Listed, Scene
from edge.home.zigbee2mqtt_part import NotUsed, Part

_log = logging.getLogger(__name__)

_MAX_LIST: Final = 32 * 1024 * 1024
"""Bytes of ``bridge/devices``; a thousand devices are 8 MB."""
_MAX_BRIDGES: Final = 16
_COORDINATOR: Final = "Coordinator"
_DEVICES, _GROUPS = "/bridge/devices", "/bridge/groups"
_GROUPED: Final = (("light", "switch"), ("cover",), ("lock",))
"""Kinds that a Zigbee group can be commanded as; of lamps and plugs together, the lamps can do more."""
_TOLD: Final = (StateField("last_seen", ("last_seen",), text),)
_UPDATES: Final = {"available": "on", "scheduled": "on", "updating": "installing", "idle": "off"}
_FIRMWARE: Final = (
    StateField(VALUE, ("update", "state"), word(_UPDATES)),
    StateField("installed_version", ("update", "installed_version"), text),
    StateField("latest_version", ("update", "latest_version"), text),
)


@dataclass(slots=True)
class _Known:
    """A device that is listed."""

    raw: Any
    """As it was listed: what has not changed is not read again."""
    listed: Listed
    parts: tuple[Part, ...]
    places: tuple[str, ...] = ()
    entities: tuple[Entity, ...] | None = None
    """As long as they are filed under the same ``places``."""


@dataclass(slots=True)
class _Bridge:
    devices: dict[str, _Known] = field(default_factory=dict)
    """By IEEE address."""
    groups: tuple[Group, ...] = ()


class Zigbee2Mqtt:
    """All bridges on the broker."""

    name = "zigbee2mqtt"
    filters = tuple(f"{base}{end}" for base in ("+", "+/+") for end in (_DEVICES, _GROUPS))

    def __init__(self) -> None:
        self._bridges: dict[str, _Bridge] = {}
        self._entities: list[Entity] | None = []

    def announces(self, topic: str) -> bool:
        """See Convention."""
        return topic.endswith((_DEVICES, _GROUPS))

    def take(self, topic: str, payload: bytes) -> bool:
        """See Convention."""
        base, _, which = topic.rpartition("/bridge/")
        topic_of(base)
        if base not in self._bridges and len(self._bridges) >= _MAX_BRIDGES:
            raise Malformed("there are too many bridges")
        said = json_of(payload, _MAX_LIST) if payload else []
        if not isinstance(said, list):
            raise Malformed("it is no list")
        if len(said) > MAX_DEVICES:
            raise Malformed(f"{len(said)} entries are too many")
        bridge = self._bridges.setdefault(base, _Bridge())
        if which == "devices":
            bridge.devices = _devices(topic, said, bridge.devices)
        else:
            bridge.groups = tuple(_groups(topic, said))
        self._entities = None
        return True

    def entities(self) -> Iterable[Entity]:
        """See Convention."""
        if self._entities is None:
            self._entities = [entity for base, bridge in self._bridges.items() for entity in _entities(base, bridge)]
        return self._entities

    def questions(self) -> list[Publication]:
        """None: the lists are retained."""
        return []


def _devices(topic: str, said: Sequence[Any], before: Mapping[str, _Known]) -> dict[str, _Known]:
    devices: dict[str, _Known] = {}
    for raw in said:
        old = before.get(str(raw.get("ieee_address"))) if isinstance(raw, dict) else None
        if old is not None and old.raw == raw:
            devices[old.listed.ieee_address] = old
            continue
        try:
            listed = Listed.model_validate(raw)
            topic_of(listed.friendly_name)
        except (ValidationError, Malformed, RecursionError) as error:
            _log.warning("a device in %s is ignored: %s", topic, _first(error))
            continue
        devices[listed.ieee_address] = _Known(raw, listed, tuple(_parts(listed)))
    return devices


def _parts(listed: Listed) -> Iterable[Part]:
    if listed.definition is None or listed.disabled or listed.type == _COORDINATOR:
        return
    for part in parts(listed.definition.exposes):
        if isinstance(part, NotUsed):
            _log.debug("a part of %s is not used: %s", listed.friendly_name, part)
        else:
            yield part
    if listed.definition.supports_ota:
        yield Part("update", "update", "Firmware", frozenset({Ability.READ}), _FIRMWARE, category="config")
    yield from _scenes(scene for endpoint in listed.endpoints.values() for scene in endpoint.scenes)


def _groups(topic: str, said: Sequence[Any]) -> Iterable[Group]:
    for raw in said:
        try:
            group = Group.model_validate(raw)
            topic_of(group.friendly_name)
            yield group
        except (ValidationError, Malformed, RecursionError) as error:
            _log.warning("a group in %s is ignored: %s", topic, _first(error))


def _scenes(scenes: Iterable[Scene]) -> Iterable[Part]:
    for number, name in {scene.id: scene.name for scene in scenes}.items():
        recall = {"scene_recall": number}
        title = spoken(name) or f"Scene {number}"
        yield Part("scene", f"scene_{number}", title, frozenset({Ability.STATE}), (), {"state": _press(recall)})


def _press(body: Mapping[str, Any]) -> Callable[[Value], Mapping[str, Any]]:
    def write(value: Value) -> Mapping[str, Any]:
        if value != Verb.PRESS:
            raise Unsupported(value)
        return body

    return write


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return ": ".join(outside.first_mistake(error))[:200]


# -- entities ---------------------------------------------------------------------------------------------------------


def _entities(base: str, bridge: _Bridge) -> Iterable[Entity]:
    filed: dict[str, list[str]] = {}
    for group in bridge.groups:
        for member in group.members:
            filed.setdefault(member.ieee_address, []).append(spoken(group.friendly_name))
    for ieee, known in bridge.devices.items():
        if known.listed.type == _COORDINATOR:
            yield _coordinator(base, ieee)
        title = known.listed.friendly_name
        places = (*(spoken(level) for level in title.split("/")[:-1]), *filed.get(ieee, ()))
        if known.entities is None or known.places != places:
            known.places = places
            known.entities = tuple(_entity(base, title, ieee, part, by_zigbee(ieee), places) for part in known.parts)
        yield from known.entities
    for group in bridge.groups:
        for part in _group_parts(group, bridge.devices):
            yield _entity(base, group.friendly_name, str(group.id), part, frozenset({f"zigbee:{base}/{group.id}"}), ())


def _coordinator(base: str, ieee: str) -> Entity:
    """The bridge itself, of which only is told whether it runs: its discovery has a switch that lets strangers join."""
    shown = {True: "on", False: "off", None: None}
    reading = Reading(f"{base}/bridge/state", frozenset({VALUE}), lambda said: {VALUE: shown[online(said)]})
    device = Device(
        id="binary_sensor.zigbee2mqtt_bridge",
        name="Zigbee2MQTT Bridge",
        domain="binary_sensor",
        abilities=frozenset({Ability.READ}),
        device_class="connectivity",
        category="diagnostic",
        source=Zigbee2Mqtt.name,
    )
    identity = f"binary_sensor:bridge_{ieee}_connection_state_{base}"
    return Entity(
        device, (reading,), no_commands, base_name=device.id, identity=identity, things=by_zigbee(ieee)
    )  # fmt: skip


def _group_parts(group: Group, devices: Mapping[str, _Known]) -> Iterable[Part]:
    members = [known for member in group.members if (known := devices.get(member.ieee_address)) is not None]
    definitions = [known.listed.definition for known in members if known.parts]
    exposes = [expose for definition in definitions if definition is not None for expose in definition.exposes]
    for domains in _GROUPED:
        able = (part for domain in domains if (part := group_part(domain, exposes)) is not None)
        if (part := next(able, None)) is not None:
            yield part
    yield from _scenes(group.scenes)


def _entity(base: str, title: str, unique: str, part: Part, things: frozenset[str], places: tuple[str, ...]) -> Entity:
    topic = f"{base}/{title}"
    name = joined(spoken(title) or unique, part.name)
    base_id = f"{part.domain}.{slug(name)}"
    get = [Publication(f"{topic}/get", json.dumps(dict.fromkeys(part.gets, "")))] if part.gets else []
    return Entity(
        device=Device(
            id=base_id,
            name=name,
            domain=part.domain,
            abilities=part.abilities,
            aliases=(part.name,) if part.domain == "scene" else (),
            device_class=part.device_class,
            unit=part.unit,
            options=part.options,
            choices=part.choices,
            limits=part.limits,
            category=part.category,
            source=Zigbee2Mqtt.name,
        ),
        readings=(
            (replace(json_reading(topic, (*part.fields, *_TOLD)), live_only=part.happens),) if part.fields else ()
        ),
        encode=_encode(f"{topic}/set", part.writers),
        availability=(
            Availability(f"{base}/bridge/state", online),
            Availability(f"{topic}/availability", online, assumed=True),
        ),
        availability_mode=AvailabilityMode.ALL,
        base_name=base_id,
        identity=f"{part.domain}:{unique}_{part.object_id}_{base}",
        things=things,
        places=places,
        asks=tuple(get),
    )


def _encode(target: str, writers: Mapping[str, Callable[[Value], Mapping[str, Any]]]) -> Encode:
    def encode(change: Mapping[str, Value]) -> list[Publication]:
        body: dict[str, Any] = {}
        # The verb last: it is the user's own word where a brightness implies another.
        for key in sorted(change, key=lambda key: key == "state"):
            if key not in writers:
                raise Unsupported(key)
            body |= writers[key](change[key])
        return [Publication(target, json.dumps(body))]

    return encode


def online(payload: str) -> bool | None:
    """``{"state": "online"}``, and the plain word of versions before 2."""
    if payload.startswith("{"):
        try:
            said = json_object(payload)
        except (ValueError, RecursionError):
            return None
        state = said.get("state")
    else:
        state = payload
    return {"online": True, "offline": False}.get(state) if isinstance(state, str) else None
