"""What the bridge and the device send each other, and what lets a device in."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.client.bridge_file import Bridge
from cloud_sync.client.enrolment import BridgeRefused, https
from cloud_sync.client.local import FromAssistant, Splitter, assistant_codec, daemon_codec, framed
from cloud_sync.client.session import Session as DeviceSession
from cloud_sync.client.session import State
from cloud_sync.client.wishes import Position
from cloud_sync.protocol import enrolment
from cloud_sync.protocol import event as events
from cloud_sync.protocol.enrolment import Enrol, Enrolled, LogIn, Problem, ProveIt, proven
from cloud_sync.protocol.erasure import About, is_deletion, subject_of, subjects
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import Kind
from cloud_sync.protocol.frames import MAX_FRAME, device_codec, server_codec
from cloud_sync.protocol.keys import signed
from cloud_sync.protocol.messages import (
    VERSIONS,
    Ack,
    Ask,
    Bye,
    Challenge,
    Changes,
    Events,
    Hello,
    Message,
    Numbered,
    Ping,
    Pull,
    Welcome,
)
from cloud_sync.protocol.record import Record, Stamp, merge
from cloud_sync.server import consents, erasures, fold
from cloud_sync.server import session as bridge
from cloud_sync.server.heavy.prompt import messages
from cloud_sync.server.identity.http import _decoded
from cloud_sync.server.ports import CannotApply, Identity, Received, Token
from tests.fuzz.mutate import PART
from tests.fuzz.parser import Parser

KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
IDENTITY: Final = Identity("d", "h", KEY.public_key().public_bytes_raw())
NONCE: Final = b"n" * 32
_MESSAGES: Final = 60
"""Of an entry that a session is given; a device that sends more is slowed down by its connection."""


def told(first: int, count: int) -> tuple[msgspec.Raw, ...]:
    """Events as the device writes them."""
    made = (events.event("d", "i", seq, "turn", seq << 16, {"n": seq}) for seq in range(first, first + count))
    return tuple(msgspec.Raw(events.encode(one)) for one in made)


HELLO: Final = Hello(
    device="d", incarnation="i", versions=VERSIONS, signature=signed(KEY, "s", NONCE, "d", "i"), last_seq=12
)
_UP: Final[Sequence[Message]] = (
    HELLO, Events(items=told(1, 4)), Pull(cursor=0, limit=100), Ask(id="1", question="why"), Ping(n=3), Bye(),
)  # fmt: skip
_DOWN: Final[Sequence[Message]] = (
    Challenge(server="s", nonce=NONCE, versions=VERSIONS, time_ms=1), Welcome(version=1, epoch="e", house="h", acked=0),
    Changes(items=tuple(Numbered(n=n, device="e", incarnation="j", event=told(n, 1)[0], clock=n) for n in (1, 2)), cursor=2, more=False),
    Ack(seq=3, watermark=1),
)  # fmt: skip


def _frame(message: Message) -> bytes:
    return b"\x00" + msgspec.msgpack.encode(message)


# A frame may hold PART: it goes between the frames as a byte that is doubled within.
def joined(frames: Sequence[bytes]) -> bytes:
    return PART.join(frame.replace(PART, b"\x1d") for frame in frames)


def frames(raw: bytes) -> None:
    """Either codec gives a message that it can write again, or says why not."""
    for codec in (server_codec(), device_codec(), assistant_codec(), daemon_codec()):
        try:
            message: Any = codec.decode(raw)  # type: ignore[attr-defined]
        except ProtocolError as error:
            error.message.encode("utf-8", "replace")
            continue
        codec.encode(message)  # type: ignore[attr-defined]
    assert server_codec().decode(server_codec().encode(HELLO)) == HELLO


def bridge_session(raw: bytes) -> None:
    """The bridge's end of a connection; who asks is known, and all that it wants is done at once."""
    session = bridge.Session(server_codec(), "s", NONCE, 0.0)
    _through(session, [_frame(HELLO), *raw.split(PART)])
    anew = bridge.Session(server_codec(), "s", NONCE, 0.0)
    assert _through(anew, [_frame(HELLO), _frame(Events(items=told(1, 2)))]) == 2


def _through(session: bridge.Session, sent: Sequence[bytes]) -> int:
    acked, pending = 0, list(session.opened(0))
    for one in sent[:_MESSAGES]:
        pending += session.received(one, 1.0, 1)
        while pending:
            match effect := pending.pop(0):
                case bridge.Identify():
                    pending += session.identified(IDENTITY)
                case bridge.Admit():
                    pending += session.admitted(bridge.Standing("e", acked), Token(), 0.0, 1)
                case bridge.Keep():
                    for each in effect.batch.events:
                        events.check("d", "i", each)
                        acked = max(acked, each.seq)
                    pending += session.kept(bridge.Kept(acked))
                case bridge.Fetch():
                    assert 1 <= effect.limit <= bridge.PAGE
                    pending += session.fetched(Changes(items=(), cursor=effect.cursor))
                case bridge.Say():
                    server_codec().encode(effect.message)
    return acked


def device_session(raw: bytes) -> None:
    """The device's end, whatever a bridge says."""
    session = DeviceSession(
        Position("d", "i", 12), lambda server, nonce, device, incarnation: b"s", 0.0, random=lambda: 0.5
    )
    now = 0.0
    for one in [_frame(_DOWN[0]), *raw.split(PART)][:_MESSAGES]:
        was_closed = session.state is State.CLOSED
        session.receive(one, now)
        now += 1.0
        session.advance(now)
        wishes = session.wishes()
        assert not (was_closed and wishes)
        while (said := session.outgoing()) is not None:
            server_codec().decode(said)


def bodies(raw: bytes) -> None:
    """What events of each kind say, once a device has logged in: as the bridge reads it before it writes it."""
    for kind in Kind:
        try:
            one = events.decode(events.encode(events.event("d", "i", 1, kind, 1 << 16, msgspec.Raw(raw))))
        except ProtocolError:
            continue
        received = Received("h", "d", "i", one, one.clock, 1)
        subject_of(one), is_deletion(one)
        with suppress(CannotApply):
            told = Stamp(1, "d")
            change = fold.readable(received)
            assert (
                merge(merge(Record(), change, told).record, change, told).record == merge(Record(), change, told).record
            )
            for value in change.fields.values():
                fold.encoded(fold.decoded(fold.encoded(value)))
        with suppress(CannotApply):
            consents.said(received)
        with suppress(ProtocolError):
            wanted = erasures.wanted_by(received)
            subjects(wanted.erase)
            assert len((msgspec.json.encode(wanted) + b"\n").splitlines()) == 1
            About(wanted)(one, "d", one.clock)
        with suppress(msgspec.DecodeError, RecursionError):
            messages(msgspec.msgpack.decode(raw, type=Ask), 3, tools=False)


def local(raw: bytes) -> None:
    """``sync.sock``: frames behind their lengths, cut anywhere."""
    splitter, codec = Splitter(), daemon_codec()
    with suppress(ProtocolError):
        for at in range(0, len(raw), 1000):
            for frame in splitter.feed(raw[at : at + 1000]):
                codec.decode(frame)
    asked: FromAssistant = Ask(id="1", question="x")
    assert [codec.decode(one) for one in Splitter().feed(framed(codec.encode(asked)))] == [asked]


def requests(raw: bytes) -> None:
    """What is posted to the bridge by whoever has no token yet: enrolment, a proof, a login."""
    for kind in (Enrol, ProveIt, LogIn):
        try:
            asked = _decoded(raw, kind)
            if isinstance(asked, Enrol):
                enrolment.plain(asked.code)
                proven(asked)
            if isinstance(asked, LogIn):
                enrolment.plain(asked.code)
        except ProtocolError as error:
            msgspec.json.encode(Problem(code=error.code.value, message=error.message))
    assert enrolment.plain("k7qm-93f4") == "K7QM93F4"


def answers(raw: bytes) -> None:
    """What a bridge answers to an enrolment, and what is kept of it; addresses and codes that people type."""
    for kind in (Enrolled, Problem, Bridge):
        with suppress(msgspec.DecodeError, RecursionError):
            msgspec.json.encode(msgspec.json.decode(raw, type=kind))
    text = raw.decode("utf-8", "replace")
    with suppress(ProtocolError):
        assert set(enrolment.plain(text)) <= set(enrolment.ALPHABET)
    try:
        address = https(text)
    except BridgeRefused as error:
        str(error).encode("utf-8", "replace")
    else:
        assert address.startswith("https://") or address.partition("://")[2].partition(":")[0] in (
            "localhost",
            "127.0.0.1",
        )
        assert "@" not in address
    assert https("wss://b.example:443") == "https://b.example:443"


def _enrol(**more: object) -> bytes:
    asked = {
        "code": "K7QM93F4",
        "device": "d",
        "public": IDENTITY.public_key,
        "signature": enrolment.proof(KEY, "K7QM93F4", "d"),
        "name": "x",
    }
    return msgspec.json.encode({**asked, **more})


_NAMES: Final = tuple(msgspec.msgpack.encode(name) for name in (
    "type", "hello", "events", "pull", "ask", "ping", "bye", "challenge", "welcome", "changes", "ack", "nudge", "error", "items", "seq", "cursor", "more",
    "snapshot", "clock", "covers", "checksum", "kind", "gap", "erase", "consent", "change", 0, -1, 2**63, 2**64 - 1, None, [], {}, b"", 1.5,
))  # fmt: skip

_BODIES: Final = (
    {"kind": "item", "record": "r", "fields": {"text": "milk", "n": 2**63, "done": True, "x": 1.5, "none": None}},
    {"kind": "item", "record": "r", "deleted": True},
    {"purpose": "answers", "allowed": True, "how": "voice"},
    {"turns": ["t", "u\u2028v"], "questions": ["q"], "records": [["item", "r"]], "since_ms": 1, "until_ms": 2**64 - 1},
    {"everything": True},
    {"type": "ask", "id": "q", "question": "?", "language": "de", "history": [{"said": "a", "answered": "b"}], "state": ["</home>"]},
    {"id": b"t" * 16, "text": "what was said"},
)  # fmt: skip
_WORDS: Final = ("fields", "record", "deleted", "purpose", "allowed", "turns", "questions", "records", "since_ms", "until_ms", "everything", "id", "question", "history", "state", "expires_ms")  # fmt: skip

PARSERS: Final = (
    Parser("sync.frame", "a frame of either direction, and of sync.sock", frames, [*map(_frame, (*_UP, *_DOWN)), server_codec().encode(Events(items=told(1, 12)))], _NAMES, largest=MAX_FRAME + 100),
    Parser("sync.bridge", "the bridge's end of a connection", bridge_session, [joined([*map(_frame, _UP[1:])]), joined([_frame(each)for each in _UP[1:3]])], _NAMES, largest=200_000),
    Parser("sync.device", "the device's end of a connection", device_session, [joined([*map(_frame, _DOWN)]), joined([*map(_frame, _DOWN[1:])])], _NAMES, largest=200_000),
    Parser("sync.bodies", "what events say, as the bridge reads it", bodies, [*map(msgspec.msgpack.encode, _BODIES)], (*_NAMES, *map(msgspec.msgpack.encode, _WORDS)), largest=64_000),
    Parser("sync.local", "sync.sock: the assistant's requests to hearth-sync", local, [framed(daemon_codec().encode(Ask(id="1", question="x" * 300))) * 2], _NAMES, largest=200_000),
    Parser("sync.requests", "enrolment, tokens, logins: as the bridge gets them", requests, [_enrol(), json.dumps({"device": "d", "nonce": "AAAA", "signature": "AAAA"}).encode(), b'{"code": "K7QM-93F4"}', b'{"refresh": "x"}'], (b'"code"', b'"public"', b'"signature"'), largest=64_000),
    Parser("sync.answers", "enrolment: as the device gets it, addresses, codes", answers, [b'{"server": "s", "public": "AAAA", "house": "h"}', b'{"code": "busy", "message": "m", "retry_after_s": 1}', b"https://bridge.example:443", b"http://localhost:8080", b"K7QM-93F4-AAAA-BBBB-CCCC-DDDD"], (b"https://", b"http://", b"@", b":", b"localhost", b"[::1]"), largest=64_000),
)  # fmt: skip
