"""What waits for the bridge: numbers, bounds, incarnations, damage, the clock."""

import itertools
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.client import incarnation, kept, outbox, queue
from cloud_sync.client.believed import FLOOR_MS, Anchor, Clocks, keep
from cloud_sync.client.counts import counts
from cloud_sync.client.kept import KeptQuestions
from cloud_sync.client.machine import machine
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.queue import Broken
from cloud_sync.client.room import Lost, Room
from cloud_sync.client.wishes import Batch
from cloud_sync.protocol.clock import ms_of, stamp
from cloud_sync.protocol.event import Event, Kind, check, decode, encode
from cloud_sync.protocol.messages import Answer, Ask, Welcome
from edge.database import _migrate, _transaction
from edge.errors import StorageError

NOON = 1_790_000_000_000
DAY = 86_400_000


class Board:
    """A database and the clocks beside it."""

    def __init__(
        self, room: Room | None = None, connection: apsw.Connection | None = None, name: str = "board"
    ) -> None:
        self.connection = connection or apsw.Connection(":memory:")
        self.wall, self.running, self.boot = NOON, 1_000, "first"
        self.clocks = Clocks(lambda: self.wall, lambda: self.running, lambda: self.boot)
        self.outbox = DatabaseOutbox("device", machine=name, room=room, clocks=self.clocks)
        for part, steps in ((outbox.PART, outbox.STEPS), (kept.PART, kept.STEPS)):
            _transaction(self.connection, lambda db, part=part, steps=steps: _migrate(db, part, steps), None)

    def put(self, kind: str = Kind.TURN, body: object = None) -> int:
        return _transaction(self.connection, lambda db: self.outbox.put(db, kind, body or {}), None)

    def write(self, work: object) -> object:
        return _transaction(self.connection, work, None)  # type: ignore[arg-type]

    @property
    def incarnation(self) -> str:
        return self.outbox.head(self.connection).incarnation

    def events(self) -> list[Event]:
        """All that is kept; each is what it says that it is, and no number is missing."""
        found = [decode(raw) for (raw,) in self.connection.execute("SELECT event FROM sync_event ORDER BY seq")]
        for before, after in itertools.pairwise(found):
            assert after.first == before.seq + 1
        for one in found:
            check("device", self.incarnation, one)
        return found

    def kinds(self) -> list[tuple[int, int, str]]:
        return [(one.first, one.seq, one.kind) for one in self.events()]

    def batch(self, after: int = 0, room: int = 65_536, *, alone: bool = True) -> Batch | Broken | None:
        here = queue.position(self.connection, self.outbox)
        now = self.outbox.now_ms(self.connection)
        return queue.batch(self.connection, here, after, room, alone=alone, now_ms=now)

    def all_sent(self) -> list[Event]:
        """What goes out, after what has to be seen to was seen to."""
        here, sent, after = queue.position(self.connection, self.outbox), [], 0
        while (found := self.batch(after)) is not None:
            if isinstance(found, Broken):
                self.write(lambda db, found=found: queue.repair(db, here, found))
            else:
                sent += [decode(raw) for raw in found.items]
                after = found.last
        return sent

    def ack(self, seq: int, watermark: int = 0) -> None:
        self.write(lambda db: queue.acknowledge(db, seq, watermark))

    def place(self, **welcome: object) -> int | None:
        given = {"version": 1, "epoch": "e", "house": "h", "acked": 0} | welcome
        here = queue.position(self.connection, self.outbox)
        welcome = Welcome(**given)  # type: ignore[arg-type]
        placed = queue.place(self.connection, here, welcome)
        if placed is not None and placed.is_new:
            self.write(lambda db: queue.settle(db, placed, welcome))
        return placed.after if placed is not None else None


@pytest.fixture
def board() -> Board:
    return Board()


def lost(one: Event) -> dict[str, int]:
    return msgspec.msgpack.decode(one.body, type=Lost).lost


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_numbers_have_no_gaps_and_what_is_undone_has_none(board: Board) -> None:
    board.put()
    with pytest.raises(ZeroDivisionError):
        board.write(lambda db: (board.outbox.put(db, "turn", {}), 1 / 0))
    board.put()
    assert [one.seq for one in board.events()] == [1, 2]


def test_numbers_and_stamps_go_on_when_all_was_acknowledged_and_thrown_away(board: Board) -> None:
    for _ in range(3):
        last = board.put()
    board.ack(3, watermark=3)
    assert board.events() == []
    board.wall -= DAY
    assert board.put() > last
    assert [one.seq for one in board.events()] == [4]


def test_acknowledged_events_are_kept_until_the_backup_has_them(board: Board) -> None:
    for _ in range(4):
        board.put()
    board.ack(3, watermark=1)
    assert [one.seq for one in board.events()] == [2, 3, 4]
    assert board.place(acked=3) == 3
    # The bridge was restored from the backup, and lacks what came after.
    assert board.place(acked=1, epoch="restored") == 1
    assert [one.seq for one in board.all_sent() if one.seq > 1] == [2, 3, 4]


def test_a_batch_is_no_larger_than_there_is_room_but_one_event_goes_in_any_case(board: Board) -> None:
    for _ in range(10):
        board.put(body={"text": "x" * 100})
    found = board.batch(room=500)
    assert isinstance(found, Batch)
    one = len(found.items[0])
    assert len(found.items) == found.last == 500 // (one + 3)
    assert found.size <= 500
    assert board.batch(room=10, alone=False) == Batch((), 0, 0)
    assert board.batch(after=10, room=10, alone=False) is None
    found = board.batch(room=10, alone=True)
    assert isinstance(found, Batch)
    assert len(found.items) == 1


def test_an_event_that_no_frame_holds_is_refused(board: Board) -> None:
    with pytest.raises(StorageError, match="too large"):
        board.put(body={"text": "x" * 600_000})


# -- bounds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waiting", "new", "left"),
    [
        # The least valuable goes first, the oldest of them before the others; a gap stands for each run of them.
        ("turn turn telemetry turn turn turn turn turn turn turn", "turn", "1- 2T 3- 4T 5T 6T 7T 8T 9T 10T 11T"),
        ("turn audio turn telemetry audio turn turn turn turn turn", "turn", "1T 2- 3T 4- 5A 6T 7T 8T 9T 10T 11T"),
        ("turn turn turn turn turn turn turn turn turn turn", "change", "1-2 3T 4T 5T 6T 7T 8T 9T 10T 11C"),
        ("change turn change turn change turn turn turn turn turn", "change", "1C 2- 3C 4- 5C 6T 7T 8T 9T 10T 11C"),
        # What is new goes itself where nothing that is worth less is there.
        ("turn turn turn turn turn turn turn turn turn turn", "telemetry", "1T 2T 3T 4T 5T 6T 7T 8T 9T 10T 11-"),
        ("change " * 10, "turn", "1C 2C 3C 4C 5C 6C 7C 8C 9C 10C 11-"),
    ],
)
def test_what_goes_when_it_is_full(waiting: str, new: str, left: str) -> None:
    board = Board(Room(rows=10))
    for kind in waiting.split():
        board.put(kind)
    board.put(new)
    short = {"turn": "T", "audio": "A", "change": "C", "gap": "-", "telemetry": "t"}
    found = []
    for first, last, kind in board.kinds():
        found.append(f"{first}-{last}" if last > first else f"{last}{short[kind]}")
    assert " ".join(found) == left


def test_what_may_not_go_is_refused_aloud_and_nothing_is_lost() -> None:
    board = Board(Room(rows=10))
    for _ in range(10):
        board.put(Kind.CHANGE)
    with pytest.raises(StorageError, match="no room for more that waits for the bridge: 10 entries"):
        board.put(Kind.CHANGE)
    assert [one.seq for one in board.events()] == list(range(1, 11))
    assert counts(board.connection) == {}
    board.ack(5)
    board.put(Kind.CHANGE)
    assert board.events()[-1].seq == 11


def test_what_the_bridge_has_goes_before_anything_is_lost() -> None:
    board = Board(Room(rows=10))
    for _ in range(10):
        board.put()
    board.ack(10)
    for _ in range(10):
        board.put()
    assert counts(board.connection) == {}
    assert board.events()[-1].seq == 20
    assert len(board.events()) <= 10


def test_bytes_are_bounded_like_rows() -> None:
    board = Board(Room(size=20_000))
    for number in range(300):
        board.put(body={"text": f"{number:0200}"})
    size = board.connection.execute("SELECT sum(length(event)) FROM sync_event").get
    assert size <= 20_000 + 100
    gap, *rest = board.events()
    assert gap.kind == Kind.GAP
    assert gap.covers + len(rest) == 300
    assert lost(gap) == {"turn": gap.covers}
    assert counts(board.connection) == {"given_up.turn": gap.covers}


def test_a_full_outbox_is_not_counted_over_and_over() -> None:
    board = Board(Room(rows=2_000))
    seen: list[str] = []
    for number in range(5_000):
        board.put(Kind.CHANGE if number % 3 == 0 and number < 1_500 else Kind.TURN)
        if number == 4_000:
            board.connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: seen.append(event["sql"]))
    counted = [sql for sql in seen if "count(*)" in sql]
    assert len(counted) <= 2
    assert len([one for one in board.events() if one.kind != Kind.GAP]) <= 2_000


def test_a_turn_reads_as_little_from_a_long_outbox_as_from_a_short_one() -> None:
    # min() and max() of one SELECT read the whole table: ten thousand events that waited added 12 ms to each turn.
    def steps(events: int) -> int:
        board = Board()
        board.write(lambda db: [board.outbox.put(db, "turn", {}) for _ in range(events)])
        return _steps(board, board.put)

    assert steps(3_000) < 2 * steps(3)


def _steps(board: Board, work: Callable[[], object]) -> int:
    """Instructions of SQLite's virtual machine, in tens."""
    count = 0

    def progress() -> bool:
        nonlocal count
        count += 1
        return False

    board.connection.set_progress_handler(progress, 10)
    work()
    board.connection.set_progress_handler(None)
    return count


def test_gaps_that_the_bridge_has_in_part_are_sent_in_part() -> None:
    board = Board(Room(rows=10))
    for _ in range(11):
        board.put()
    assert board.kinds()[0] == (1, 2, "gap")
    found = board.batch(after=1)
    assert isinstance(found, Batch)
    first = decode(found.items[0])
    assert (first.first, first.seq) == (2, 2)
    check("device", board.incarnation, first)
    # It has the id of the last event that it stands for, which the bridge may have under that number.
    assert first.id == board.events()[0].id


def test_giving_up_what_the_bridge_has_already_is_no_fork() -> None:
    board = Board(Room(rows=10))
    for _ in range(10):
        board.put()
    seventh = board.events()[6]
    for _ in range(9):
        board.put()
    # The bridge had got seven of them, and that was not written down here.
    assert board.place(acked=7, acked_id=seventh.id) == 7


# -- incarnations ------------------------------------------------------------------------------------------------------


def test_a_copied_card_begins_an_incarnation_and_tells_again_what_waits() -> None:
    board = Board()
    for number in range(5):
        board.put(body={"n": number})
    board.ack(2, watermark=2)
    before, old = board.events(), board.incarnation
    copy = Board(connection=board.connection, name="another board")
    assert copy.incarnation != old
    after = copy.events()
    assert [one.seq for one in after] == [1, 2, 3]
    assert [one.id for one in after] == [one.id for one in before]
    assert [one.clock for one in after] == [one.clock for one in before]
    again = Board(connection=board.connection, name="another board")
    assert again.incarnation == copy.incarnation
    assert copy.put() > before[-1].clock
    assert copy.place(acked=0) == 0


def test_a_machine_of_which_nothing_is_known_is_none_other(board: Board) -> None:
    board.put()
    old = board.incarnation
    assert Board(connection=board.connection, name="").incarnation == old
    assert board.incarnation == old


@pytest.mark.parametrize(
    ("serial", "card", "machine_id"), [("b", "c", "m"), ("a", "d", "m"), ("a", "c", "n"), ("a", None, "m")]
)
def test_what_tells_machines_apart(tmp_path: Path, serial: str, card: str | None, machine_id: str) -> None:
    def root(name: str, serial: str, card: str | None, machine_id: str) -> Path:
        files = {"proc/device-tree/serial-number": f"{serial}\0", "etc/machine-id": f"{machine_id}\n"}
        if card is not None:
            files["sys/block/mmcblk0/device/cid"] = f"{card}\n"
        for path, text in files.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
        return tmp_path / name

    one, other = machine(root("one", "a", "c", "m")), machine(root("other", serial, card, machine_id))
    assert len(one) == len(other) == 16
    assert one != other
    assert machine(tmp_path / "nothing is known") == ""


@pytest.mark.parametrize(
    ("welcome", "after"),
    [
        ({"acked": 0}, 0),
        ({"acked": 3}, 3),
        ({"acked": 6}, None),  # more than was ever given
        ({"acked": 3, "acked_id": b"another"}, None),
        ({"acked": 5, "acked_id": b"another"}, None),
        ({"acked": 0, "acked_id": b""}, 0),
    ],
)
def test_forks_are_seen(board: Board, welcome: dict[str, object], after: int | None) -> None:
    for _ in range(5):
        board.put()
    board.ack(4)
    assert board.place(**welcome) == after


def test_a_fork_is_seen_by_what_was_thrown_away(board: Board) -> None:
    for _ in range(5):
        board.put()
    fourth = board.events()[3].id
    board.ack(4, watermark=4)
    assert board.place(acked=4, acked_id=fourth) == 4
    assert board.place(acked=4, acked_id=b"another") is None


def test_a_new_epoch_counts_changes_anew(board: Board) -> None:
    board.place(epoch="one")
    board.connection.execute("UPDATE sync_link SET cursor = 9")
    board.place(epoch="one")
    assert queue.position(board.connection, board.outbox).cursor == 9
    board.place(epoch="two")
    assert queue.position(board.connection, board.outbox).cursor == 0


def test_an_incarnation_begins_with_gaps_and_damage_as_they_are() -> None:
    board = Board(Room(rows=10))
    for _ in range(12):
        board.put()
    board.connection.execute("UPDATE sync_event SET event = x'00' WHERE seq = 5")
    board.write(lambda db: incarnation.mint(db, "device"))
    # The damaged one is put aside when its turn comes: then it is also known what has to be told again.
    sent = board.all_sent()
    assert [(one.first, one.seq) for one in sent] == [(1, 2), *((seq, seq) for seq in range(3, 13))]
    assert [one.seq for one in sent if one.kind == "gap"] == [2, 5]
    assert board.connection.execute("SELECT event FROM sync_damaged").get == b"\0"


def test_an_incarnation_tells_again_what_is_in_no_backup() -> None:
    board = Board()
    for _ in range(5):
        board.put()
    before = [one.id for one in board.events()]
    board.write(lambda db: queue.acknowledge(db, 4, 2))
    board.write(lambda db: incarnation.mint(db, "device"))
    assert [(one.seq, one.id) for one in board.events()] == list(enumerate(before[2:], 1))


# -- what can't be sent as it is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE sync_event SET event = x'c1' WHERE seq = 3",
        "UPDATE sync_event SET event = substr(event, 1, 20) WHERE seq = 3",
        "UPDATE sync_event SET event = (SELECT event FROM sync_event WHERE seq = 2) WHERE seq = 3",
        "UPDATE sync_event SET event = CAST(replace(CAST(event AS TEXT), 'turn', 'tern') AS BLOB) WHERE seq = 3",
    ],
)
def test_damage_is_put_aside_and_the_rest_flows(board: Board, damage: str) -> None:
    for _ in range(5):
        board.put()
    board.connection.execute(damage)
    sent = board.all_sent()
    assert [(one.seq, one.kind) for one in sent] == [(1, "turn"), (2, "turn"), (3, "gap"), (4, "turn"), (5, "turn")]
    assert lost(sent[2]) == {"damaged": 1}
    assert counts(board.connection) == {"damaged": 1}
    assert board.connection.execute("SELECT count(*) FROM sync_damaged").get == 1


def test_what_is_missing_stops_nothing(board: Board) -> None:
    for _ in range(9):
        board.put()
    board.connection.execute("DELETE FROM sync_event WHERE seq IN (1, 2, 5, 6, 7)")
    assert [(one.first, one.seq, one.kind) for one in board.all_sent()] == [
        (1, 2, "gap"),
        (3, 3, "turn"),
        (4, 4, "turn"),
        (5, 7, "gap"),
        (8, 8, "turn"),
        (9, 9, "turn"),
    ]
    assert counts(board.connection) == {"missing": 5}


def test_what_is_not_wanted_there_any_more_is_taken_back(board: Board) -> None:
    for kind in ("turn", "change", "turn", "turn", "question"):
        board.put(kind)
    board.ack(1)
    assert board.write(lambda db: board.outbox.withdraw(db, ["turn", "question"])) == 3
    assert board.kinds() == [(1, 1, "turn"), (2, 2, "change"), (3, 5, "gap")]
    assert lost(board.events()[-1]) == {"withdrawn": 3}


# -- questions ---------------------------------------------------------------------------------------------------------


def test_questions_expire_and_that_is_known(board: Board) -> None:
    questions = KeptQuestions(board.outbox)
    for ident, expires in (("soon", NOON + 1_000), ("later", NOON + DAY), ("never", 0)):
        ask = Ask(id=ident, question=f"{ident}?", expires_ms=expires)
        board.write(lambda db, ask=ask: questions.keep(db, ask))
    board.wall += 2_000
    assert [each.id for each in questions.expired(board.connection)] == ["soon"]
    assert [each.question for each in questions.waiting(board.connection)] == ["later?", "never?"]
    sent = board.all_sent()
    assert [one.kind for one in sent] == ["gap", "question", "question"]
    assert msgspec.msgpack.decode(sent[1].body, type=Ask).id == "later"
    assert counts(board.connection) == {"expired": 1}
    board.write(lambda db: questions.told(db, "soon"))
    assert questions.expired(board.connection) == []


def test_an_answer_that_comes_late_is_kept_until_it_was_told(board: Board) -> None:
    questions = KeptQuestions(board.outbox)
    ask = Ask(id="q", question="why?", expires_ms=NOON + 1_000)
    board.write(lambda db: questions.keep(db, ask))
    answer = Answer(id="q", text="Because.")
    for _ in range(2):
        board.write(lambda db: kept.take(db, answer, NOON))
    board.wall += 2_000
    (late,) = questions.late(board.connection)
    assert late.answer == answer
    assert late.kept is not None
    assert late.kept.question == "why?"
    # What was answered has not expired, and waits no more.
    assert questions.expired(board.connection) == questions.waiting(board.connection) == []
    board.write(lambda db: questions.told(db, "q"))
    assert questions.late(board.connection) == []


# -- the clock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wall", "believed"),
    [
        (NOON + DAY, NOON + DAY),
        (NOON - DAY, NOON - DAY),
        (0, FLOOR_MS),  # no clock that runs while it is off
        (NOON + 10 * 365 * DAY, NOON),  # nobody leaves it off for so long
    ],
)
def test_what_is_believed_of_the_wall_clock(board: Board, wall: int, believed: int) -> None:
    before = board.put()
    board.wall = wall
    assert board.outbox.now_ms(board.connection) == believed
    after = board.put()
    assert after > before
    assert ms_of(after) == max(NOON, believed)


def test_the_bridge_puts_the_clock_right_until_it_is_right_or_the_machine_is_started_again(board: Board) -> None:
    board.wall = 0
    first = board.put()
    anchor = board.outbox.corrected(board.connection, NOON)
    assert anchor == Anchor(NOON - 1_000, "first")
    board.write(lambda db: keep(db, anchor))
    board.running += 5_000
    board.wall += 5_000
    assert board.outbox.now_ms(board.connection) == NOON + 5_000
    assert board.put() > first
    # It says the same again, or nearly so: nothing is written.
    assert board.outbox.corrected(board.connection, NOON + 6_000) is None
    board.boot = "second"
    assert board.outbox.now_ms(board.connection) == NOON + 5_000 or board.outbox.now_ms(board.connection) == FLOOR_MS
    board.boot = "first"
    board.wall = NOON + 7_000
    anchor = board.outbox.corrected(board.connection, NOON + 6_500)
    assert anchor == Anchor()
    board.write(lambda db: keep(db, Anchor()))
    assert board.outbox.now_ms(board.connection) == NOON + 7_000


def test_a_clock_that_is_right_is_left_alone(board: Board) -> None:
    assert board.outbox.corrected(board.connection, NOON + 59_000) is None
    assert board.outbox.corrected(board.connection, NOON - 61_000) == Anchor(NOON - 62_000, "first")


def test_stamps_never_go_back_when_the_clock_does(board: Board) -> None:
    stamps = []
    for wall in (NOON, NOON + DAY, NOON - 365 * DAY, 0, NOON):
        board.wall = wall
        stamps += [board.put(), board.put()]
    assert stamps == sorted(set(stamps))
    assert stamps[0] == stamp(NOON)


@given(
    st.lists(st.tuples(st.sampled_from(["turn", "audio", "telemetry", "change"]), st.integers(0, 300)), max_size=120),
    st.integers(3, 12),
    st.integers(500, 4_000),
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=3),
)
def test_whatever_is_given_up_numbers_stay_whole_and_everything_is_counted(
    written: list[tuple[str, int]], rows: int, size: int, acks: list[tuple[int, int]]
) -> None:
    board = Board(Room(rows, size))
    told = 0
    pending = dict(acks)
    for number, (kind, length) in enumerate(written):
        if number in pending and told:
            acked = min(pending[number], told)
            if acked > board.connection.execute("SELECT acked FROM sync_link").get:
                board.ack(acked)
        try:
            board.put(kind, {"x": "x" * length})
            told += 1
        except StorageError:
            assert kind == "change"
    events = board.events()
    acked = board.connection.execute("SELECT acked FROM sync_link").get
    if told:
        assert events[-1].seq == told
        # What is not acknowledged is there, or a gap stands for it.
        assert events[0].first <= acked + 1
    lost_here = sum(sum(lost(one).values()) for one in events if one.kind == Kind.GAP)
    assert lost_here == sum(one.covers for one in events if one.kind == Kind.GAP)
    assert lost_here <= sum(counts(board.connection).values())
    assert all(name.startswith("given_up.") and "change" not in name for name in counts(board.connection))
    left = [one for one in events if one.kind != Kind.GAP]
    assert len(left) <= rows
    assert sum(len(encode(one)) for one in left) <= size
