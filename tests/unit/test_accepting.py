"""Whoever connects, or is not let in, ends nothing but its own connection."""

import json
import logging
import resource
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import anyio.to_thread
import pytest
from anyio.abc import SocketAttribute, SocketStream
from wyoming.event import Event

from edge.api.accepting import accept_all
from edge.api.local import serve
from edge.api.local_client import request, socket_path
from edge.api.wyoming.server import _Door
from edge.api.wyoming.session import Send
from edge.errors import AssistantError, AssistantUnreachable
from edge.sections import WyomingSettings

pytestmark = pytest.mark.anyio


@contextmanager
def no_more_files() -> Iterator[None]:
    """What is open stays so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_when_no_file_can_be_opened_it_goes_on_as_soon_as_one_can(caplog: pytest.LogCaptureFixture) -> None:
    served, had = anyio.Event(), threading.Event()

    async def greet(stream: SocketStream) -> None:
        async with stream:
            await stream.send(b"here")
        served.set()

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            had.set()

    logging.getLogger("edge.api.accepting").addHandler(heard := Heard())
    try:
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as tasks,
        ):
            with closing(socket.create_connection(listener.extra(SocketAttribute.local_address))):  # type: ignore[arg-type]
                with no_more_files():
                    tasks.start_soon(accept_all, listener, greet)
                    with anyio.fail_after(60):
                        while not had.is_set():
                            await anyio.sleep(0.01)
                    assert not served.is_set()
                with anyio.fail_after(60):
                    await served.wait()
            tasks.cancel_scope.cancel()
    finally:
        logging.getLogger("edge.api.accepting").removeHandler(heard)
    assert "Too many open files" in caplog.text


async def test_a_listener_that_is_closed_is_no_reason_to_try_again() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    await listener.aclose()
    with anyio.fail_after(60):
        with pytest.raises(ExceptionGroup) as raised:
            await accept_all(listener, lambda stream: stream.aclose())
    assert raised.group_contains(anyio.ClosedResourceError, depth=2)


@pytest.mark.parametrize("sent", [b"x\n", b'{"do": "dance"}\n', b"[" * 70_000 + b"\n", b"half", b""])
async def test_whoever_hangs_up_before_the_answer_ends_nothing(tmp_path: Path, sent: bytes) -> None:
    assistant = cast(Any, SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path)))
    async with serve(assistant):
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(str(socket_path(tmp_path)))
            client.sendall(sent)

        def ask() -> None:
            with pytest.raises(AssistantError, match="unknown request 'sing'"):
                list(request(tmp_path, do="sing"))

        await anyio.to_thread.run_sync(ask)


async def test_whoever_has_hung_up_before_it_is_looked_at_ends_nothing() -> None:
    made = anyio.Event()

    class Silent:
        async def handle(self, event: Event) -> None:
            raise AssertionError(event)

        async def close(self) -> None:
            pass

    def make(send: Send) -> Silent:
        made.set()
        return Silent()

    door = _Door(WyomingSettings())
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        address = listener.extra(SocketAttribute.local_address)
        for last in (False, True):
            client = socket.create_connection(address)  # type: ignore[arg-type]
            if not last:
                # Reset, as if the cable were pulled: it has no address any more.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        tasks.start_soon(accept_all, listener, door.to(make))
        with anyio.fail_after(60):
            await made.wait()
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("said", [b"", b'{"type": "event"}\n'])
async def test_an_assistant_that_ends_in_mid_answer_is_said_to_have(tmp_path: Path, said: bytes) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(socket_path(tmp_path)))
        listening.listen()

        def end() -> None:
            client, _ = listening.accept()
            with client:
                client.sendall(json.dumps({"type": "turn"}).encode() + b"\n" + said)
                # What was sent is not read, so that the other end is told that this one is broken.

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, end)
            with pytest.raises(AssistantUnreachable, match="stopped before it had answered"):
                await anyio.to_thread.run_sync(lambda: list(request(tmp_path, do="ask", text="x" * 100_000)))
