"""Devices that were let in and mean harm: what they tell the bridge hits nobody but themselves."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import insert

from cloud_sync.protocol.event import Kind
from cloud_sync.protocol.messages import Ack, Answer
from cloud_sync.server.database import Database
from cloud_sync.server.heavy.tables import answer
from cloud_sync.server.settings import load
from tests.bridge import Device, bridge, connected, enrol

pytestmark = pytest.mark.anyio

_LARGEST: Final = 2**64 - 1
"""Of MessagePack; SQLite's are of 63 bits and a sign."""
BODIES: Final[tuple[tuple[Kind, Any], ...]] = (
    (Kind.QUESTION, {"type": "ask", "id": "q", "question": "?", "expires_ms": _LARGEST}),
    (Kind.QUESTION, {"type": "ask", "id": "\0", "question": "?", "expires_ms": -(2**63)}),
    (Kind.ERASE, {"turns": ["t"], "since_ms": 0, "until_ms": _LARGEST}),
    (Kind.ERASE, {"turns": ["t"], "since_ms": -(2**63), "until_ms": _LARGEST}),
    (Kind.ERASE, {"records": [["\0", "\0"], ["x" * 5000, "\u2028"]]}),
    (Kind.CONSENT, {"purpose": "answers", "allowed": True, "how": "\0" * 40}),
    (Kind.CONSENT, {"purpose": "\0", "allowed": True}),
    (Kind.CHANGE, {"kind": "item", "record": "r", "fields": {"n": _LARGEST, "nan": float("nan")}}),
    (Kind.CHANGE, {"kind": "item", "record": "r", "fields": {"n": -(2**63), "nan": float("inf")}}),
    (Kind.TURN, {"id": b"\xff" * 500}),
    (Kind.TURN, _LARGEST),
)


async def test_whatever_a_device_tells_the_bridge_goes_on_for_the_others(tmp_path: Path) -> None:
    other = Device("another house")
    async with bridge(tmp_path) as port:
        async with Database(load(None, {"data_dir": tmp_path}).url) as database:
            await enrol(database, other)
        for kind, body in BODIES:
            hostile = Device("a house")
            async with Database(load(None, {"data_dir": tmp_path}).url) as database:
                await enrol(database, hostile)
            async with connected(port, hostile) as (link, _):
                await link.tell(hostile.event(kind, body))
                while not isinstance(await link.next(), Ack):
                    pass
                await link.told(*hostile.turns(1))
            async with connected(port, other) as (link, _):
                await link.told(*other.turns(1))


async def test_an_answer_that_is_too_large_to_be_told_ends_nothing(tmp_path: Path) -> None:
    device, kept = Device("a house"), Answer(id="q", text="x" * 2_000_000)
    row = {"house": device.house, "device": device.name, "id": "q", "answer": msgspec.msgpack.encode(kept)}
    async with bridge(tmp_path) as port:
        async with Database(load(None, {"data_dir": tmp_path}).url) as database:
            await enrol(database, device)
            async with database.transaction(device.house) as connection:
                await connection.execute(insert(answer).values(row | {"at_ms": 1, "expires_ms": 2**50}))
                small = msgspec.msgpack.encode(Answer(id="r", text="Paris."))
                await connection.execute(
                    insert(answer).values(row | {"id": "r", "answer": small, "at_ms": 1, "expires_ms": 2**50})
                )
        async with connected(port, device) as (link, _):
            assert (await link.hear(Answer)).id == "r", "what comes after it is told"
            await link.told(*device.turns(1))
