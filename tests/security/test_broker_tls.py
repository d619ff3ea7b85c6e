"""Which broker is told anything at all, by TLS: one with 1.3, of a known authority, of that name, today.

The same of the bridge: ``tests/sync/test_faults.py``, ``test_bad_identity.py``; of the page: ``tests/web/test_network.py``.
"""

import datetime
import gc
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener, TLSStream

from edge.home.broker import Broker, Link
from tests.security.authority import DAY, Authority

pytestmark = pytest.mark.anyio
PASSWORD = "quibblesnark-of-the-broker"
_PATIENCE_S = 30


@dataclass(frozen=True)
class Shown:
    """What a server shows; as it stands here, what a good one does."""

    authority: str = "known"
    host: str = "localhost"
    since: datetime.timedelta = -DAY
    until: datetime.timedelta = DAY
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3


BAD = {
    "an authority that is not the known one": Shown(authority="other"),
    "another host": Shown(host="elsewhere.example"),
    "over since yesterday": Shown(since=-3 * DAY, until=-DAY),
    "of tomorrow": Shown(since=DAY, until=3 * DAY),
    "TLS 1.2": Shown(newest=ssl.TLSVersion.TLSv1_2),
}


@dataclass
class Server:
    """It takes what comes, and answers nothing."""

    port: int
    known: Path
    """The authority that its clients know."""
    heard: bytearray


@asynccontextmanager
async def serving(folder: Path, shown: Shown) -> AsyncIterator[Server]:
    authorities = {name: Authority(folder, name) for name in ("known", "other")}
    pem = folder / "server.pem"
    authorities[shown.authority].certificate(pem, shown.host, shown.since, shown.until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.maximum_version = shown.newest
    heard = bytearray()

    async def listen(stream: TLSStream) -> None:
        async with stream:
            heard.extend(await stream.receive())

    async with (
        await anyio.create_tcp_listener(local_host="localhost") as plain,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(TLSListener(plain, context, standard_compatible=False).serve, listen)
        yield Server(plain.extra(SocketAttribute.local_port), authorities["known"].file, heard)
        tasks.cancel_scope.cancel()


async def refused(server: Server) -> str:
    """Why the broker was not believed; empty where it was told something."""

    async def told(_: bool) -> None: ...

    broker = Broker(
        host="localhost", port=server.port, username="hearth", password=PASSWORD, tls=True, ca_file=server.known
    )
    link = Link(broker, None, lambda _: None, told)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(link.run)
        while link.last_error is None and not server.heard:
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    return link.last_error or ""


# paho leaves a socket whose handshake failed to the garbage collection.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize("shown", BAD)
async def test_a_broker_that_is_not_the_right_one_is_told_nothing(shown: str, tmp_path: Path) -> None:
    async with serving(tmp_path, BAD[shown]) as server:
        with anyio.fail_after(_PATIENCE_S):
            why = await refused(server)
    gc.collect()  # here, where it is known what it finds, and not in another test
    assert server.heard == b""
    assert ("protocol" if shown == "TLS 1.2" else "certificate") in why.lower()


async def test_the_right_one_is_told_the_password(tmp_path: Path) -> None:
    async with serving(tmp_path, Shown()) as server:
        with anyio.fail_after(_PATIENCE_S):
            await refused(server)
    assert PASSWORD.encode() in server.heard


def test_no_text_of_a_broker_tells_the_password() -> None:
    assert PASSWORD not in f"{Broker(host='localhost', password=PASSWORD)!r}"
