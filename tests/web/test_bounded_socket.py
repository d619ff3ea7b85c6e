"""Nobody takes all places, and whoever leaves makes room."""

import asyncio
import socket
from contextlib import ExitStack

import pytest

from edge.api.web import bounded_socket
from edge.api.web.bounded_socket import EACH, ELSEWHERE, NEAR, BoundedSocket, has_room


def others(count: int) -> list[str]:
    return [f"10.0.{number // 200}.{number % 200}" for number in range(count)]


@pytest.mark.parametrize(
    ("newcomer", "inside", "room"),
    [
        ("192.168.1.2", [], True),
        ("192.168.1.2", ["192.168.1.2"] * (EACH - 1), True),
        ("192.168.1.2", ["192.168.1.2"] * EACH, False),
        ("192.168.1.3", ["192.168.1.2"] * EACH, True),
        ("192.168.1.2", others(ELSEWHERE), False),
        # Of IPv6, whoever has one address has all of its network.
        ("fd00::1", [f"fd00::{number:x}" for number in range(2, EACH + 2)], False),
        ("fe80::1%eth0", ["fe80::2%eth0"] * EACH, False),
        # Whoever sits at the machine is not kept out by the network, and does not keep it out.
        ("127.0.0.1", others(ELSEWHERE), True),
        ("192.168.1.2", ["::1"] * NEAR, True),
        ("127.0.0.1", ["127.0.0.1"] * NEAR, False),
    ],
)
def test_who_is_let_in(newcomer: str, inside: list[str], room: bool) -> None:
    assert has_room(newcomer, inside) is room


class Greeting(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")


@pytest.mark.anyio
async def test_one_too_many_is_hung_up_on_also_before_a_word_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_socket, "NEAR", 3)
    listener = BoundedSocket(socket.AF_INET)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = await asyncio.get_running_loop().create_server(Greeting, sock=listener)
    with ExitStack() as clients:

        async def let_in() -> asyncio.StreamWriter | None:
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            clients.callback(writer.close)
            try:
                async with asyncio.timeout(10):
                    return writer if await reader.read(5) == b"hello" else None
            except ConnectionResetError:
                return None

        first = await let_in()
        assert first is not None
        assert [await let_in() is not None for _ in range(4)] == [True, True, False, False]
        first.close()
        await first.wait_closed()
        async with asyncio.timeout(10):
            while await let_in() is None:
                pass
    server.close()
