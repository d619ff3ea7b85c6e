"""What nobody sane would send: frames, events and whole conversations, for both ends. ``scripts/fuzz`` runs it for long,
the tests for a little.

Whatever comes in, neither machine raises anything; what the bridge would keep is contiguous and undamaged; and once a
connection has ended nothing more is said on it.
"""

import argparse
import itertools
import sys
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from cloud_sync.client.session import Session as DeviceSession
from cloud_sync.client.session import State as DeviceState
from cloud_sync.client.wishes import Position
from cloud_sync.protocol import event as events
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.frames import device_codec, server_codec
from cloud_sync.protocol.keys import signed
from cloud_sync.protocol.messages import (
    VERSIONS,
    Ack,
    Answer,
    Ask,
    Bye,
    Challenge,
    Changes,
    Delta,
    Error,
    Events,
    Hello,
    Nudge,
    Numbered,
    Ping,
    Pong,
    Pull,
    Refused,
    Taken,
    Welcome,
)
from cloud_sync.server import session as bridge
from cloud_sync.server.ports import Identity, Token

KEY = Ed25519PrivateKey.generate()
IDENTITY = Identity("d", "h", KEY.public_key().public_bytes_raw())
NONCE = b"n" * 32
NUMBERS = st.one_of(st.integers(0, 20), st.integers(-(2**63), 2**64 - 1))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.floats(), st.text(max_size=8), st.binary(max_size=20))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def told(first: int, count: int) -> list[bytes]:
    """Events as the device writes them."""
    return [
        events.encode(events.event("d", "i", seq, "turn", seq << 16, {"n": seq})) for seq in range(first, first + count)
    ]


TOLD = told(1, 12)
HELLO = Hello(device="d", incarnation="i", versions=VERSIONS, signature=signed(KEY, "s", NONCE, "d", "i"), last_seq=12)
UP = st.one_of(
    st.just(HELLO),
    st.builds(lambda first, count: Events(items=tuple(map(msgspec.Raw, TOLD[first : first + count]))), st.integers(0, 11), st.integers(0, 5)),
    st.builds(Pull, cursor=NUMBERS.filter(lambda n: n < 2**63), limit=st.integers(-1, 2_000)),
    st.builds(Ask, id=st.text(max_size=4), question=st.text(max_size=20)),
    st.builds(Taken, id=st.text(max_size=4)),
    st.builds(Ping, n=st.integers(0, 9)),
    st.just(Bye()),
)  # fmt: skip
PAGE = st.builds(
    lambda ns, more, snapshot: Changes(
        items=tuple(Numbered(n=n, device="e", incarnation="j", event=msgspec.Raw(TOLD[n % 12]), clock=n) for n in ns),
        cursor=max(ns, default=0), more=more, snapshot=snapshot,
    ),
    st.lists(st.integers(0, 30), max_size=4), st.booleans(), st.booleans(),
)  # fmt: skip
DOWN = st.one_of(
    st.just(Challenge(server="s", nonce=NONCE, versions=VERSIONS, time_ms=1)),
    st.builds(Welcome, version=st.integers(0, 2), epoch=st.text(max_size=2), house=st.just("h"), acked=st.integers(-1, 20)),
    st.builds(Ack, seq=NUMBERS, watermark=st.integers(0, 20)),
    st.builds(Refused, seq=NUMBERS, code=st.text(max_size=5), message=st.text(max_size=5)),
    PAGE,
    st.builds(Nudge, cursor=NUMBERS),
    st.builds(Delta, id=st.just("1"), n=st.integers(0, 3), text=st.text(max_size=5)),
    st.builds(Answer, id=st.just("1"), text=st.text(max_size=5)),
    st.builds(Pong, n=st.integers(0, 9)),
    st.builds(Error, code=st.text(max_size=8), message=st.text(max_size=5), expected=NUMBERS),
    st.just(Bye(retry_after_s=1.0)),
)  # fmt: skip


def _frames(messages: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    encoder = msgspec.msgpack.Encoder()
    whole = messages.map(lambda message: b"\x00" + encoder.encode(message))
    packed = messages.map(server_codec().encode)
    cut = st.builds(lambda frame, at: frame[: at % (len(frame) + 1)], whole, st.integers(0, 10_000))
    flipped = st.builds(_flipped, whole, st.integers(0, 10_000), st.integers(1, 255))
    odd = VALUES.map(lambda value: b"\x00" + _encoded(encoder, value))
    garbage = st.builds(
        lambda mark, rest: mark + rest, st.sampled_from([b"\x00", b"\x01", b""]), st.binary(max_size=60)
    )
    return st.one_of(whole, whole, packed, cut, flipped, odd, garbage)


def _flipped(frame: bytes, at: int, bits: int) -> bytes:
    at %= len(frame)
    return frame[:at] + bytes([frame[at] ^ bits]) + frame[at + 1 :]


def _encoded(encoder: msgspec.msgpack.Encoder, value: Any) -> bytes:
    try:
        return encoder.encode(value)
    except (OverflowError, UnicodeEncodeError):
        return b"\xc1"


@given(st.lists(_frames(UP), max_size=12), st.booleans(), st.lists(st.integers(0, 3), max_size=12))
def bridge_machine(frames: list[bytes], greets: bool, answers: list[int]) -> None:
    """The bridge's end: frames come in, its questions are answered now, later, or not at all."""
    session = bridge.Session(server_codec(), "s", NONCE, 0.0)
    session.opened(0)
    acked, pending = 0, []
    if greets:
        frames = [server_codec().encode(HELLO), *frames]
    for frame, choice in itertools.zip_longest(frames, answers[: len(frames)], fillvalue=0):
        assert isinstance(frame, bytes)
        pending += session.received(frame, 1.0, 1)
        while choice < 3 and pending:
            effect = pending.pop(0)
            match effect:
                case bridge.Identify():
                    pending += session.identified(IDENTITY)
                case bridge.Admit():
                    pending += session.admitted(bridge.Standing("e", acked), Token(), 0.0, 1)
                case bridge.Keep():
                    for one, raw in zip(effect.batch.events, effect.batch.raw, strict=True):
                        events.check("d", "i", one)
                        assert events.decode(raw) == one
                        assert one.first <= acked + 1
                        acked = max(acked, one.seq)
                    pending += session.kept(bridge.Kept(acked))
                case bridge.Fetch():
                    assert 1 <= effect.limit <= bridge.PAGE
                    pending += session.fetched(Changes(items=(), cursor=effect.cursor))
                case bridge.Say():
                    server_codec().encode(effect.message)
                case bridge.End():
                    assert not pending
                    assert session.has_ended
                    assert session.received(frame, 1.0, 1) == session.tick(1_000.0) == session.nudged(99) == []


@given(st.lists(_frames(DOWN), max_size=12), st.lists(st.integers(0, 30), max_size=12))
def device_machine(frames: list[bytes], moments: list[int]) -> None:
    """The device's end, which no bridge, however mad, may make fall over."""
    session = DeviceSession(
        Position("d", "i", 12), lambda server, nonce, device, incarnation: b"s", 0.0, random=lambda: 0.5
    )
    now = 0.0
    for frame, step in itertools.zip_longest(frames, moments[: len(frames)], fillvalue=0):
        assert isinstance(frame, bytes)
        was_closed = session.state is DeviceState.CLOSED
        session.receive(frame, now)
        now += step
        session.advance(now)
        wishes = session.wishes()
        assert not (was_closed and wishes)
        while (said := session.outgoing()) is not None:
            server_codec().decode(said)


@given(st.sampled_from(TOLD), st.integers(0, 10_000), st.integers(1, 255))
def damaged_event(raw: bytes, at: int, bits: int) -> None:
    """One bit more or less in an event is noticed, or is none that counts."""
    changed = _flipped(raw, at, bits)
    try:
        one = events.decode(changed)
        events.check("d", "i", one)
    except ProtocolError:
        return
    # A field under another name is one that is not known; what the event says is the same, or its default.
    assert one.checksum == events.decode(raw).checksum


@given(_frames(st.one_of(UP, DOWN)))
def any_frame(frame: bytes) -> None:
    """Either codec gives a message or says why not."""
    for codec in (server_codec(), device_codec()):
        try:
            codec.decode(frame)
        except ProtocolError:
            continue


TARGETS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (bridge_machine, device_machine, damaged_event, any_frame)
}


def run(name: str, examples: int, number: int) -> None:
    """Raises what the machine under test raised, with the smallest conversation that makes it do so."""
    quiet = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    seed(number)(quiet(TARGETS[name]))()


def main() -> None:
    """For a while, with other seeds each time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000, help="of each target, in a round")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each has the next")
    parser.add_argument("targets", nargs="*", default=list(TARGETS))
    given_ = parser.parse_args()
    for number in range(given_.seed, given_.seed + given_.rounds):
        for name in given_.targets:
            run(name, given_.examples, number)
            sys.stdout.write(f"{name}: {given_.examples} examples of seed {number}, nothing found\n")


if __name__ == "__main__":
    main()
