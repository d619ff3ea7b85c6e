"""The house that the assistant is in: a real broker, and the demo's devices on it, which come back whenever it does."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Final, TypeVar

import aiomqtt
import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from edge.home.demo import DEVICES, Announced, Behaviour, SimulatedHome
from tests.brokers import Mosquitto, free_port

_AGAIN_S: Final = 0.2
R = TypeVar("R")


class House:
    """Use as a context manager; the devices live on an event loop in a thread of their own."""

    def __init__(self, further: Sequence[Announced] = ()) -> None:
        self._devices = (*DEVICES, *further)
        self.broker = Mosquitto(free_port())
        self._stack = ExitStack()
        self._portal: BlockingPortal
        self._home: SimulatedHome | None = None
        self._before: dict[str, int] = {}
        """Commands by device, of the homes before this one."""
        self._behaves: dict[str, Behaviour] = {}
        self._here = threading.Event()

    def __enter__(self) -> "House":
        self.broker.start()
        self._portal = self._stack.enter_context(start_blocking_portal())
        task: Future[None] = self._portal.start_task_soon(self._live)
        self._stack.callback(task.cancel)
        assert self._here.wait(30), "the devices are not there"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.broker.stop()

    def state(self, device: str) -> str:
        """What it really is, whatever it says."""
        return str(self._of_home(lambda home: home.state(device)).get("state", ""))

    def commands(self, device: str) -> int:
        """How many it has ever been given."""
        return self._before.get(device, 0) + self._of_home(lambda home: len(home.commands(device)))

    def behave(self, device: str, behaviour: Behaviour) -> None:
        """From now on."""
        self._behaves[device] = behaviour
        self._of_home(lambda home: home.behave(device, behaviour))

    def publish_all(self, messages: Iterable[tuple[str, str]]) -> None:
        """Topics and what is said there, as somebody else in the house would."""

        async def send() -> None:
            address = self.broker.address
            async with aiomqtt.Client(address.host, address.port) as client:
                for topic, payload in messages:
                    await client.publish(topic, payload, qos=1, retain=True)

        self._portal.call(send)

    def is_back(self, within_s: float) -> bool:
        """Whether the devices are on the broker again, after it was gone."""
        return self._here.wait(within_s)

    def _of_home(self, work: Callable[[SimulatedHome], R]) -> R:
        home = self._home
        assert home is not None
        return self._portal.call(work, home)

    async def _live(self) -> None:
        while True:
            home = SimulatedHome(self.broker.address, self._devices)
            try:
                async with home:
                    for device, behaviour in self._behaves.items():
                        home.behave(device, behaviour)
                    self._home = home
                    self._here.set()
                    await anyio.sleep_forever()
            except* (aiomqtt.MqttError, OSError):
                self._here.clear()
            if self._home is home:
                for device in _COUNTED:
                    self._before[device] = self._before.get(device, 0) + len(home.commands(device))
                # Its commands are counted: what is asked meanwhile is asked of one that has had none.
                self._home = SimulatedHome(self.broker.address, self._devices)
            await anyio.sleep(_AGAIN_S)


_COUNTED: Final[tuple[str, ...]] = ("kitchen_light", "living_room_lamp", "bedroom_light", "hallway_plug", "bedroom_fan")
