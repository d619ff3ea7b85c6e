"""What goes wrong between the device and its bridge, one thing at a time; what was written is there once in the end."""

import asyncio
import datetime
import logging
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
import apsw
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.server import serve

from cloud_sync.client.credentials import DeviceCredentials
from cloud_sync.client.status import standing, waiting
from cloud_sync.client.tls import client_context
from cloud_sync.protocol.messages import Ack, Events, Hello, Message
from edge.errors import StorageError
from edge.identity import identity
from tests.bridges import MemoryBridge, memory_bridge
from tests.sync.house import KEY, House, linked

pytestmark = pytest.mark.anyio
EVERYTHING = list(range(1, 101))


# -- hearth-sync is killed -------------------------------------------------------------------------------------------


@contextmanager
def hearth_sync(data_dir: Path, url: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The real process."""
    given = {"HEARTH_DATA_DIR": str(data_dir), "HEARTH_CLOUD__URL": url} | environment
    call = "from cloud_sync.client.cli import main; import sys; sys.argv = ['hearth-sync']; main()"
    with subprocess.Popen(
        [sys.executable, "-c", call], env={**os.environ, **given}, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            with suppress(ProcessLookupError):
                running.kill()


class Killing(MemoryBridge):
    """Kills the device's process at a moment that the test names: ``greeted``, ``received``, ``stored``, ``acked``."""

    def __init__(self, moment: str) -> None:
        super().__init__()
        self.moment, self.kills = moment, 0
        self.kill: Callable[[], None] = lambda: None

    def reached(self, moment: str) -> None:
        if moment == self.moment:
            self.kills += 1
            self.kill()


@pytest.mark.parametrize("moment", ["greeted", "received", "stored", "acked"])
async def test_killed_at_any_moment(house: House, moment: str) -> None:
    bridge = Killing(moment)
    house.outbox.device = identity(house.data_dir)
    await house.write(*("x" * 1_000 for _ in EVERYTHING))
    async with memory_bridge(bridge):
        for _ in range(2):
            with hearth_sync(house.data_dir, bridge.url) as running:
                bridge.kill = running.kill
                kills = bridge.kills
                with anyio.fail_after(60):
                    while bridge.kills == kills and bridge.numbers() != EVERYTHING:
                        await bridge.changed.wait()
        bridge.moment = "never"
        with hearth_sync(house.data_dir, bridge.url):
            await bridge.until(len(EVERYTHING))
    assert bridge.kills > 0
    assert bridge.numbers() == EVERYTHING


async def test_it_says_when_it_is_ready_and_stops_when_it_is_told_to(house: House, tmp_path: Path) -> None:
    import socket

    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(60)
    with notify, hearth_sync(house.data_dir, "ws://127.0.0.1:9", NOTIFY_SOCKET=str(tmp_path / "notify")) as running:
        assert await asyncio.to_thread(notify.recv, 100) == b"READY=1"
        assert not standing(house.data_dir).linked
        begun = time.monotonic()
        running.send_signal(signal.SIGTERM)
        await asyncio.to_thread(running.wait, 60)
        assert running.returncode == 0
        assert time.monotonic() - begun < 20.0
        told = iter(lambda: notify.recv(1000), b"STOPPING=1")
        assert all(each.startswith(b"STATUS=no link to the bridge") for each in told)
    assert not (house.data_dir / "sync.sock").exists()


async def test_only_one_runs_in_a_data_directory(house: House) -> None:
    async with house.syncing("ws://127.0.0.1:9"):
        with hearth_sync(house.data_dir, "ws://127.0.0.1:9") as second:
            _, said = await asyncio.to_thread(second.communicate)
        assert second.returncode == 1
        assert said.startswith("hearth-sync: hearth-sync runs already in")


# -- the link --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def cutting(url: str, after: list[int]) -> AsyncIterator[str]:
    """A relay that lets so many bytes of the device pass on each connection, and cuts it then; gives its address."""
    host, port = url.removeprefix("ws://").split(":")

    running: set[asyncio.Task[None]] = set()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        left = after.pop(0) if after else 2**40
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        back = asyncio.create_task(_carry(far_reader, writer))
        try:
            with suppress(OSError, asyncio.CancelledError):
                while left > 0 and (data := await reader.read(min(left, 4096))):
                    left -= len(data)
                    far_writer.write(data)
                    await far_writer.drain()
        finally:
            back.cancel()
            for each in (writer, far_writer):
                each.transport.abort()
            running.discard(task)

    server = await asyncio.start_server(attend, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in running:
            task.cancel()
        while running:
            await asyncio.sleep(0)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()


async def test_a_link_that_is_cut_in_every_part_of_a_frame(house: House) -> None:
    # In the request, in the greeting, in the head of a frame, and all through the batches.
    cuts = [*range(1, 400, 67), *range(400, 700, 31), *range(700, 3_000, 333)]
    async with memory_bridge() as bridge, cutting(bridge.url, cuts) as url:
        await house.write(*(os.urandom(20).hex() for _ in EVERYTHING))
        async with house.syncing(url):
            await bridge.until(len(EVERYTHING))
    assert cuts == []
    assert bridge.numbers() == EVERYTHING


class Odd(MemoryBridge):
    """Says more acknowledgements than it should."""

    more: tuple[int, ...] = ()

    def reached(self, moment: str) -> None:
        if moment == "acked":
            self.extra = [Ack(seq=number) for number in self.more]


@pytest.mark.parametrize(("more", "reconnects"), [((1, 1, 50), False), ((101,), True)])
async def test_acks_that_are_odd(house: House, more: tuple[int, ...], reconnects: bool) -> None:
    bridge = Odd()
    bridge.more = more
    await house.write(*("x" for _ in EVERYTHING))
    async with memory_bridge(bridge), house.syncing(bridge.url), house.local() as local:
        await bridge.until(len(EVERYTHING))
        if reconnects:
            await bridge.heard_many(Hello, 2)
            # What it was told of a future it has not believed.
            bridge.more = ()
        await linked(local)
        await house.write("one more")
        local.look()
        await bridge.until(len(EVERYTHING) + 1)
    assert bridge.numbers() == [*EVERYTHING, 101]


async def test_a_bridge_that_is_restored_gets_again_what_it_lost(house: House) -> None:
    await house.write(*("x" for _ in EVERYTHING))
    async with memory_bridge() as bridge, house.syncing(bridge.url):
        await bridge.until(len(EVERYTHING))
        ((who, events),) = bridge.stored.items()
        bridge.stored[who], bridge.epoch = events[:40], "restored"
        await bridge.cut()
        await bridge.until(len(EVERYTHING))
    assert bridge.numbers() == EVERYTHING


async def test_a_database_that_was_put_back_loses_nothing_of_what_comes_then(house: House, tmp_path: Path) -> None:
    await house.write("a", "b")
    before = (tmp_path / "before.db", house.data_dir / "hearthside.db")
    await house.database.read(lambda connection: connection.execute(f"VACUUM INTO '{before[0]}'"))
    async with memory_bridge() as bridge:
        await house.write("c", "d")
        async with house.syncing(bridge.url):
            await bridge.until(4)
        await house.database.read(lambda connection: _put_back(connection, before[0]))
        await house.write("e")
        async with house.syncing(bridge.url):
            await bridge.until(7)
    first, second = bridge.stored.values()
    assert [one.seq for one in first] == [1, 2, 3, 4]
    # Acknowledged only by what was forgotten: told again under the same ids, which the bridge knows.
    assert [one.id for one in second][:2] == [one.id for one in first][:2]
    assert [one.seq for one in second] == [1, 2, 3]


def _put_back(connection: apsw.Connection, file: Path) -> None:
    with connection.backup("main", apsw.Connection(str(file)), "main") as backup:
        backup.step()


# -- the disk --------------------------------------------------------------------------------------------------------


async def test_a_full_disk_is_said_and_what_is_there_goes_all_the_same(house: House) -> None:
    await house.write(*("x" * 200 for _ in EVERYTHING))
    pages = await house.database.read(lambda connection: connection.execute("PRAGMA page_count").get)
    await house.database.read(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())
    with pytest.raises(StorageError, match="full"):
        await house.write(*("y" * 4_000 for _ in range(20)))
    async with memory_bridge() as bridge, house.syncing(bridge.url) as daemon:
        await daemon._database.read(
            lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        )
        await bridge.until(len(EVERYTHING))
        await house.database.read(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchall())
        with anyio.fail_after(60):
            # It is written down when it ends, as far as it was acknowledged.
            while (acked := daemon._store._acked) is None or acked.seq < len(EVERYTHING):
                await anyio.sleep(0.01)
        await house.write("z")
    assert bridge.numbers()[:100] == EVERYTHING
    assert waiting(house.data_dir).acked >= 100


async def test_a_database_that_another_process_holds_does_not_stop_what_is_sent(house: House) -> None:
    holder = apsw.Connection(str(house.data_dir / "hearthside.db"))
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await linked(local)
        await house.write(*("x" for _ in EVERYTHING))
        holder.execute("BEGIN IMMEDIATE")
        await bridge.cut()
        await bridge.until(len(EVERYTHING))
        holder.execute("COMMIT")
    assert bridge.numbers() == EVERYTHING


# -- certificates ----------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str, begins: int, ends: int) -> tuple[Path, ssl.SSLContext]:
    """A certificate that is its own authority, valid from and until so many days from now, and a server with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=begins))
        .not_valid_after(now + datetime.timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


@pytest.mark.parametrize(
    ("name", "begins", "ends", "knows_it", "wrong"),
    [
        ("localhost", -1, 1, True, ""),
        ("localhost", -2, -1, True, "expired"),
        ("localhost", 1, 2, True, "not yet valid"),
        ("elsewhere", -1, 1, True, "Hostname mismatch"),
        ("localhost", -1, 1, False, "self-signed certificate"),
    ],
)
async def test_certificates(
    house: House,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    begins: int,
    ends: int,
    knows_it: bool,
    wrong: str,
) -> None:
    caplog.set_level(logging.INFO)
    public, context = certificate(tmp_path, name, begins, ends)
    credentials = DeviceCredentials(KEY, "bridge", client_context(public if knows_it else None))
    bridge = MemoryBridge()
    async with serve(bridge.attend, "localhost", 0, ssl=context, compression=None) as server:
        url = f"wss://localhost:{next(iter(server.sockets)).getsockname()[1]}"
        async with house.syncing(url, credentials), house.local() as local:
            if not wrong:
                await linked(local)
                return
            with anyio.fail_after(60):
                while wrong not in local.standing.error:
                    await anyio.sleep(0.01)
            # However often it is tried: one line.
            await anyio.sleep(0.2)
    assert bridge.heard == []
    assert len([record for record in caplog.records if "certificate" in record.getMessage()]) == 1


def _heard(bridge: MemoryBridge, kind: type[Message]) -> int:
    return len([message for message in bridge.heard if isinstance(message, kind)])


async def test_nothing_is_sent_twice_on_one_link(house: House) -> None:
    await house.write(*("x" for _ in EVERYTHING))
    async with memory_bridge() as bridge, house.syncing(bridge.url):
        await bridge.until(len(EVERYTHING))
    assert _heard(bridge, Events) == 1
