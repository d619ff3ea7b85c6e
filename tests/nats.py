"""A real NATS server for tests."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.brokers import free_port


class Nats:
    """A server that can be stopped and started again on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """For nats-py."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it answers."""
        program = shutil.which("nats-server") or "/usr/sbin/nats-server"
        arguments = [program, "-a", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not _answers(self.port):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self) -> None:
        """As if its machine had gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nats() -> Iterator[Nats]:
    """Runs until the block ends."""
    server = Nats()
    try:
        yield server
    finally:
        server.stop()
