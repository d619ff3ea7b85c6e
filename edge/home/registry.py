"""All devices and what they last said, from messages alone: no connection, no waiting."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.devices import Ability, Device, DeviceState, Value
from edge.home.announcements import Announcements
from edge.home.broker import Message, Publication
from edge.home.convention import Convention
from edge.home.entity import VALUE, AvailabilityMode, Entity, Reading, Seen, read_message
from edge.home.homeassistant import HomeAssistant
from edge.home.house_file import AreaEntry, DeviceEntry, HouseFile

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
    said_at: float = 0.0
    """When it last spoke of its main value: seconds, monotonic."""
    there: dict[str, bool] = field(default_factory=dict)
    """By availability topic, what it last said."""
    last_there: bool | None = None
    spoke: int = 0
    """The connection in which it last said something of its state."""
    asked: int = 0
    """The connection in which it was last asked for it."""
    complained: bool = False
    turn: int = 0
    """The number of its last word among those of all devices."""


class Registry:
    """Feed it every message; ask it for devices and states."""

    def __init__(
        self,
        prefix: str,
        house_file: HouseFile,
        now: Callable[[], float] = time.monotonic,
        others: Sequence[Convention] = (),
    ) -> None:
        """``prefix``: of Home Assistant's discovery. ``now``: seconds.

        ``others``: further conventions, which are preferred to it.
        """
        self._announced = Announcements([*others, HomeAssistant(prefix)])
        self._file, self._now = house_file, now
        self._known: dict[str, _Known] = {}
        self._by_topic: dict[str, list[str]] = defaultdict(list)
        self._numbers: dict[str, int] = {}
        """By name, the last number that was given to one of several devices that would be called so."""
        self._rooms: dict[str, str] = {}
        """By its name in lower case, every room's name."""
        self._topics: frozenset[str] = frozenset()
        self._revision = 0
        self.stale = False
        """Whether something was announced since anybody looked."""
        self._connection = 0
        self._curious = False
        """Whether there may be something to ask."""
        self._unread: set[str] = set()
        """Topics whose last word some device has not heard."""
        self.spoken = 0
        """How many messages have spoken of a device: what comes later has a higher number."""

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
        value = known.entity.value_after(known.seen.get(VALUE), self._now() - known.said_at)
        return DeviceState(None if value is None else str(value), attributes, _available(known))

    def spoken_since(self, number: int) -> list[str]:
        """Ids of the devices that have said something since :attr:`spoken` was ``number``, and of those that may be
        otherwise without a word, because what they say lapses.
        """
        self._refresh()
        return [name for name, known in self._known.items() if known.turn > number or known.entity.lapses]

    def last_word(self, device: str) -> int:
        """What :attr:`spoken` was when that device last said something; 0 where it has not yet."""
        known = self._find(device)
        return known.turn if known else 0

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

    @property
    def filters(self) -> tuple[str, ...]:
        """Where devices are announced."""
        return self._announced.filters

    def topics(self) -> frozenset[str]:
        """All topics that devices speak on; the same object as long as they are the same."""
        self._refresh()
        return self._topics

    def unread(self) -> frozenset[str]:
        """Topics that devices share with older ones and whose retained message they have missed; each given once."""
        self._refresh()
        unread, self._unread = frozenset(self._unread), set()
        return unread

    def keys(self, device: str) -> tuple[str, ...]:
        """By which keys house.toml may know the device of that id or key, the most lasting first."""
        if (known := self._find(device)) is not None:
            return _keys(known.entity, device)
        for ident, each in self._known.items():
            if device in (keys := _keys(each.entity, ident)):
                return keys
        return (device,)

    def entry(self, device: str) -> DeviceEntry:
        """What house.toml says of the device of that id."""
        found = next((key for key in self.keys(device) if key in self._file.devices), None)
        return DeviceEntry() if found is None else self._file.devices[found]

    def room(self, area: str) -> AreaEntry:
        """What house.toml says of a room."""
        return self._file.areas.get(area, AreaEntry())

    def furnish(self, house_file: HouseFile) -> None:
        """From now on it is as ``house_file`` says."""
        if house_file != self._file:
            self._file = house_file
            self._revision += 1
            self.stale = True

    # -- messages -----------------------------------------------------------------------------------------------------

    def take(self, message: Message) -> list[str]:
        """Learn from ``message``. Returns the ids of the devices whose state it spoke of."""
        if self._announced.concerns(message.topic):
            # Not refreshed in the midst of a flood of announcements.
            if self._announced.take(message):
                self.stale = self._curious = True
        else:
            self._refresh()
        touched = []
        for name in self._by_topic.get(message.topic, ()):
            self._hear(self._known[name], message)
            self.spoken += 1
            self._known[name].turn = self.spoken
            touched.append(name)
        return touched

    def begin(self) -> None:
        """A new connection: what the broker still has will be heard again."""
        self._connection += 1
        self._curious = True
        self._announced.begin()

    def forget_unheard(self) -> None:
        """Drop what was announced in an earlier connection and not in this one: it left while we were away."""
        self.stale = self._announced.forget_unheard() or self.stale

    def questions(self) -> list[Publication]:
        """What to publish so that devices say what and how they are; each once in a connection."""
        if not self._curious:
            return []
        self._refresh()
        self._curious = False
        questions = self._announced.questions()
        for known in self._known.values():
            if known.entity.asks and max(known.spoke, known.asked) < self._connection:
                known.asked = self._connection
                questions += known.entity.asks
        return list(dict.fromkeys(questions))

    def _refresh(self) -> None:
        """Give ids, once for any number of announcements, and in the order of identities, not of messages."""
        if not self.stale:
            return
        self.stale = False
        old = {known.entity.identity: known for known in self._known.values()}
        before = [known.entity.device for known in self._known.values()]
        entities = self._announced.entities()
        named = [*self._file.areas, *(entity.device.area for entity in entities.values() if entity.device.area)]
        self._rooms = {name.casefold(): name for name in reversed(named)}
        self._known.clear()
        self._by_topic.clear()
        self._numbers.clear()
        for identity in sorted(entities):
            entity = self._named(entities[identity])
            known = old.get(identity)
            if known is None or known.entity.topics != entity.topics:
                known = _Known(entity)
                self._unread |= entity.topics
            known.entity = entity
            _learn(known, known.seen)
            self._known[entity.device.id] = known
            for topic in entity.topics:
                self._by_topic[topic].append(entity.device.id)
        if self._topics != self._by_topic.keys():
            self._topics = frozenset(self._by_topic)
        self._revision += before != [known.entity.device for known in self._known.values()]

    def _named(self, entity: Entity) -> Entity:
        """With an id that no other has, and what house.toml says of it."""
        name, number = entity.base_name, self._numbers.get(entity.base_name, 1)
        while name in self._known:
            number += 1
            name = f"{entity.base_name}_{number}"
        self._numbers[entity.base_name] = number
        keys = _keys(entity, name)
        entry = next((self._file.devices[key] for key in keys if key in self._file.devices), None)
        filed = next((place for place in entity.places if place.casefold() in self._rooms), None)
        area = (entry.area if entry else None) or entity.device.area or filed
        area = self._rooms.get(area.casefold(), area) if area else None
        room = self._file.areas.get(area) if area else None
        aliases = entity.device.aliases + (entry.names if entry else ())
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
        if reading.live_only and message.retained:
            return
        try:
            seen = read_message(reading, message.payload)
        except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            # All that looking into JSON of another shape than was thought of can raise.
            if not known.complained:
                known.complained = True
                _log.warning("%s said something that can't be read: %s", known.entity.device.id, error)
            return
        known.seen.update(seen)
        if seen:
            known.spoke = self._connection
        if known.entity.derive is not None:
            seen = {**seen, **known.entity.derive(known.seen)}
            known.seen.update(seen)
        if VALUE in seen:
            known.said_at = self._now()
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
    if not known.entity.availability:
        return True
    said = [known.there.get(one.topic, one.assumed) for one in known.entity.availability]
    match known.entity.availability_mode:
        case AvailabilityMode.ALL:
            return all(said)
        case AvailabilityMode.ANY:
            return any(said)
        case AvailabilityMode.LATEST:
            return any(said) if known.last_there is None else known.last_there
