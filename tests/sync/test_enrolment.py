"""A device becomes one of a house: over HTTPS, by a code that a person carries."""

import datetime
import functools
from pathlib import Path

import anyio
import pytest
from sqlalchemy import func, select

from cloud_sync.client.bridge_file import Bridge as Kept
from cloud_sync.client.bridge_file import enrolled
from cloud_sync.client.enrolment import BridgeRefused, enrol, https
from cloud_sync.client.keys import FILE, device_key, public_of
from cloud_sync.protocol.enrolment import ALPHABET, plain
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.keys import signed, verify
from cloud_sync.server import tables
from cloud_sync.server.certificate import AUTHORITY, Certificate, self_made
from cloud_sync.server.identity import tables as identity_tables
from cloud_sync.server.identity.audit import lines
from cloud_sync.server.identity.enrolments import LIFE_MS, TRIES
from cloud_sync.server.identity.houses import USUAL, add_house
from edge.errors import StorageError
from tests.sync.bridges import Bridge, serving, store

pytestmark = pytest.mark.anyio


async def tell(board: Path, bridge: Bridge, code: str, **more: object) -> Kept:
    return await anyio.to_thread.run_sync(functools.partial(enrol, board, bridge.url, code, **more))


async def how_many_devices(bridge: Bridge) -> int:
    async with bridge.database.transaction() as connection:
        return int((await connection.execute(select(func.count()).select_from(tables.device))).scalar_one())


async def test_a_device_is_enrolled_and_its_signed_hello_is_believed(tmp_path: Path) -> None:
    board = tmp_path / "board"
    async with store(tmp_path) as bridge, serving(bridge):
        kept = await tell(board, bridge, (await bridge.code()).lower(), name="kitchen")
        assert (kept.house, kept.public) == (USUAL, bridge.signer.public)
        assert enrolled(board) == kept
        (known,) = await bridge.access.devices.known([kept.device])
        assert known is not None
        assert (known.house, known.role, known.revoked) == (USUAL, "device", False)
        hello = signed(device_key(board), kept.server, b"n" * 32, kept.device, "i1")
        verify(known.public_key, hello, kept.server, b"n" * 32, kept.device, "i1")
        with pytest.raises(ProtocolError, match="not signed"):
            verify(known.public_key, hello, kept.server, b"m" * 32, kept.device, "i1")
        actions = [line.action for line in await lines(bridge.database, USUAL)]
        assert actions == ["house.added", "enrolment.code", "device.enrolled"]


async def test_what_is_secret_stays_on_the_device(tmp_path: Path) -> None:
    board = tmp_path / "board"
    async with store(tmp_path) as bridge, serving(bridge):
        code = await bridge.code()
        await tell(board, bridge, code)
    assert (board / FILE).stat().st_mode & 0o777 == 0o600
    assert (board / "bridge.json").stat().st_mode & 0o777 == 0o600
    of_bridge = b"".join(file.read_bytes() for file in tmp_path.glob("bridge.db*"))
    assert public_of(device_key(board)) in of_bridge
    assert device_key(board).private_bytes_raw() not in of_bridge
    assert plain(code)[:8].encode() not in of_bridge


async def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    device_key(tmp_path)
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(StorageError, match="can be read by others"):
        device_key(tmp_path)
    (tmp_path / FILE).write_text("no key")
    (tmp_path / FILE).chmod(0o600)
    with pytest.raises(StorageError, match="is not a key"):
        device_key(tmp_path)


async def test_a_code_is_good_once_and_for_ten_minutes(tmp_path: Path) -> None:
    async with store(tmp_path) as bridge, serving(bridge):
        once, late = await bridge.code(), await bridge.code()
        await tell(tmp_path / "first", bridge, once)
        with pytest.raises(BridgeRefused, match="wrong, used or too old"):
            await tell(tmp_path / "second", bridge, once)
        bridge.clock.ms += LIFE_MS + 1
        with pytest.raises(BridgeRefused, match="too old"):
            await tell(tmp_path / "third", bridge, late)
        assert await how_many_devices(bridge) == 1
        assert enrolled(tmp_path / "second") is None


async def test_whoever_guesses_is_soon_not_listened_to_and_later_is_again(tmp_path: Path) -> None:
    board = tmp_path / "board"
    async with store(tmp_path) as bridge, serving(bridge):
        wrong = "0000-0000" + bridge.certificate.fingerprint()
        for _ in range(TRIES):
            with pytest.raises(BridgeRefused, match="wrong, used"):
                await tell(board, bridge, wrong)
        with pytest.raises(BridgeRefused, match="too many wrong codes"):
            await tell(board, bridge, await bridge.code())
        bridge.clock.ms += LIFE_MS + 1
        await tell(board, bridge, await bridge.code())


async def test_a_device_of_one_house_is_not_taken_into_another_nor_replaced(tmp_path: Path) -> None:
    board = tmp_path / "board"
    async with store(tmp_path) as bridge, serving(bridge):
        await add_house(bridge.database, bridge.access.audit, "other")
        kept = await tell(board, bridge, await bridge.code())
        with pytest.raises(BridgeRefused, match="another house"):
            await tell(board, bridge, await bridge.code("other"))
        (board / FILE).unlink()
        with pytest.raises(BridgeRefused, match="another key: revoke it first"):
            await tell(board, bridge, await bridge.code())
        await bridge.access.revocations.revoke_device(USUAL, kept.device)
        await tell(board, bridge, await bridge.code())
        (known,) = await bridge.access.devices.known([kept.device])
        assert known is not None
        assert (known.revoked, known.public_key) == (False, public_of(device_key(board)))
        assert not await bridge.access.revocations.revoked()


async def test_a_house_that_is_not_there_gets_no_code(tmp_path: Path) -> None:
    async with store(tmp_path) as bridge:
        with pytest.raises(ProtocolError, match="there is no house nowhere"):
            await bridge.access.enrolments.new_code("nowhere")
        async with bridge.database.transaction() as connection:
            assert (await connection.execute(select(identity_tables.enrolment))).all() == []


CERTIFICATES = {
    "of another authority": (["localhost"], datetime.timedelta(0), True),
    "of another host": (["elsewhere.example"], datetime.timedelta(0), False),
    "that is over": (["localhost"], datetime.timedelta(days=-400), False),
    "that is not yet good": (["localhost"], datetime.timedelta(days=400), False),
}


@pytest.mark.parametrize("which", CERTIFICATES)
async def test_no_code_is_told_to_a_bridge_with_a_certificate(tmp_path: Path, which: str) -> None:
    hosts, shift, of_another = CERTIFICATES[which]
    async with store(tmp_path) as bridge:
        folder = tmp_path / ("other" if of_another else "tls")
        for old in folder.glob("certificate.*"):
            old.unlink()
        wrong = self_made(folder, hosts, datetime.datetime.now(datetime.UTC) + shift)
        async with serving(bridge, certificate=wrong):
            # The board was told the authority: by the code, or by a file.
            for more in ({}, {"ca_file": tmp_path / "tls" / AUTHORITY}):
                code = (await bridge.code())[: 9 if more else None]
                with pytest.raises(BridgeRefused, match="certificate"):
                    await tell(tmp_path / "board", bridge, code, **more)
        assert await how_many_devices(bridge) == 0
        async with bridge.database.transaction() as connection:
            assert len((await connection.execute(select(identity_tables.enrolment))).all()) == 2


async def test_somebody_in_between_is_found_out_before_the_code_is_told(tmp_path: Path) -> None:
    async with store(tmp_path) as bridge:
        own = self_made(tmp_path / "evil", ["localhost", "127.0.0.1"])
        code = await bridge.code()
        bridge.certificate = own
        async with serving(bridge):
            with pytest.raises(BridgeRefused, match="its certificate is another one"):
                await tell(tmp_path / "board", bridge, code)
            with pytest.raises(BridgeRefused, match="a code of 24 characters"):
                await tell(tmp_path / "board", bridge, code[:9])
        assert await how_many_devices(bridge) == 0


def test_a_certificate_is_renewed_in_time_and_its_authority_stays(tmp_path: Path) -> None:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    first = self_made(tmp_path, ["localhost"], now)
    shown, fingerprint = first.chain.read_bytes(), first.fingerprint()
    assert self_made(tmp_path, ["localhost"], now + datetime.timedelta(days=100)).chain.read_bytes() == shown
    later = self_made(tmp_path, ["localhost"], now + datetime.timedelta(days=350))
    assert later.chain.read_bytes() != shown
    assert later.fingerprint() == fingerprint
    renewed = later.chain.read_bytes()
    assert self_made(tmp_path, ["localhost", "10.0.0.7"], now).chain.read_bytes() != renewed
    assert (tmp_path / "certificate.key").stat().st_mode & 0o777 == 0o600


def test_a_code_is_read_as_people_write_it() -> None:
    assert plain("k7qm-o3il") == "K7QM0311"
    assert plain(" K7QM 0311 ") == "K7QM0311"
    for wrong in ("", "K7QM", "K7QM-0311-9", "K7QM-031U", "K7QM-031!"):
        with pytest.raises(ProtocolError):
            plain(wrong)
    assert len(set(ALPHABET)) == 32


def test_a_certificate_of_ones_own_has_no_fingerprint_to_type(tmp_path: Path) -> None:
    made = self_made(tmp_path, ["localhost"])
    assert Certificate(made.chain, made.key).fingerprint() == ""


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://bridge.example:8443/", "https://bridge.example:8443"),
        ("wss://10.0.0.7:8443", "https://10.0.0.7:8443"),
        ("bridge.example:8443", "https://bridge.example:8443"),
        ("http://localhost:8443", "http://localhost:8443"),
        ("ws://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://bridge.example:8443", None),
        ("ws://10.0.0.7", None),
        ("ftp://localhost", None),
        ("https://", None),
        ("https://bridge.example/house", None),
    ],
)
def test_a_code_is_told_over_tls_or_on_this_machine(typed: str, address: str | None) -> None:
    if address is None:
        with pytest.raises(BridgeRefused, match="not the address of a bridge"):
            https(typed)
    else:
        assert https(typed) == address
