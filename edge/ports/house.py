"""The house: its devices, its broker, its other assistants."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.devices import ActionReport, Command, Device, DeviceState


class Inventory(Protocol):
    """What the house consists of: all that understanding a sentence needs to know."""

    @property
    def revision(self) -> int:
        """Rises whenever the set of devices, their names or areas change."""

    def devices(self) -> Sequence[Device]:
        """All devices, ordered by id."""

    def areas(self) -> Mapping[str, Sequence[str]]:
        """Area name → further names of it."""

    def floors(self) -> Sequence[str]:
        """Names of floors."""


class House(Inventory, Protocol):
    """The devices on the broker, to be read and commanded."""

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""

    def state(self, device: str) -> DeviceState:
        """The last word of the device with that id; an empty state when it has said nothing."""

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        """Carry out all in parallel and wait for each device's own word.

        One report per command, in order. Raises BrokerOffline at once when the broker is away.
        """

    async def tell(self, topic: str, payload: str) -> None:
        """Publish for whoever listens, under this assistant's own topics; returns when the broker has it.

        Raises BrokerOffline.
        """


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that came in."""

    topic: str
    payload: bytes
    retained: bool
    """The broker had kept it: it is older than our subscription."""


class Post(Protocol):
    """Messages to and from other programs on the house's broker."""

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""

    async def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Returns when the broker has it (quality of service 0: when it is sent). Raises BrokerOffline."""

    async def listen(self, filters: Sequence[str], take: Callable[[Taken], None]) -> None:
        """Hand all that comes on ``filters`` to ``take``, from now and in every later connection; it must not block.

        Returns when the broker has acknowledged that, or at once while it is away.
        """

    async def next_connection(self, after: int) -> int:
        """The number of the present connection, once it is a later one than ``after``; the first is 1."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An assistant of the house."""

    id: str
    site: str
    """Its name in topics."""
    area: str | None = None
    """The room it stands in."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one assistant answered another."""

    by: Neighbour
    body: Mapping[str, object]
    """As it came over the network: every value is to be checked."""


Respond = Callable[[Neighbour, Mapping[str, object]], Awaitable[Mapping[str, object] | None]]
"""Who asks, and what; returns the answer, None for none. What comes in is to be checked."""


class Neighbours(Protocol):
    """The other assistants of the house."""

    @property
    def me(self) -> Neighbour:
        """This one."""

    def known(self) -> Sequence[Neighbour]:
        """Those that are there now, as far as is known."""

    async def ask(
        self, kind: str, body: Mapping[str, object], wait_s: float, *, to: Sequence[Neighbour] | None = None
    ) -> Sequence[Answer]:
        """Ask all, or those in ``to``. Returns what they answer once all have, at the latest after ``wait_s``.

        Raises BrokerOffline.
        """

    def respond(self, kind: str, respond: Respond) -> None:
        """``respond`` answers what others ask of that ``kind``. To be called before the assistant runs."""


class Naming(Protocol):
    """What people call things, and where these are. Every change is on disk, and in force, when a method returns.

    All raise SettingsError where the file that keeps it has a mistake, and StorageError where it can't be written.
    """

    async def call(self, device: str, name: str) -> None:
        """The device of that id is called ``name``, too."""

    async def uncall(self, device: str, name: str) -> bool:
        """It is no longer; False where it was not given that name here."""

    async def place(self, device: str, area: str) -> None:
        """It is in ``area``, which begins to exist if need be."""

    async def lift(self, area: str, floor: str) -> None:
        """The room ``area`` is on ``floor``."""
