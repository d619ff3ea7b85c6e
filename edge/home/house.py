"""The house on an MQTT broker: the port :class:`edge.ports.House`, kept up to date while it is open."""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import anyio

from edge.devices import ActionReport, Command, Device, DeviceState
from edge.errors import BrokerOffline
from edge.home.birth import Birth
from edge.home.broker import Broker, Link, Message, Publication
from edge.home.control import Control
from edge.home.conventions import natives
from edge.home.house_file import AreaEntry, DeviceEntry, HouseFile
from edge.home.house_names import HouseNames
from edge.home.post import Post
from edge.home.registry import Registry

_log = logging.getLogger(__name__)

_FLUSH_S = 0.02
"""New devices' topics are subscribed to together, at most this long after they were announced."""
_ASK_EVERY_S = 0.05
"""Devices are asked for their states one after the other: a radio network bears no flood."""
_ASK_AFTER_S = 0.1
"""New devices are asked together, about this long after they were announced."""
_CATCH_UP_S = 30.0
"""How long a broker may take to hand over all that it has kept."""


class MqttHouse:
    """An async context manager: open, it is connected or trying to be."""

    def __init__(
        self,
        broker: Broker,
        *,
        site: str = "home",
        discovery_prefix: str = "homeassistant",
        house_file: Path | None = None,
        on_link: Callable[[bool], None] | None = None,
        birth: bool = False,
        visits: bool = False,
    ) -> None:
        """``site``: name of this assistant in topics. ``on_link`` is told when the broker comes and goes. ``birth``:
        whether devices are asked to announce themselves anew where no Home Assistant does it. ``visits``: it looks and
        leaves, beside an assistant of the same site that may be running, and changes nothing that the broker keeps.

        Raises SettingsError for a mistake in ``house_file``.
        """
        self._own_topics = f"hearthside/{site}"
        self._registry = Registry(discovery_prefix, HouseFile(), others=natives(self._own_topics))
        self.names = HouseNames(house_file, self._registry.keys, self._registry.furnish) if house_file else None
        """What its things are called, where that can be changed."""
        self._visits = visits
        availability = None if visits else f"{self._own_topics}/availability"
        self._link = Link(broker, availability, self._take, self._on_link)
        self.post = Post(self._link)
        """For whoever else has something to say or to hear on the broker."""
        self._control = Control(self._link, self._registry, lambda: self._changed)
        self._told = on_link
        self._birth = Birth(discovery_prefix, wanted=birth)
        self._waited_for: anyio.Event | None = None
        self._fence = f"{self._own_topics}/fence/{uuid.uuid4().hex[:8]}"
        self._memory, self._mark = f"{self._own_topics}/memory", uuid.uuid4().hex
        self._remembers = False
        """Whether the broker has kept our mark since the last connection, and so all else that it was to keep."""
        self._connections = 0
        self._announced = anyio.Event()
        """Set when there may be other topics to listen to."""
        self._unasked = anyio.Event()
        """Set when there may be something to ask."""
        self._fences: dict[str, anyio.Event] = {}
        self._subscribed: frozenset[str] = frozenset()
        self._subscribing = anyio.Lock()
        self._ready = False
        """Whether the broker has acknowledged that we listen for announcements."""
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> "MqttHouse":
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._link.run)
        self._tasks.start_soon(self._keep_subscribed)
        self._tasks.start_soon(self._catch_up)
        if self.names is not None:
            self._tasks.start_soon(self.names.follow)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        return await self._tasks.__aexit__(kind, error, trace)

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""
        return self._link.online

    @property
    def connections(self) -> int:
        """How often the broker was connected since this is open."""
        return self._connections

    @property
    def revision(self) -> int:
        """Rises whenever the set of devices, their names or areas change."""
        return self._registry.revision

    def devices(self) -> Sequence[Device]:
        """All devices, ordered by id."""
        return self._registry.devices()

    def areas(self) -> Mapping[str, Sequence[str]]:
        """Area name → further names of it."""
        return self._registry.areas()

    def floors(self) -> Sequence[str]:
        """Names of floors."""
        return self._registry.floors()

    def state(self, device: str) -> DeviceState:
        """The last word of the device with that id; an empty state when it has said nothing."""
        return self._registry.state(device)

    def entry(self, device: str) -> DeviceEntry:
        """What people said of the device of that id, beside what it is by itself."""
        return self._registry.entry(device)

    def room(self, area: str) -> AreaEntry:
        """What people said of that room."""
        return self._registry.room(area)

    @property
    def spoken(self) -> int:
        """Rises with every message that speaks of a device."""
        return self._registry.spoken

    def spoken_since(self, number: int) -> Sequence[str]:
        """Ids of the devices whose state may have changed since :attr:`spoken` was ``number``."""
        return self._registry.spoken_since(number)

    def last_word(self, device: str) -> int:
        """What :attr:`spoken` was when that device last said something; 0 where it has not yet."""
        return self._registry.last_word(device)

    async def something(self) -> None:
        """Returns when anything has come from the broker, or the connection has changed."""
        await self._changed.wait()

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        """Carry out all in parallel and wait for each device's own word. Raises BrokerOffline at once when away."""
        return await self._control.command(commands, deadline_s)

    async def tell(self, topic: str, payload: str) -> None:
        """Publish under ``hearthside/<site>/``, not retained. Raises BrokerOffline."""
        await self._link.publish([Publication(f"{self._own_topics}/{topic}", payload)])

    async def settled(self, timeout_s: float) -> None:
        """Returns when all that the broker retains has been read: devices, then their states.

        What was announced before and is no longer retained is gone then. Raises BrokerOffline when that has not
        happened after ``timeout_s``.
        """
        with anyio.move_on_after(timeout_s):
            while not await self._read_all():
                await self._changed.wait()
            return
        raise self._link.offline()

    async def _read_all(self) -> bool:
        """Whether all that is retained has been read in the present connection."""
        connection, seen = self._connections, -1
        while self._ready and connection == self._connections:
            if seen == self._registry.revision:
                await self._pass_fence()
                return self._ready and connection == self._connections
            seen = self._registry.revision
            await self._pass_fence()
            if self._remembers and self._ready and connection == self._connections:
                self._registry.forget_unheard()
            await self._follow_topics()
        return False

    async def _catch_up(self) -> None:
        """After each connection, drop what left meanwhile; then ask what devices do not say by themselves."""
        caught_up = 0
        while True:
            self._unasked = anyio.Event()
            try:
                if self._ready and caught_up < self._connections:
                    connection = self._connections
                    await self.settled(_CATCH_UP_S)
                    if connection == self._connections:
                        caught_up = connection
                        if not self._visits:
                            await self._link.publish([Publication(self._memory, self._mark)], retain=True)
                if self._ready and caught_up == self._connections:
                    for question in self._registry.questions():
                        await self._link.publish([question])
                        await anyio.sleep(_ASK_EVERY_S)
            except BrokerOffline as error:
                _log.debug("interrupted: %s", error)
            await self._unasked.wait()
            await anyio.sleep(_ASK_AFTER_S)

    async def _pass_fence(self) -> None:
        """Send a message to ourselves: a broker delivers it after all that it had queued for us before.

        Returns also when the connection is lost.
        """
        token = uuid.uuid4().hex
        passed = self._fences[token] = anyio.Event()
        try:
            await self._link.publish([Publication(self._fence, token)], qos=0)
            await passed.wait()
        except BrokerOffline as error:
            _log.debug("the connection was lost while reading: %s", error)
        finally:
            del self._fences[token]

    async def _on_link(self, online: bool) -> None:
        self._ready = self._remembers = False
        if online:
            self._connections += 1
            self._subscribed = frozenset()
            self._registry.begin()
            self._birth.begin()
            await self._link.subscribe([self._memory, self._fence, self._birth.topic, *self._registry.filters])
            self._ready = self._link.online
            await self.post.begin()
            if self._birth.wanted:
                self._tasks.start_soon(self._ask_for_announcements)
        for passed in self._fences.values():
            passed.set()
        if self._told is not None:
            self._told(online)
        self._look_again()
        self._notify()

    async def _ask_for_announcements(self) -> None:
        with suppress(BrokerOffline):
            await self._pass_fence()
            if (message := self._birth.message()) is not None:
                await self._link.publish([message])

    def _take(self, message: Message) -> None:
        if message.topic == self._fence:
            if (passed := self._fences.get(message.payload.decode(errors="replace"))) is not None:
                passed.set()
            return
        if message.topic == self._memory:
            self._remembers = message.retained and message.payload == self._mark.encode()
            return
        if message.topic == self._birth.topic:
            self._birth.take(message)
        self._registry.take(message)
        if self._registry.stale:
            self._look_again()
        self.post.take(message)
        self._notify()

    def _look_again(self) -> None:
        self._announced.set()
        self._unasked.set()

    @property
    def _changed(self) -> anyio.Event:
        """Set at the next change. Made when somebody asks for it: most messages are awaited by nobody."""
        if self._waited_for is None:
            self._waited_for = anyio.Event()
        return self._waited_for

    def _notify(self) -> None:
        if self._waited_for is not None:
            self._waited_for.set()
            self._waited_for = None

    async def _keep_subscribed(self) -> None:
        while True:
            # Made before looking, so that what is announced while we subscribe is not slept through.
            self._announced = anyio.Event()
            if self._ready:
                await self._follow_topics()
            await self._announced.wait()
            await anyio.sleep(_FLUSH_S)

    async def _follow_topics(self) -> None:
        """Subscribe to what new devices speak on, and no longer to what nobody speaks on."""
        async with self._subscribing:
            wanted, had, unread = self._registry.topics(), self._subscribed, self._registry.unread()
            if (wanted is had or wanted == had) and not unread:
                return
            self._subscribed = wanted
            # Subscribing again makes the broker repeat what it retains.
            await self._link.subscribe(sorted((wanted - had) | (wanted & unread)))
            await self._link.unsubscribe(sorted(had - wanted - set(self._registry.filters)))
