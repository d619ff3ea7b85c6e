"""What happens, and how devices are, for any number of clients that look on.

There is one queue for all: the last events, numbered and each encoded once. A client is no more than a place in it. Who
reads too slowly falls off its end and is told how much it has missed; a connection that was lost goes on from where it
was. Of devices only what changed is told, and of several changes the last, so that no client can fall behind there.

Nothing is encoded, and no device looked at, while nobody looks on. What happens within a few hundredths of a second is
told together, which is most of a turn: fifty clients that were told of each thing as it happens would have made every
turn wait for them. They are woken one after the other: between two of them a turn goes on.
"""

import json
import uuid
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import anyio
import anyio.lowlevel

from edge.bus import Bus
from edge.devices import DeviceState
from edge.events import AnyEvent, Erased, as_json
from edge.home.house import MqttHouse

KEPT: Final = 1000
"""Events that a lost connection can go on from."""
_MOST: Final = 64
"""Messages that a client is given at a time."""
_TOGETHER_S: Final = 0.06
"""What happens meanwhile is told together; what a device says in several messages, as one change."""
_LOOK_S: Final = 1.0
"""How late it may be seen that what a device said has lapsed."""


@dataclass(slots=True)
class _Told:
    """An event with its number."""

    number: int
    event: AnyEvent
    text: str | None = None
    """Its JSON, once somebody has asked for it."""

    def json(self) -> str:
        if self.text is None:
            self.text = encode({**as_json(self.event), "n": self.number})
        return self.text


@dataclass(slots=True)
class _Known:
    """What was seen of the house."""

    spoken: int
    revision: int
    online: bool
    states: dict[str, DeviceState]


class Follower:
    """One client: how far it has read."""

    def __init__(self, feed: "Feed", number: int, *, events: bool) -> None:
        self._feed, self._events, self.number = feed, events, number
        self._look: int | None = None
        """The last change of devices that it knows of; None: it is told of none."""
        self._woken = anyio.Event()

    @property
    def devices(self) -> bool:
        """Whether it is told of devices."""
        return self._look is not None

    def wake(self) -> None:
        """There may be something new."""
        self._woken.set()

    def watch(self, *, devices: bool) -> None:
        """From now on it is told of devices, or no longer."""
        if devices != self.devices:
            self._look = self._feed.looked if devices else None
            self._feed.watched()

    async def next(self, timeout_s: float) -> list[str]:
        """What has happened since, as JSON: at least one message; none when nothing has for ``timeout_s``."""
        with anyio.move_on_after(timeout_s):
            while not (messages := self._take()):
                await self._woken.wait()
            return messages
        return []

    def _take(self) -> list[str]:
        self._woken = anyio.Event()
        messages: list[str] = []
        if self._events:
            missed, found, self.number = self._feed.after(self.number)
            messages = [encode({"type": "dropped", "count": missed})] if missed else []
            messages += found
        if self._look is not None:
            changes, self._look = self._feed.changes_after(self._look)
            messages += changes
        return messages


class Feed:
    """The one queue, and who reads it."""

    def __init__(self, bus: Bus, house: MqttHouse, kept: int = KEPT) -> None:
        """``kept``: how many events a client may be behind."""
        self.start = uuid.uuid4().hex[:8]
        """Of this start of the assistant: numbers of another one mean nothing here."""
        self.last = 0
        """The number of the last event."""
        self.looked = 0
        """How often it was seen that something is different about devices."""
        self._bus, self._house = bus, house
        self._ring: deque[_Told] = deque(maxlen=kept)
        self._followers: list[Follower] = []
        self._changes: dict[str, tuple[int, str]] = {}
        """By device, the latest last: in which look it had changed, and to what."""
        self._known: _Known | None = None
        """None while nobody wants to know of devices."""
        self._watched = anyio.Event()
        self._news = anyio.Event()

    async def serve(self) -> None:
        """Runs until it is cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow_events)
            tasks.start_soon(self._follow_devices)
            tasks.start_soon(self._tell)

    def follow(self, number: int | None, *, events: bool = True) -> Follower:
        """A new client, that knows all up to event ``number``; None: up to now. To be given to :meth:`leave`."""
        follower = Follower(self, self.last if number is None else number, events=events)
        self._followers.append(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """It has gone."""
        self._followers.remove(follower)
        self.watched()

    # -- events ---------------------------------------------------------------------------------------------------

    async def _follow_events(self) -> None:
        with self._bus.subscribe(listener="events") as events:
            lost = 0
            while True:
                for event in (await events.next(), *events.pending()):
                    self._take(event)
                # What the bus itself lost leaves a gap in the numbers, and so is told like all that is missed.
                self.last, lost = self.last + events.dropped - lost, events.dropped
                self._news.set()

    async def _tell(self) -> None:
        """Wake those who look on, a little after something has happened."""
        while True:
            await self._news.wait()
            await anyio.sleep(_TOGETHER_S)
            self._news = anyio.Event()
            if self._known is not None:
                self._look(self._known)
            for follower in tuple(self._followers):
                follower.wake()
                await anyio.lowlevel.checkpoint()

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, Erased):
            self.forget(event.turns)
        self.last += 1
        self._ring.append(_Told(self.last, event))

    def forget(self, turns: Collection[str] | None) -> None:
        """What was told of these turns is erased, None: all of it. Whoever had not read it yet has missed it."""
        keep = () if turns is None else [told for told in self._ring if told.event.turn not in turns]
        self._ring = deque(keep, maxlen=self._ring.maxlen)

    def after(self, number: int) -> tuple[int, list[str], int]:
        """How many events after ``number`` are gone; the next of those that are not, as JSON; the last one's number."""
        found = list(self._newer(number))[::-1][:_MOST]
        if not found:
            return self.last - number, [], self.last
        reached = found[-1].number
        return reached - number - len(found), [told.json() for told in found], reached

    def _newer(self, number: int) -> Iterator[_Told]:
        for told in reversed(self._ring):
            if told.number <= number:
                return
            yield told

    # -- devices --------------------------------------------------------------------------------------------------

    def watched(self) -> None:
        """Somebody begins, or ceases, to be told of devices."""
        if not any(follower.devices for follower in self._followers):
            self._known = None
        elif self._known is None:
            house = self._house
            states = {device.id: house.state(device.id) for device in house.devices()}
            self._known = _Known(house.spoken, house.revision, house.online, states)
            self._watched.set()

    async def _follow_devices(self) -> None:
        while True:
            if self._known is None:
                self._watched = anyio.Event()
                await self._watched.wait()
            with anyio.move_on_after(_LOOK_S):
                await self._house.something()
            self._news.set()
            # Not once for each message, where there are many.
            await anyio.sleep(_TOGETHER_S)

    def _look(self, known: "_Known") -> None:
        """See what is otherwise about devices."""
        house, changed = self._house, dict[str, Mapping[str, Any]]()
        ids, known.spoken = house.spoken_since(known.spoken), house.spoken
        for device in ids:
            state = house.state(device)
            if state != known.states.get(device):
                known.states[device] = state
                changed[device] = {"type": "device", "id": device, **told(state), "word": house.last_word(device)}
        if (known.revision, known.online) != (house.revision, house.online):
            known.revision, known.online = house.revision, house.online
            changed[""] = {"type": "house", "revision": house.revision, "online": house.online}
        if changed:
            self._change(changed)

    def _change(self, changed: Mapping[str, Mapping[str, Any]]) -> None:
        self.looked += 1
        for key, body in changed.items():
            self._changes.pop(key, None)
            self._changes[key] = (self.looked, encode(body))

    def changes_after(self, look: int) -> tuple[list[str], int]:
        """What has changed since that look, as JSON, and the number of the last one."""
        found: list[str] = []
        for number, text in reversed(self._changes.values()):
            if number <= look:
                break
            found.append(text)
        return found[::-1], self.looked


def told(state: DeviceState) -> dict[str, Any]:
    """How a device is, for JSON."""
    return {"state": state.value, "attributes": dict(state.attributes), "available": state.available}


def encode(body: Mapping[str, Any]) -> str:
    """As it goes over the network."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
