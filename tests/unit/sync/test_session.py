"""The device's side of a connection, message by message, in virtual time."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.client.local import Splitter, framed
from cloud_sync.client.session import LOST, UNANSWERED_S, Session, State
from cloud_sync.client.wishes import (
    Acked,
    Apply,
    Batch,
    BridgeTime,
    Deliver,
    Ended,
    Fork,
    Load,
    Place,
    Position,
    Token,
    Wish,
)
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.frames import MAX_FRAME, server_codec
from cloud_sync.protocol.messages import (
    DEAD_S,
    PING_S,
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
    Message,
    Nudge,
    Ping,
    Pong,
    Pull,
    Refused,
    Renewed,
    Taken,
    Welcome,
)

HERE = Position("device", "incarnation", last_seq=100, cursor=7, epoch="epoch")
CHALLENGE = Challenge(server="bridge", nonce=bytes(32), versions=(1, 1), time_ms=5)
WELCOME = Welcome(version=1, epoch="epoch", house="house", acked=10, window=100)


class Driven:
    """A session whose wishes are carried out by the test."""

    def __init__(self, versions: tuple[int, int] = (1, 1)) -> None:
        self.now = 0.0
        self.codec = server_codec()
        self.session = Session(HERE, self.sign, 0.0, random=lambda: 0.5, versions=versions)

    def sign(self, server: str, nonce: bytes, device: str, incarnation: str) -> bytes:
        if server != "bridge":
            raise ProtocolError(Code.WRONG_HOUSE, "another bridge")
        return b"signature"

    def hear(self, message: Message) -> list[Wish]:
        self.session.receive(self.codec.encode(message), self.now)
        return self.session.wishes()

    def said(self) -> list[Message]:
        found = []
        while (frame := self.session.outgoing()) is not None:
            found.append(self.codec.decode(frame))
        return found

    def wait(self, seconds: float) -> list[Wish]:
        self.now += seconds
        self.session.advance(self.now)
        return self.session.wishes()


def live(after: int = 10, window: int = 100) -> Driven:
    """After the greeting; the first pull was said, the first batch is wished for."""
    driven = Driven()
    driven.hear(CHALLENGE)
    driven.hear(replace_message(WELCOME, acked=after, window=window))
    driven.session.begin(after, 7, driven.now)
    driven.said()
    return driven


def replace_message(message: Message, **fields: object) -> Message:
    return msgspec.structs.replace(message, **fields)


def batch(last: int, size: int = 10) -> Batch:
    return Batch((msgspec.Raw(msgspec.msgpack.encode(last)),), last, size)


def test_the_house_goes_on_while_it_is_looked_up_where_to_begin() -> None:
    driven = Driven()
    driven.hear(CHALLENGE)
    driven.said()
    assert driven.hear(Nudge(cursor=8)) == []
    driven.hear(WELCOME)
    assert driven.hear(Nudge(cursor=9)) == []
    answer = Answer(id="a", text="late")
    assert driven.hear(answer) == [Deliver(answer)]
    assert driven.session.say(Taken(id="a"))
    assert driven.said() == [Taken(id="a")]
    driven.session.begin(10, 7, driven.now)
    assert driven.session.state is State.LIVE
    assert driven.said() == [Pull(cursor=7)]


def test_greeting() -> None:
    driven = Driven()
    assert driven.hear(CHALLENGE) == []
    (hello,) = driven.said()
    assert hello == Hello(
        device="device",
        incarnation="incarnation",
        versions=(1, 1),
        signature=b"signature",
        last_seq=100,
        cursor=7,
        epoch="epoch",
    )
    welcome = replace_message(WELCOME, time_ms=5, token="t", token_expires_ms=9)
    driven.now = 2.0
    assert driven.hear(welcome) == [BridgeTime(5, 2.0), Token("t", 9), Place(welcome)]
    assert not driven.session.live
    driven.session.begin(10, 8, driven.now)
    assert driven.session.wishes() == [Load(10, 100, alone=True)]
    assert driven.said() == [Pull(cursor=8)]


@pytest.mark.parametrize(
    ("ours", "theirs", "chosen", "goes_on"),
    [
        ((1, 1), (1, 1), 1, True),
        ((1, 2), (1, 1), 1, True),  # a bridge that is one version older
        ((1, 1), (1, 2), 1, True),  # newer
        ((2, 2), (1, 2), 2, True),
        ((1, 1), (2, 3), 2, False),
        ((2, 3), (1, 1), 1, False),
        ((1, 1), (1, 2), 2, False),  # it chooses one that was not offered
    ],
)
def test_versions(ours: tuple[int, int], theirs: tuple[int, int], chosen: int, goes_on: bool) -> None:
    driven = Driven(ours)
    wishes = driven.hear(replace_message(CHALLENGE, versions=theirs))
    wishes += driven.hear(replace_message(WELCOME, version=chosen))
    assert any(isinstance(wish, Place) for wish in wishes) is goes_on
    if not goes_on:
        (ended,) = [wish for wish in wishes if isinstance(wish, Ended)]
        assert ended.code == Code.VERSION


def test_another_bridge_gets_no_signature() -> None:
    driven = Driven()
    wishes = driven.hear(replace_message(CHALLENGE, server="somebody"))
    assert wishes == [Ended(Code.WRONG_HOUSE, "another bridge")]
    assert [type(message) for message in driven.said()] == [Bye]


@pytest.mark.parametrize("message", [WELCOME, Ack(seq=1), Changes(items=(), cursor=1), Delta(id="q", n=0, text="")])
def test_nothing_comes_before_the_challenge(message: Message) -> None:
    driven = Driven()
    (ended,) = driven.hear(message)
    assert isinstance(ended, Ended)
    assert ended.code == Code.MALFORMED
    assert driven.session.state is State.CLOSED


@pytest.mark.parametrize("message", [CHALLENGE, WELCOME])
def test_nothing_is_greeted_twice(message: Message) -> None:
    ended = live().hear(message)[-1]
    assert isinstance(ended, Ended)
    assert ended.code == Code.MALFORMED


@pytest.mark.parametrize(
    ("message", "ended"),
    [
        (
            Error(code="revoked", message="gone", permanent=True),
            Ended("revoked", "gone", permanent=True),
        ),
        (
            Error(code="internal", message="oh", retry_after_s=9.0),
            Ended("internal", "oh", retry_after_s=9.0),
        ),
        (Error(code="expired", message="old"), Ended("expired", "old")),
        (Bye(reason="restart", retry_after_s=3.0), Ended("", "restart", retry_after_s=3.0)),
    ],
)
@pytest.mark.parametrize("greeted", [True, False])
def test_how_the_bridge_ends_it(message: Message, ended: Ended, greeted: bool) -> None:
    driven = live() if greeted else Driven()
    driven.session.wishes()
    assert driven.hear(message) == [ended]
    assert driven.hear(Ack(seq=11)) == []


def test_events_go_while_the_window_allows_and_acks_move_it() -> None:
    driven = live(window=100)
    for last, size in ((20, 50), (30, 40)):
        (load,) = driven.session.wishes()
        assert isinstance(load, Load)
        driven.session.loaded(load.after, batch(last, size), driven.now)
        assert [type(message) for message in driven.said()] == [Events]
        driven.session.advance(driven.now)
    # 10 bytes are left: less than half a window is waited with.
    assert driven.session.wishes() == []
    assert driven.hear(Ack(seq=20)) == [Acked(20, 0), Load(30, 60, alone=False)]
    driven.session.loaded(30, None, driven.now)
    assert driven.hear(Ack(seq=30, watermark=25)) == [Acked(30, 25)]
    assert driven.session.idle


def test_acks_that_come_twice_or_late_say_nothing_new_and_one_of_the_future_is_refused() -> None:
    driven = live()
    driven.session.wishes()
    driven.session.loaded(10, batch(20), driven.now)
    driven.session.wishes()
    assert driven.hear(Ack(seq=15)) == [Acked(15, 0)]
    assert driven.hear(Ack(seq=15)) == []
    assert driven.hear(Ack(seq=12)) == []
    assert driven.hear(Ack(seq=15, watermark=900)) == [Acked(15, 15)]
    (ended,) = driven.hear(Ack(seq=21))
    assert isinstance(ended, Ended)
    assert ended.code == Code.MALFORMED


def test_what_is_small_never_waits_behind_a_batch() -> None:
    driven = live()
    driven.session.wishes()
    driven.session.loaded(10, batch(20), driven.now)
    driven.session.say(Ask(id="q", question="why?"))
    driven.wait(PING_S)
    assert [type(message) for message in driven.said()] == [Ask, Ping, Events]


def test_what_is_written_while_it_is_looked_is_not_missed() -> None:
    driven = live()
    assert driven.session.wishes() == [Load(10, 100, alone=True)]
    driven.session.look(driven.now)
    driven.session.loaded(10, None, driven.now)
    assert driven.session.wishes() == [Load(10, 100, alone=True)]
    driven.session.loaded(10, None, driven.now)
    assert driven.session.wishes() == []
    driven.session.look(driven.now)
    assert driven.session.wishes() == [Load(10, 100, alone=True)]


def test_an_event_that_fits_nowhere_waits_until_nothing_is_on_its_way() -> None:
    driven = live(window=100)
    driven.session.wishes()
    driven.session.loaded(10, batch(20, 40), driven.now)
    driven.said()
    driven.session.advance(driven.now)
    assert driven.session.wishes() == [Load(20, 60, alone=False)]
    driven.session.loaded(20, Batch((), 20, 0), driven.now)
    assert driven.session.wishes() == []
    assert not driven.session.idle
    assert driven.hear(Ack(seq=15)) == [Acked(15, 0)]
    assert driven.hear(Ack(seq=20)) == [Acked(20, 0), Load(20, 100, alone=True)]


def test_a_gap_is_filled_from_where_it_is_and_not_for_ever() -> None:
    driven = live()
    for _ in range(3):
        (load,) = driven.session.wishes()
        assert isinstance(load, Load)
        driven.session.loaded(load.after, batch(20), driven.now)
        driven.session.wishes()
        driven.session.receive(driven.codec.encode(Error(code="gap", message="", expected=6)), driven.now)
        assert driven.session.wishes() == [Load(5, 100, alone=True)]
        driven.session.look(driven.now)
        driven.session.loaded(5, batch(6), driven.now)
        driven.session.wishes()
        driven.session.receive(driven.codec.encode(Error(code="gap", message="", expected=6)), driven.now)
        if driven.session.state is State.CLOSED:
            return
    raise AssertionError("it goes on for ever")


def test_a_batch_that_was_read_before_a_gap_is_not_sent() -> None:
    driven = live()
    assert driven.session.wishes() == [Load(10, 100, alone=True)]
    driven.hear(Error(code="gap", message="", expected=6))
    driven.session.loaded(10, batch(20), driven.now)
    assert driven.session.wishes() == [Load(5, 100, alone=True)]
    assert driven.said() == []


def test_a_busy_bridge_gets_a_pause() -> None:
    driven = live()
    driven.session.wishes()
    driven.session.loaded(10, batch(11), driven.now)
    driven.said()
    assert driven.hear(Error(code="busy", message="", retry_after_s=9.0)) == []
    driven.hear(Ack(seq=11))
    assert driven.session.deadline() == 9.0
    assert driven.wait(8.9) == []
    assert driven.wait(0.2) == [Load(11, 100, alone=True)]


def test_a_busy_bridge_that_goes_is_given_its_pause_all_the_same() -> None:
    driven = live()
    driven.session.wishes()
    driven.hear(Error(code="busy", message="", retry_after_s=9.0))
    driven.session.lost(2.0)
    (ended,) = driven.session.wishes()
    assert isinstance(ended, Ended)
    assert (ended.code, ended.retry_after_s) == (LOST, 7.0)


def test_splay() -> None:
    driven = Driven()
    driven.hear(CHALLENGE)
    driven.hear(replace_message(WELCOME, splay_s=8.0))
    driven.session.begin(10, 7, driven.now)
    assert driven.session.wishes() == []
    assert driven.wait(3.9) == []
    assert driven.wait(0.2) == [Load(10, 100, alone=True)]


def test_a_fork_asks_for_a_new_incarnation() -> None:
    driven = Driven()
    driven.hear(CHALLENGE)
    driven.hear(WELCOME)
    driven.session.forked()
    first, second = driven.session.wishes()
    assert first == Fork()
    assert isinstance(second, Ended)
    wishes = live().hear(Error(code="fork", message="another"))
    assert [type(wish) for wish in wishes][-2:] == [Fork, Ended]


def test_a_link_that_is_silent_is_pinged_and_then_dead() -> None:
    driven = live()
    driven.session.wishes()
    driven.session.loaded(10, None, driven.now)
    assert driven.session.deadline() == PING_S
    assert driven.wait(PING_S) == []
    assert driven.said() == [Ping(n=1)]
    assert driven.hear(Pong(n=1, time_ms=77)) == [BridgeTime(77, 0.0)]
    driven.wait(PING_S)
    assert driven.said() == [Ping(n=2)]
    driven.wait(PING_S)
    assert driven.said() == [Ping(n=3)]
    (ended,) = driven.wait(DEAD_S - 2 * PING_S)
    assert isinstance(ended, Ended)
    assert ended.code == Code.TIMEOUT


def test_a_bridge_that_only_answers_pings_is_ill() -> None:
    driven = live()
    driven.session.wishes()
    driven.session.loaded(10, batch(11), driven.now)
    n = 0
    while driven.session.state is State.LIVE:
        n += 1
        driven.wait(PING_S)
        driven.hear(Pong(n=n))
        assert driven.now <= UNANSWERED_S + PING_S
    assert driven.now >= UNANSWERED_S


def test_a_greeting_that_stops_is_given_up() -> None:
    for heard in ([], [CHALLENGE], [CHALLENGE, WELCOME]):
        driven = Driven()
        for message in heard:
            driven.hear(message)
        (ended,) = [wish for wish in driven.wait(DEAD_S) if isinstance(wish, Ended)]
        assert ended.code == Code.TIMEOUT


def test_changes_are_pulled_page_by_page_and_after_each_nudge() -> None:
    driven = live()
    driven.session.wishes()
    page = Changes(items=(), cursor=9, more=True)
    assert driven.hear(page) == [Apply(page)]
    assert driven.hear(page) == []  # once more, and nobody asked
    assert driven.hear(Nudge(cursor=12)) == []
    driven.session.applied(9, driven.now)
    assert driven.said() == [Pull(cursor=9)]
    page = Changes(items=(), cursor=11)
    assert driven.hear(page) == [Apply(page)]
    driven.session.applied(11, driven.now)
    # The nudge came while a page was applied.
    assert driven.said() == [Pull(cursor=11)]
    page = Changes(items=(), cursor=12)
    driven.hear(page)
    driven.session.applied(12, driven.now)
    assert driven.said() == []
    driven.hear(Nudge(cursor=12))
    assert driven.said() == []
    driven.hear(Nudge(cursor=13))
    assert driven.said() == [Pull(cursor=12)]


def test_pages_without_end_are_asked_for_one_a_second() -> None:
    driven, pulled = live(), 1
    for cursor in range(8, 300):
        driven.hear(Changes(items=(), cursor=cursor, more=True))
        driven.session.applied(cursor, driven.now)
        if Pull(cursor=cursor) not in driven.said():
            break
        pulled += 1
    assert pulled == 201
    assert driven.session.deadline() <= driven.now + 1
    for _ in range(5):
        driven.wait(1.0)
        assert driven.said() == [Pull(cursor=cursor)]
        assert driven.session.deadline() > driven.now
        cursor += 1
        driven.hear(Changes(items=(), cursor=cursor, more=True))
        driven.session.applied(cursor, driven.now)
        assert driven.said() == []


def test_answers_and_the_rest_are_passed_on() -> None:
    driven = live()
    driven.session.wishes()
    for message in (Delta(id="q", n=0, text="a"), Answer(id="q", text="a")):
        assert driven.hear(message) == [Deliver(message)]
    assert driven.hear(Renewed(token="t", token_expires_ms=4)) == [Token("t", 4)]
    assert [type(wish).__name__ for wish in driven.hear(Refused(seq=3, code="malformed", message=""))] == ["PutAside"]


def test_nobody_is_asked_before_the_greeting_or_after_the_end() -> None:
    driven = Driven()
    assert not driven.session.say(Ask(id="q", question="why?"))
    driven = live()
    driven.session.leave("stopping")
    assert not driven.session.say(Ask(id="q", question="why?"))
    assert driven.said() == [Bye(reason="stopping")]


@given(st.binary(max_size=300))
def test_any_bytes_end_it_and_nothing_else(frame: bytes) -> None:
    driven = live()
    driven.session.wishes()
    driven.session.receive(frame, 0.0)
    for wish in driven.session.wishes():
        assert isinstance(wish, Ended | Deliver | Apply | Acked | BridgeTime | Token | Load | Fork)


def test_a_frame_cut_at_any_byte_is_refused() -> None:
    whole = server_codec().encode(Changes(items=(), cursor=2**40, more=True, snapshot=True))
    for cut in range(len(whole)):
        driven = live()
        driven.session.wishes()
        driven.session.receive(whole[:cut], 0.0)
        (ended,) = driven.session.wishes()
        assert isinstance(ended, Ended)
        assert ended.code == Code.MALFORMED


@given(st.lists(st.binary(max_size=60), max_size=6), st.data())
def test_local_frames_are_found_however_they_are_cut(frames: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(framed, frames))
    splitter, found, at = Splitter(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, len(stream) - at))
        found += splitter.feed(stream[at : at + size])
        at += size
    assert found == frames


def test_local_frames_cut_at_every_byte() -> None:
    stream = framed(b"one") + framed(b"") + framed(b"three")
    for cut in range(len(stream) + 1):
        splitter = Splitter()
        assert [*splitter.feed(stream[:cut]), *splitter.feed(stream[cut:])] == [b"one", b"", b"three"]


def test_a_local_frame_that_is_too_large_is_refused() -> None:
    with pytest.raises(ProtocolError, match="too_large"):
        list(Splitter().feed((MAX_FRAME + 2).to_bytes(4)))
