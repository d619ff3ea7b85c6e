"""The bridge's rules for one connection, message by message, without any I/O."""

import pytest

from cloud_sync.protocol import event as events
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.frames import server_codec
from cloud_sync.protocol.messages import (
    DEAD_S,
    Ack,
    Bye,
    Changes,
    Error,
    Events,
    FromDevice,
    Nudge,
    Ping,
    Pull,
    Refused,
    Welcome,
)
from cloud_sync.server.effects import Admit, Effects, End, Fetch, Identify, Keep, Kept, Say, Standing
from cloud_sync.server.ports import Identity, Token
from cloud_sync.server.session import HELLO_S, PAGE, Session
from tests.sync.fuzz import HELLO, IDENTITY, NONCE, TOLD

CODEC = server_codec()


def fresh() -> Session:
    """One that has said its challenge."""
    session = Session(CODEC, "s", NONCE, 0.0)
    session.opened(0)
    return session


def open_(acked: int = 0, cursor: int = 0) -> Session:
    """One that has welcomed the device."""
    session = fresh()
    hear(session, HELLO)
    session.identified(IDENTITY)
    session.admitted(Standing("e", acked, cursor=cursor), Token(), 0.0, 1)
    return session


def hear(session: Session, message: FromDevice, now: float = 1.0) -> Effects:
    """It is said."""
    return session.received(CODEC.encode(message), now, 1)


def batch(first: int, last: int) -> Events:
    """Events with these numbers."""
    return Events(items=tuple(map(events.msgspec.Raw, TOLD[first - 1 : last])))


def seqs(effects: Effects) -> list[int]:
    """What is to be kept."""
    return [one.seq for effect in effects if isinstance(effect, Keep) for one in effect.batch.events]


def said(effects: Effects) -> list[object]:
    """What is to be sent."""
    return [effect.message for effect in effects if isinstance(effect, Say)]


def test_greeting():
    session = fresh()
    assert hear(session, HELLO) == [Identify("d")]
    assert session.identified(IDENTITY) == [Admit(IDENTITY, HELLO)]
    assert session.identity is None
    welcome, nudge = said(session.admitted(Standing("e", 3, b"id", 2, 9), Token("t", 5), 0.5, 1))
    assert isinstance(welcome, Welcome)
    assert (welcome.acked, welcome.acked_id, welcome.watermark, welcome.token) == (3, b"id", 2, "t")
    assert nudge == Nudge(cursor=9)
    assert session.identity == IDENTITY


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        (None, Code.UNKNOWN_DEVICE),
        (Identity("d", "h", IDENTITY.public_key, revoked=True), Code.REVOKED),
        (Identity("d", "h", b"x" * 32), Code.BAD_SIGNATURE),
        (Identity("d", "h", b"too short"), Code.BAD_SIGNATURE),
    ],
)
def test_who_may_not_come_in(identity, code):
    session = fresh()
    hear(session, HELLO)
    error, end = session.identified(identity)
    assert isinstance(error, Say)
    assert isinstance(error.message, Error)
    assert (error.message.code, error.message.permanent, end) == (code, True, End(code))
    assert session.admitted(Standing("e"), Token(), 0.0, 1) == []


def test_what_comes_while_a_batch_is_on_its_way_is_kept_next():
    session = open_()
    assert seqs(hear(session, batch(1, 2))) == [1, 2]
    assert hear(session, batch(3, 4)) == hear(session, batch(5, 5)) == []
    effects = session.kept(Kept(2, watermark=1, refused=(Refused(seq=1, code="x", message=""),)))
    assert said(effects) == [Refused(seq=1, code="x", message=""), Ack(seq=2, watermark=1)]
    assert seqs(effects) == [3, 4, 5]
    assert session.kept(Kept(5)) == [Say(Ack(seq=5))]


def test_what_comes_again_is_handed_on_and_what_lies_beyond_is_refused():
    session = open_(acked=4)
    assert seqs(hear(session, batch(2, 5))) == [2, 3, 4, 5]
    [error] = said(hear(session, batch(8, 9)))
    assert isinstance(error, Error)
    assert (error.code, error.expected, session.has_ended) == (Code.GAP, 6, False)


def test_after_a_gap_in_the_store_nothing_that_waited_is_kept():
    session = open_(acked=4)
    hear(session, batch(5, 6))
    hear(session, batch(7, 8))
    gap = Error(code=Code.GAP, message="", expected=3)
    assert session.kept(Kept(2, error=gap)) == [Say(gap)]
    assert seqs(hear(session, batch(3, 8))) == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("code", "permanent", "ends"),
    [
        (Code.FORK, False, True),
        (Code.REVOKED, True, True),
        (Code.INTERNAL, False, True),
        (Code.GAP, False, False),
    ],
)
def test_what_the_store_refuses(code, permanent, ends):
    session = open_()
    hear(session, batch(1, 2))
    effects = session.kept(Kept(0, error=Error(code=code, message="")))
    [error] = said(effects)
    assert isinstance(error, Error)
    assert (error.permanent, session.has_ended) == (permanent, ends)


def test_one_page_at_a_time_and_a_snapshot_to_its_end():
    session = open_()
    assert hear(session, Pull(cursor=0, limit=9_999)) == [Fetch("h", "d", 0, PAGE, False)]
    assert hear(session, Pull(cursor=1)) == hear(session, Pull(cursor=2)) == []
    page = Changes(items=(), cursor=5, more=True, snapshot=True)
    assert session.fetched(page) == [Say(page), Fetch("h", "d", 2, 500, False)]
    session.fetched(page)
    assert hear(session, Pull(cursor=5)) == [Fetch("h", "d", 5, 500, True)]
    session.fetched(Changes(items=(), cursor=9, snapshot=True))
    assert hear(session, Pull(cursor=9)) == [Fetch("h", "d", 9, 500, False)]


def test_nobody_is_nudged_twice():
    session = open_(cursor=3)
    assert session.nudged(3) == []
    assert session.nudged(4) == [Say(Nudge(cursor=4))]
    assert session.nudged(4) == []
    hear(session, Pull(cursor=4))
    session.fetched(Changes(items=(), cursor=7))
    assert session.nudged(6) == []


@pytest.mark.parametrize(("session", "limit"), [(fresh(), HELLO_S), (open_(), DEAD_S + 1.0)])
def test_silence(session, limit):
    assert session.tick(limit - 0.1) == []
    *_, end = session.tick(limit)
    assert end == End(Code.TIMEOUT)


def test_a_word_is_enough_to_be_alive():
    session = open_()
    hear(session, Ping(n=1), now=40.0)
    assert session.tick(40.0 + DEAD_S - 0.1) == []


def test_after_the_end_nothing_is_said():
    session = open_()
    hear(session, batch(1, 2))
    assert session.bye("restarted", 2.0) == [Say(Bye(reason="restarted", retry_after_s=2.0)), End(None)]
    answers = (session.kept(Kept(2)), session.fetched(Changes(items=(), cursor=1)), session.revoked(), session.bye(""))
    assert answers == ([], [], [], [])
    assert hear(session, batch(3, 3)) == []
