"""What happens in a house in an hour, packed into seconds."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from websockets.asyncio.client import connect

from edge.home.demo import Announced
from scripts.fault_campaign.rig import Rig
from tests.bridges import MemoryBridge, memory_bridge

SENSORS: Final = 40
STATES_AN_HOUR: Final = 600
"""Forty sensors that each say something every four minutes."""
_SHOPPING_HOURS: Final = 6
_SYNC: Final = "from cloud_sync.client.cli import main; import sys; sys.argv = ['hearth-sync']; main()"
_QUESTIONS: Final = (
    "what time is it", "what is on my shopping list", "is the kitchen light on", "what's the temperature outside",
    "what is 12 times 12", "how many timers do I have", "turn everything off in the bedroom", "colourless green ideas",
)  # fmt: skip


def sensors() -> list[Announced]:
    """Temperatures, here and there."""
    unit = {"device_class": "temperature", "unit_of_measurement": "°C"}
    return [("sensor", f"sensor_{n}", f"Sensor {n}", None, unit, "20.0") for n in range(SENSORS)]


@dataclass
class Done:
    """What has happened so far."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Day:
    """Lives in the house of ``rig``. Use as a context manager."""

    def __init__(self, rig: Rig, port: int, chance: random.Random) -> None:
        self.done = Done()
        self._rig, self._port, self._chance = rig, port, chance
        self._stack = ExitStack()
        self._portal: BlockingPortal
        self._sync: subprocess.Popen[bytes] | None = None
        self.bridge = MemoryBridge()

    def __enter__(self) -> "Day":
        self._portal = self._stack.enter_context(start_blocking_portal())
        self._stack.callback(self._stop_sync)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def hour(self, number: int, seconds: float) -> None:
        """One of them, in so many seconds; or longer, where the machine does not get through."""
        doings: list[Callable[[], None]] = [self._ask] * 6 + [self._keep] * 3 + [self._switch] * 4 + [self._call] * 2
        doings += [self._timer, self._flap, self._look_at_the_page]
        self._chance.shuffle(doings)
        begun = time.monotonic()
        for place, doing in enumerate(doings):
            self._states(STATES_AN_HOUR // len(doings))
            doing()
            due = begun + seconds * (place + 1) / len(doings)
            time.sleep(max(0.0, due - time.monotonic()))
        self.done.counts["hours"] += 1
        self._tidy(number)

    # -- what people and things do --------------------------------------------------------------------------------

    def _states(self, count: int) -> None:
        self._rig.house.publish_all(
            (f"demo/sensor_{self._chance.randrange(SENSORS)}/state", f"{self._chance.uniform(15, 25):.1f}")
            for _ in range(count)
        )
        self.done.counts["state changes"] += count

    def _ask(self) -> None:
        self._counted("asked in writing", self._rig.residents.ask(self._chance.choice(_QUESTIONS)).outcome)

    def _keep(self) -> None:
        self._counted("kept", self._rig.residents.keep_something("list").outcome)

    def _switch(self) -> None:
        device = self._chance.choice(("living_room_lamp", "hallway_plug"))
        self._counted("switched", self._rig.residents.switch(device).outcome)

    def _call(self) -> None:
        answer = self._rig.room.command(self._rig.service, time.monotonic(), 30)
        self._counted("spoken", answer.outcome if answer is not None else "deaf")

    def _timer(self) -> None:
        self._counted("timers", self._rig.residents.ask("set a timer for 1 second").outcome)
        time.sleep(1.5)
        self._rig.residents.ask("stop")

    def _flap(self) -> None:
        """The link dies in one way or the other, and is made again."""
        if self._sync is not None:
            self._sync.send_signal(self._chance.choice((signal.SIGKILL, signal.SIGTERM)))
            self._sync.wait()
        environ = {**self._rig.environ(), "HEARTH_DATA_DIR": str(self._rig.data_dir)}
        self._sync = subprocess.Popen(
            [sys.executable, "-c", _SYNC], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.done.counts["links"] += 1

    def _look_at_the_page(self) -> None:
        """Five come, listen to what happens, and go, some without a word."""
        self._portal.call(self._visit, 5)
        self.done.counts["page clients"] += 5

    async def _visit(self, count: int) -> None:
        async def one() -> None:
            async with connect(
                f"ws://127.0.0.1:{self._port}/v1/events?devices=true", compression=None, open_timeout=90
            ) as socket:
                with anyio.move_on_after(self._chance.uniform(0.5, 2.0)):
                    async for _ in socket:
                        pass
                if self._chance.getrandbits(1):
                    socket.transport.abort()

        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(one)

    # -- what keeps it in bounds ----------------------------------------------------------------------------------

    def _tidy(self, number: int) -> None:
        """As people do: the list is emptied when it was shopped for."""
        if number % _SHOPPING_HOURS == _SHOPPING_HOURS - 1:
            self._rig.residents.ask("clear my shopping list", session="shopping")
            self._counted("lists emptied", self._rig.residents.ask("yes", session="shopping").outcome)
            self._rig.ledger.begin_anew()

    def _counted(self, what: str, outcome: str) -> None:
        self.done.counts[what] += 1
        if outcome in ("nobody", "lost", "deaf", ""):
            self.done.wrong.append(f"{what} in hour {self.done.counts['hours']}: {outcome or 'no end'}")

    def _stop_sync(self) -> None:
        if self._sync is not None:
            self._sync.kill()
            self._sync.wait()


@contextmanager
def bridge_running(bridge: MemoryBridge) -> Iterator[str]:
    """Its address; it runs on an event loop of its own."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(memory_bridge(bridge)):
        yield bridge.url
    with suppress(RuntimeError):
        bridge.heard.clear()
