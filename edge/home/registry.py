"""All devices and what they last said, from messages alone: no connection, no waiting."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.devices import Ability, Device, DeviceState, Value
from edge.home import discovery
from edge.home.broker import Message
from edge.home.entity import VALUE, AvailabilityMode, Entity, Reading, Seen, read_message
from edge.home.house_file import HouseFile

_log = logging.getLogger(__name__)
_SHOWING = frozenset({"color"})
"""Abilities that a JSON light may have without having announced them."""


@dataclass(slots=True)
class _Known:
    """One device's side of the registry."""

    entity: Entity
    seen: dict[str, Value | None] = field(default_factory=dict)
    live: dict[str, int] = field(default_factory=dict)
    """By key, how many messages spoke of it that were not retained ones: news, not memory."""
    there: dict[str, bool] = field(default_factory=dict)
    """By availability topic, what it last said."""
    last_there: bool | None = None
    complained: bool = False


class Registry:
    """Feed it every message; ask it for devices and states."""

    def __init__(self, prefix: str, house_file: HouseFile) -> None:
        self._prefix, self._file = prefix, house_file
        self._spelling = {name.casefold(): name for name in house_file.areas}
        self._announced: dict[str, list[Entity]] = {}
        self._heard: dict[str, int] = {}
        """By discovery topic, the hash of what it last said: devices that return announce themselves anew."""
        self._known: dict[str, _Known] = {}
        self._by_topic: dict[str, list[str]] = defaultdict(list)
        self._revision = 0
        self._stale = False

    # -- what the house is --------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """Rises whenever the set of devices, their names, areas or abilities change."""
        self._refresh()
        return self._revision

    def devices(self) -> Sequence[Device]:
        """All devices, ordered by id."""
        self._refresh()
        return [self._known[name].entity.device for name in sorted(self._known)]

    def areas(self) -> Mapping[str, Sequence[str]]:
        """Area name → further names of it."""
        names = {device.area: () for device in self.devices() if device.area}
        return {**names, **{name: entry.names for name, entry in self._file.areas.items()}}

    def floors(self) -> Sequence[str]:
        """Names of floors, as house.toml has them."""
        return sorted({entry.floor for entry in self._file.areas.values() if entry.floor})

    def state(self, device: str) -> DeviceState:
        """The last word of a device."""
        known = self._find(device)
        if known is None:
            return DeviceState()
        attributes = {key: value for key, value in known.seen.items() if key != VALUE and value is not None}
        value = known.seen.get(VALUE)
        return DeviceState(None if value is None else str(value), attributes, _available(known))

    def entity(self, device: str) -> Entity | None:
        """The topics behind a device."""
        known = self._find(device)
        return known.entity if known else None

    def seen(self, device: str, key: str) -> Value | None:
        """What a device last said of ``key``, retained or not."""
        known = self._find(device)
        return known.seen.get(key) if known else None

    def news(self, device: str, key: str) -> int:
        """How often a device has spoken of ``key`` since we listen, retained messages not counted."""
        known = self._find(device)
        return known.live.get(key, 0) if known else 0

    def _find(self, device: str) -> _Known | None:
        self._refresh()
        return self._known.get(device)

    def topics(self) -> frozenset[str]:
        """All topics that devices speak on."""
        self._refresh()
        return frozenset(self._by_topic)

    def keys(self, device: str) -> tuple[str, ...]:
        """By which keys house.toml may know the device of that id, the most lasting first."""
        known = self._find(device)
        return _keys(known.entity, device) if known else (device,)

    def furnish(self, house_file: HouseFile) -> None:
        """From now on it is as ``house_file`` says."""
        if house_file != self._file:
            self._file, self._spelling = house_file, {name.casefold(): name for name in house_file.areas}
            self._revision += 1
            self._stale = True

    # -- messages -----------------------------------------------------------------------------------------------------

    def take(self, message: Message) -> list[str]:
        """Learn from ``message``. Returns the ids of the devices whose state it spoke of."""
        if discovery.is_discovery(message.topic, self._prefix):
            self._discover(message)
            return []
        self._refresh()
        touched = []
        for name in self._by_topic.get(message.topic, ()):
            self._hear(self._known[name], message)
            touched.append(name)
        return touched

    def _discover(self, message: Message) -> None:
        said = hash(message.payload)
        if self._heard.get(message.topic) == said:
            return
        if message.payload:
            self._heard[message.topic] = said
        else:
            self._heard.pop(message.topic, None)
        try:
            entities = discovery.read(message.topic, message.payload, self._prefix)
        except discovery.Malformed as fault:
            # What it announced before, if anything, still stands: a device does not go because of a typing error.
            _log.warning("the announcement on %s is ignored: %s", message.topic, fault)
            return
        before = self._announced.pop(message.topic, [])
        if entities:
            self._announced[message.topic] = entities
        self._stale = self._stale or bool(entities or before)

    def _refresh(self) -> None:
        """Give ids, once for any number of announcements, and in the order of identities, not of messages."""
        if not self._stale:
            return
        self._stale = False
        old = {known.entity.identity: known for known in self._known.values()}
        before = [known.entity.device for known in self._known.values()]
        entities = {entity.identity: entity for topic in sorted(self._announced) for entity in self._announced[topic]}
        self._known.clear()
        self._by_topic.clear()
        for identity in sorted(entities):
            entity = self._named(entities[identity])
            known = old.get(identity)
            if known is None or known.entity.topics != entity.topics:
                known = _Known(entity)
            known.entity = entity
            _learn(known, known.seen)
            self._known[entity.device.id] = known
            for topic in entity.topics:
                self._by_topic[topic].append(entity.device.id)
        self._revision += before != [known.entity.device for known in self._known.values()]

    def _named(self, entity: Entity) -> Entity:
        """With an id that no other has, and what house.toml says of it."""
        name, number = entity.base_name, 1
        while name in self._known:
            number += 1
            name = f"{entity.base_name}_{number}"
        keys = _keys(entity, name)
        entry = next((self._file.devices[key] for key in keys if key in self._file.devices), None)
        area = (entry.area if entry else None) or entity.device.area
        area = self._spelling.get(area.casefold(), area) if area else None
        room = self._file.areas.get(area) if area else None
        aliases = entry.names if entry else ()
        return replace(
            entity,
            device=replace(entity.device, id=name, area=area, floor=room.floor if room else None, aliases=aliases),
        )

    def _hear(self, known: _Known, message: Message) -> None:
        for availability in known.entity.availability:
            if availability.topic == message.topic:
                there = availability.read(message.payload.decode(errors="replace"))
                if there is not None:
                    known.there[message.topic] = known.last_there = there
        for reading in known.entity.readings:
            if reading.topic == message.topic:
                self._read(known, reading, message)

    def _read(self, known: _Known, reading: Reading, message: Message) -> None:
        try:
            seen = read_message(reading, message.payload)
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            if not known.complained:
                known.complained = True
                _log.warning("%s said something that can't be read: %s", known.entity.device.id, error)
            return
        known.seen.update(seen)
        self._revision += _learn(known, seen)
        if not message.retained:
            for key in seen:
                known.live[key] = known.live.get(key, 0) + 1


def _keys(entity: Entity, device: str) -> tuple[str, ...]:
    """Unique id, where it has one; id; name."""
    unique = entity.identity.partition(":")[2]
    return tuple(filter(None, (unique, device, entity.device.name)))


def _learn(known: _Known, seen: Seen) -> bool:
    """A lamp that reports a colour can have one, whatever its announcement left out. Returns whether that is new."""
    shown = {Ability(key) for key in seen.keys() & _SHOWING if seen[key] is not None}
    if shown <= known.entity.device.abilities:
        return False
    device = replace(known.entity.device, abilities=known.entity.device.abilities | shown)
    known.entity = replace(known.entity, device=device)
    return True


def _available(known: _Known) -> bool:
    topics = [availability.topic for availability in known.entity.availability]
    if not topics:
        return True
    said = [known.there.get(topic) for topic in topics]
    match known.entity.availability_mode:
        case AvailabilityMode.ALL:
            return all(said)
        case AvailabilityMode.ANY:
            return any(said)
        case AvailabilityMode.LATEST:
            return known.last_there is True
