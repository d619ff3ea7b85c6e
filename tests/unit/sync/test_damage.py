"""Events that were damaged on the card stop nothing, and what they told of shared records is told again."""

import msgspec
import pytest

from cloud_sync.client.compose import End
from cloud_sync.client.erasing import DeviceErasures
from cloud_sync.client.session import Session, State
from cloud_sync.client.store import Store
from cloud_sync.client.wishes import Load, Position
from cloud_sync.protocol.event import decode, encode, renumbered
from cloud_sync.protocol.frames import device_codec, server_codec
from cloud_sync.protocol.messages import VERSIONS, Challenge, Changes, Pull, Welcome
from cloud_sync.protocol.record import Change
from tests.replicas import NOON, Assistant, Bridge, Clock, at_once


@pytest.fixture
def world() -> list[int]:
    return [NOON]


@pytest.fixture
def kitchen(world: list[int]) -> Assistant:
    return Assistant("kitchen", Clock(world))


def flip(assistant: Assistant, word: bytes) -> int:
    """A bit of the event that says ``word`` is another one. Returns its number."""
    ((seq, raw),) = assistant.rows("SELECT seq, event FROM sync_event WHERE instr(event, ?)", word)
    at = raw.index(word)
    rotten = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    assistant.connection.execute("UPDATE sync_event SET event = ? WHERE seq = ?", (rotten, seq))
    return int(seq)


@pytest.mark.parametrize("event", [b"", b"\xc1", b"\x80"])
def test_damage_keeps_nobody_from_forgetting(kitchen: Assistant, event: bytes) -> None:
    kitchen.add("milk")
    kitchen.connection.execute("UPDATE sync_event SET event = ? WHERE seq = 1", (event,))
    erasures = DeviceErasures(kitchen.outbox)
    kitchen.write(lambda connection: erasures.forget(connection, turns=["t"], time=(0.0, 1.0)))
    assert kitchen.rows("SELECT kind FROM sync_event ORDER BY seq DESC LIMIT 1") == [("erase",)]


def test_a_deletion_does_not_seal_what_is_damaged(kitchen: Assistant) -> None:
    kitchen.add("milk")
    seq = flip(kitchen, b"milk")
    kitchen.connection.execute("UPDATE list_item SET text = 'milk'")
    kitchen.remove("milk")
    assert kitchen.rows("SELECT event FROM sync_event WHERE seq = ?", seq) == [(b"",)]


def test_what_a_damaged_event_told_is_told_again(world: list[int], kitchen: Assistant) -> None:
    bedroom, bridge = Assistant("bedroom", Clock(world)), Bridge(world)
    kitchen.add("milk")
    flip(kitchen, b"milk")
    store = Store(kitchen.storage, kitchen.outbox, End(kitchen.outbox, kitchen.replica))
    at_once(store.position())
    batch = at_once(store.load(Load(0, 65_536, alone=True)))
    assert batch is not None
    told = [decode(raw) for raw in batch.items]
    assert "gap" in [one.kind for one in told]
    texts = [msgspec.msgpack.decode(one.body, type=Change).fields.get("text") for one in told if one.kind == "change"]
    assert texts.count("milk") == 1
    kitchen.connection.execute("DELETE FROM sync_event WHERE kind = 'gap'")
    for number, (raw,) in enumerate(kitchen.rows("SELECT event FROM sync_event ORDER BY seq"), 1):
        one = renumbered("kitchen", "again", number, decode(raw))
        bridge.receive("kitchen", "again", encode(one))
    kitchen.pull(bridge)
    bedroom.pull(bridge)
    assert bedroom.items() == ["milk"]
    assert kitchen.shown() == bedroom.shown()
    assert kitchen.known() == bedroom.known()


# -- a house that comes to share ---------------------------------------------------------------------------------------


def live() -> Session:
    session = Session(Position("d", "i"), lambda *_: b"", 0.0, random=lambda: 0.0)
    codec = server_codec()
    session.receive(codec.encode(Challenge(server="s", nonce=b"", versions=VERSIONS, time_ms=0)), 0.0)
    session.receive(codec.encode(Welcome(version=1, epoch="e", house="h", acked=0)), 0.0)
    session.wishes()
    session.begin(0, 0, 0.0)
    return session


def pulls(session: Session) -> list[int]:
    """The cursors that it asks for."""
    codec, found = server_codec(), []
    while (frame := session.outgoing()) is not None:
        if isinstance(message := codec.decode(frame), Pull):
            found.append(message.cursor)
    return found


def test_what_is_not_wanted_is_not_pulled_again_until_it_is() -> None:
    session = live()
    assert session.state is State.LIVE
    assert pulls(session) == [0]
    codec = device_codec()
    session.receive(codec.encode(Changes(items=(), cursor=7, more=True)), 1.0)
    session.applied(None, 1.0)
    assert pulls(session) == []
    session.want(2.0)
    assert pulls(session) == [0]
    session.receive(codec.encode(Changes(items=(), cursor=7)), 3.0)
    session.applied(7, 3.0)
    session.want(4.0)
    assert pulls(session) == []
