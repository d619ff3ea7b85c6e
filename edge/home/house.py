"""The house on an MQTT broker: the port :class:`edge.ports.House`, kept up to date while it is open."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import anyio

from edge.devices import ActionReport, Command, Device, DeviceState
from edge.home import discovery
from edge.home.broker import Broker, Link, Message, Publication
from edge.home.control import Control
from edge.home.house_file import HouseFile
from edge.home.house_names import HouseNames
from edge.home.post import Post
from edge.home.registry import Registry

_FLUSH_S = 0.02
"""New devices' topics are subscribed to together, at most this long after they were announced."""


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
    ) -> None:
        """``site``: name of this assistant in topics. ``on_link`` is told when the broker comes and goes.

        Raises SettingsError for a mistake in ``house_file``.
        """
        self._prefix = discovery_prefix
        self._registry = Registry(discovery_prefix, HouseFile())
        self.names = HouseNames(house_file, self._registry.keys, self._registry.furnish) if house_file else None
        """What its things are called, where that can be changed."""
        self.site = site
        """Name of this assistant in topics."""
        self._link = Link(broker, f"hearthside/{site}/availability", self._take, self._on_link)
        self.post = Post(self._link)
        """For whoever else has something to say or to hear on the broker."""
        self._control = Control(self._link, self._registry, lambda: self._changed)
        self._told = on_link
        self._changed = anyio.Event()
        self._fence = f"hearthside/{site}/fence/{uuid.uuid4().hex[:8]}"
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

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        """Carry out all in parallel and wait for each device's own word. Raises BrokerOffline at once when away."""
        return await self._control.command(commands, deadline_s)

    async def tell(self, topic: str, payload: str, site: str | None = None) -> None:
        """Publish under ``hearthside/<site>/``, its own site if none is given, not retained. Raises BrokerOffline."""
        await self._link.publish([Publication(f"hearthside/{site or self.site}/{topic}", payload)])

    async def settled(self, timeout_s: float) -> None:
        """Returns when all that the broker retains has been read: devices, then their states.

        Raises BrokerOffline when that has not happened after ``timeout_s``.
        """
        with anyio.move_on_after(timeout_s):
            while not self._ready:
                await self._changed.wait()
            seen = -1
            while seen != self._registry.revision:
                seen = self._registry.revision
                await self._pass_fence()
                await self._follow_topics()
            await self._pass_fence()
            return
        raise self._link.offline()

    async def _pass_fence(self) -> None:
        """Send a message to ourselves: a broker delivers it after all that it had queued for us before."""
        token = uuid.uuid4().hex
        passed = self._fences[token] = anyio.Event()
        try:
            await self._link.publish([Publication(self._fence, token)], qos=0)
            await passed.wait()
        finally:
            del self._fences[token]

    async def _on_link(self, online: bool) -> None:
        self._ready = False
        if online:
            self._subscribed = frozenset()
            await self._link.subscribe([self._fence, *discovery.topics(self._prefix)])
            self._ready = self._link.online
            await self.post.begin()
        if self._told is not None:
            self._told(online)
        self._notify()

    def _take(self, message: Message) -> None:
        if message.topic == self._fence:
            if (passed := self._fences.get(message.payload.decode(errors="replace"))) is not None:
                passed.set()
            return
        self._registry.take(message)
        self.post.take(message)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _keep_subscribed(self) -> None:
        while True:
            # Taken before looking, so that what is announced while we subscribe is not slept through.
            changed = self._changed
            if self._ready:
                await self._follow_topics()
            await changed.wait()
            await anyio.sleep(_FLUSH_S)

    async def _follow_topics(self) -> None:
        """Subscribe to what new devices speak on, and no longer to what nobody speaks on."""
        async with self._subscribing:
            wanted, had = self._registry.topics(), self._subscribed
            if wanted == had:
                return
            self._subscribed = wanted
            await self._link.subscribe(sorted(wanted - had))
            await self._link.unsubscribe(sorted(had - wanted))
