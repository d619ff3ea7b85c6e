"""Real brokers for tests."""

import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiomqtt

from edge.bench.free_port import free_port as free_port_among
from edge.home.broker import NO_DELAY, Broker
from edge.home.demo import Address
from edge.home.house import MqttHouse

_EACH = 2000
"""Ports for each of up to ten processes that test at the same time."""
_FIRST = 10_000 + _EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10)
_PORTS = itertools.cycle(range(_FIRST, _FIRST + _EACH))
for _ in range(random.randrange(_EACH)):
    next(_PORTS)
_START_S = 30.0
"""A busy machine takes its time."""


def free_port() -> int:
    """A port that nobody listens on, that nobody else is given, and that the system gives to no connection."""
    return free_port_among(_PORTS)


class Mosquitto:
    """A mosquitto that can be stopped and started again on the same port."""

    def __init__(self, port: int, *options: str) -> None:
        self.address, self._options = Address("127.0.0.1", port), options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = subprocess.Popen(
            [program, "-p", str(self.address.port), *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((self.address.host, self.address.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("mosquitto did not start")

    def freeze(self) -> None:
        """It takes connections and messages, and does nothing with them."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def mosquitto() -> Iterator[Mosquitto]:
    """A running mosquitto on a free port."""
    broker = Mosquitto(free_port())
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@asynccontextmanager
async def client_on(address: Address) -> AsyncIterator[aiomqtt.Client]:
    """A client of the broker there."""
    async with aiomqtt.Client(address.host, address.port, socket_options=[NO_DELAY], timeout=60) as client:
        yield client


@asynccontextmanager
async def house_on(address: Address, patience_s: float = 60) -> AsyncIterator[MqttHouse]:
    """The house on the broker there, once it knows its devices."""
    async with MqttHouse(Broker(host=address.host, port=address.port)) as house:
        await house.settled(patience_s)
        yield house
