"""The small model behind llama-cpp-python's own OpenAI-compatible server."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.brokers import free_port


class LlamaServer:
    """A process that can be killed and started again on the same port."""

    def __init__(self, model: Path) -> None:
        self._model, self.port = model, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """For OpenAI's clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Returns when it answers."""
        options = ["--n_ctx", "1024", "--n_threads", "1", "--verbose", "false", "--model_alias", "small"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", "--model", str(self._model), "--port", str(self.port), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while True:
            assert self._process.poll() is None, "llama_cpp.server ended by itself"
            assert time.monotonic() < deadline
            try:
                if httpx.get(f"{self.url}/models", timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.1)

    def kill(self) -> None:
        """As if its machine had gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def llama_server(model: Path) -> Iterator[LlamaServer]:
    """Runs until the block ends."""
    server = LlamaServer(model)
    try:
        yield server
    finally:
        server.kill()
