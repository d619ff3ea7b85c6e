"""What people do in a schedule, and what must have become of it: the eight promises, item by item."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import apsw
import msgspec

from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import Kind, Priority, decode, priority_of
from cloud_sync.protocol.messages import Ask
from cloud_sync.protocol.record import Change
from edge.devices import ActionReport, Confirmation, DeviceState
from edge.errors import StorageError
from edge.events import Reply, Timings, TurnEnded
from edge.intents import OutcomeKind
from edge.privacy.consent import How, Purpose
from tests.faults.board import Assistant, Board, at_once
from tests.faults.bridge import SimBridge, lost_of
from tests.faults.process import Killed

KINDS: Final = frozenset(Kind)
_SCARCE: Final = 1_000
"""Rows of an outbox in which there is room for little."""
_LATER: Final = "hologram"
"""A kind of event that a later program may know."""
_CONTENT: Final = {"event": "raw", "change": "raw", "register": "value"}


class Violation(AssertionError):
    """A promise was broken."""


class State(Enum):
    """What a person was told."""

    CONFIRMED = auto()
    REFUSED = auto()
    """Said aloud; whether anything of it is there does not matter."""
    CUT = auto()
    """Nothing was said: the assistant died over it."""


@dataclass(eq=False)
class Op:
    """Something that a person wanted kept."""

    what: str
    token: str
    house: str
    board: str
    removes: frozenset[str] = frozenset()
    """Tokens that are gone by it."""
    ids: frozenset[bytes] = frozenset()
    """Of the events that tell of it."""
    state: State = State.CUT
    expires_ms: int = 0


@dataclass
class Card:
    """What the disk of one board must hold, as far as the bridge need not."""

    held: dict[bytes, str] = field(default_factory=dict)
    """Ids of events that were committed, with their kinds."""
    ops: list[Op] = field(default_factory=list)
    """Confirmed on it."""

    def copy(self) -> "Card":
        return Card(dict(self.held), list(self.ops))


class Ledger:
    """All that was confirmed, and where it must be."""

    def __init__(self, bridge: SimBridge, chance: random.Random, trace: Callable[[str], None]) -> None:
        self.bridge, self.chance, self.trace = bridge, chance, trace
        self.ops: list[Op] = []
        self.cards: dict[str, Card] = {}
        self.stored: set[bytes] = set()
        """Ids that the store had when it was last looked at."""
        self.excused: dict[bytes, str] = {}
        """Events that no promise covers any more, and why."""
        self.numbers: dict[bytes, set[tuple[str, str, int]]] = {}
        """Of each event: (device, incarnation, number) under which it was ever kept."""
        self.unclear: list[Op] = []
        self.is_long_ago = False
        """More than 90 days have passed, by the clock of some board: tombstones may be purged."""
        self.denied: set[str] = set()
        """Boards that were once told not to send turns."""
        self._numbers = itertools.count(1)

    # -- what people do ------------------------------------------------------------------------------------------------

    def act(self, board: Board) -> None:
        """One thing, at ``board``, whose assistant is there."""
        assistant = board.assistant
        assert assistant is not None
        doings = (
            (self._turn, 5), (self._add, 6), (self._remove, 3), (self._complete, 1), (self._remember, 3), (self._forget, 2),
            (self._teach, 2), (self._unteach, 1), (self._question, 2), (self._telemetry, 1), (self._erase, 1), (self._deny, 0.5),
            (self._allow, 0.7), (self._poison, 0.4), (self._later, 0.4),
        )  # fmt: skip
        (doing,) = self.chance.choices([each for each, _ in doings], [weight for _, weight in doings])
        number = next(self._numbers)
        op = Op(doing.__name__[1:], f"{board.house}:{number}:{board.name}", board.house, board.name)
        try:
            work = doing(assistant, op)
        except (StorageError, Killed):
            return  # it only wanted to look
        if work is None:
            return
        self.ops.append(op)
        try:
            work()
        except StorageError:
            op.state = State.REFUSED
        except Killed:
            op.state = State.CUT
        else:
            op.state = State.CONFIRMED
            self.note(board, op)
        self.trace(f"{board.name}: {op.what} {op.token} {set(op.removes) or ''} {op.state.name.lower()}")

    def allow(self, board: Board) -> None:
        """Everything may leave the house: the first thing that is said to an assistant with a bridge."""
        assistant = board.assistant
        if assistant is None:
            return
        said = {each.purpose for each in at_once(assistant.consents.all()) if each.how}
        for purpose in Purpose:
            if purpose not in said:
                at_once(assistant.consents.say(purpose, How.CLI, yes=True))
        self.note(board)

    def note(self, board: Board, op: Op | None = None) -> None:
        """See which events are there now."""
        card = self.cards[board.name]
        waiting = board.waiting()
        new = {ident: kind for ident, kind in waiting.items() if ident not in card.held and kind != Kind.GAP}
        card.held |= new
        for at in board.numbered():
            if not at[-1]:
                continue
            self.numbers.setdefault(at[-1], set()).add((board.device, *at[:-1]))
        if op is not None:
            op.ids = frozenset(new)
            card.ops.append(op)
            self._came_of(board, op)

    def _came_of(self, board: Board, op: Op) -> None:
        """What no promise covers any more because somebody wanted it gone."""
        if op.what in ("erase", "forget"):
            for told in self.ops:
                if told.token in op.removes:
                    self.excused |= dict.fromkeys(told.ids, f"was to be forgotten by {op.token}")
        if op.what == "deny":
            self.denied.add(board.device)
            for ident in self._unsent(board):
                self.excused[ident] = f"was taken back by {op.token}"

    def _unsent(self, board: Board) -> list[bytes]:
        stored = self._in_store()
        held = self.cards[board.name].held
        return [ident for ident, kind in held.items() if kind == Kind.TURN and ident not in stored]

    def _turn(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        action = ActionReport("lamp", {"power": True}, Confirmation.CONFIRMED, 12, DeviceState())
        ended = TurnEnded(
            turn=self.chance.randbytes(8).hex(), at=0.0, text=op.token, language="en", intent=None, tier=None,
            confidence=1.0, outcome=OutcomeKind.DONE, actions=(action,), reply=Reply(text="x" * self.chance.randint(1, 300)),
            timings=Timings(), session="s",
        )  # fmt: skip
        return lambda: at_once(assistant.episodes.write(ended))

    def _telemetry(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        body = {"token": op.token}
        return lambda: at_once(
            assistant.storage.write(lambda connection: assistant.outbox.put(connection, Kind.TELEMETRY, body))
        )

    def _poison(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        """Something that the bridge can't apply."""
        kind, body = self.chance.choice(
            ((Kind.CHANGE, {"nonsense": op.token}), (Kind.CHANGE, [op.token]), (Kind.ERASE, {"turns": 5}),
             (Kind.CONSENT, {"purpose": 7}), (Kind.QUESTION, {"id": 9}))
        )  # fmt: skip
        return lambda: at_once(assistant.storage.write(lambda connection: assistant.outbox.put(connection, kind, body)))

    def _later(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        return lambda: at_once(
            assistant.storage.write(lambda connection: assistant.outbox.put(connection, _LATER, {"of": op.token}))
        )

    def _erase(self, assistant: Assistant, op: Op) -> Callable[[], object] | None:
        turns = at_once(assistant.episodes.between(0.0, float("inf")))
        if not turns:
            return None
        one = self.chance.choice(turns)
        op.removes = frozenset({one.text})
        return lambda: at_once(assistant.episodes.erase([one]))

    def _deny(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        return lambda: at_once(assistant.consents.say("history", How.VOICE, yes=False))

    def _allow(self, assistant: Assistant, op: Op) -> Callable[[], object] | None:
        if at_once(assistant.consents.allows("history")):
            return None
        return lambda: at_once(assistant.consents.say("history", How.VOICE, yes=True))

    def _add(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        return lambda: at_once(assistant.lists.add("shopping", [op.token]))

    def _remove(self, assistant: Assistant, op: Op) -> Callable[[], object] | None:
        items = at_once(assistant.lists.items("shopping"))
        if not items:
            return None
        some = self.chance.sample(items, min(len(items), self.chance.randint(1, 2)))
        op.removes = frozenset(item.text for item in some)
        return lambda: at_once(assistant.lists.remove(some))

    def _complete(self, assistant: Assistant, op: Op) -> Callable[[], object] | None:
        items = at_once(assistant.lists.items("shopping"))
        if not items:
            return None
        some = [self.chance.choice(items)]
        return lambda: at_once(assistant.lists.complete(some))

    def _remember(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        return lambda: at_once(assistant.facts.remember(op.token))

    def _forget(self, assistant: Assistant, op: Op) -> Callable[[], object] | None:
        facts = at_once(assistant.facts.all())
        if not facts:
            return None
        one = self.chance.choice(facts)
        op.removes = frozenset({one.text})
        return lambda: at_once(assistant.facts.forget([one]))

    def _teach(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        name = self.chance.choice(("evening", "morning"))
        op.removes = _taught(assistant, name)
        return lambda: at_once(assistant.routines.teach(name, [op.token]))

    def _unteach(self, assistant: Assistant, op: Op) -> Callable[[], object] | None:
        name = self.chance.choice(("evening", "morning"))
        op.removes = _taught(assistant, name)
        return (lambda: at_once(assistant.routines.forget(name))) if op.removes else None

    def _question(self, assistant: Assistant, op: Op) -> Callable[[], object]:
        life = self.chance.choice((20_000, 120_000, 3_600_000, 0))

        def work(connection: apsw.Connection) -> None:
            op.expires_ms = assistant.outbox.now_ms(connection) + life if life else 0
            assistant.questions.keep(connection, Ask(id=op.token, question=op.token, expires_ms=op.expires_ms))

        return lambda: at_once(assistant.storage.write(work))

    # -- what must hold at any time ------------------------------------------------------------------------------------

    def reopened(self, board: Board) -> None:
        """The assistant is there again: everything that was confirmed on this card is on it."""
        card, assistant = self.cards[board.name], board.assistant
        assert assistant is not None
        self._learn_what_was_cut(board, assistant)
        waiting, counts = board.waiting(), dict(board.rows("SELECT what, n FROM sync_count"))
        gone = card.held.keys() - waiting.keys() - self.bridge.backed_up - self.excused.keys()
        for ident in gone:
            kind = card.held[ident]
            if _may_go(kind) and counts.get(f"given_up.{kind}"):
                continue
            if kind == Kind.QUESTION and counts.get("expired"):
                continue
            has_reason = board.room.rows < _SCARCE or (kind == Kind.TURN and board.device in self.denied)
            if has_reason and ident in self._in_store():
                continue  # given up for want of room, or taken back before the ack came: the bridge has it
            raise Violation(f"{board.name}: {kind} {ident.hex()} is not in the file any more")
        here = _tokens(board)
        touched = {token for op in self.ops for token in op.removes}
        for op in card.ops:
            if op.what in ("add", "remember", "teach", "turn") and op.token not in here and op.token not in touched:
                raise Violation(f"{board.name}: {op.what} {op.token} was confirmed and is not in the file")
            if op.what == "question" and not self._is_kept(assistant, op):
                raise Violation(f"{board.name}: question {op.token} was confirmed and is not in the file")
        self.note(board)

    def _learn_what_was_cut(self, board: Board, assistant: Assistant) -> None:
        """The assistant died over something: now it is seen whether it was done."""
        for op in self.ops:
            if op.board != board.name or op.state is State.CONFIRMED or op in self.unclear:
                continue
            self.unclear.append(op)
            if op.what in ("erase", "forget", "deny"):
                self._came_of(board, op)

    def _is_kept(self, assistant: Assistant, op: Op) -> bool:
        return bool(
            assistant.storage.connection.execute("SELECT 1 FROM sync_question WHERE id = ?", (op.token,)).fetchall()
        )

    def _in_store(self) -> set[bytes]:
        return {row.id for row in self.bridge.rows()}

    def look_into_store(self) -> None:
        """What was there once, is there."""
        now = self._in_store()
        if missing := self.stored - now - self.excused.keys():
            raise Violation(f"the store has lost {[each.hex() for each in missing]}")
        self.stored = now

    # -- what is destroyed ---------------------------------------------------------------------------------------------

    def restored(self, ids: frozenset[bytes], boards: Sequence[Board]) -> None:
        """The store is an older one: what some backup had and this one has not, no device need have kept."""
        for ident in self.bridge.backed_up - ids:
            self.excused[ident] = "was in a later backup than the one that was restored"
        for board in (board for board in boards if board.room.rows < _SCARCE):
            # What is acknowledged goes first, and the bridge was all that had it.
            waiting = board.waiting().keys() if board.assistant is not None else set()
            for ident in (self.cards[board.name].held.keys() & self.stored) - ids - waiting:
                self.excused[ident] = "was acknowledged, and given up for want of room"
        self.stored = set(ids)

    # -- what must hold in the end -------------------------------------------------------------------------------------

    def required(self) -> dict[bytes, str]:
        """Events that must be in the store, with their kinds."""
        found = {row.id: row.kind for row in self.bridge.rows() if row.kind != Kind.GAP}
        for card in self.cards.values():
            found |= card.held
        return {ident: kind for ident, kind in found.items() if ident not in self.excused}

    def check(self, boards: list[Board]) -> dict[str, int]:
        """Everybody is online and has nothing to say. Returns what was counted."""
        self.look_into_store()
        for board in boards:
            self.reopened(board)
        rows, required = self.bridge.rows(), self.required()
        self._nothing_lost(rows, required, boards)
        self._nothing_twice(rows)
        self._nothing_strange(rows, boards)
        self._equal(boards)
        self._as_said(boards, required)
        self._told(boards)
        self._forgotten(boards, required)
        return {"events": len(rows), "confirmed": sum(op.state is State.CONFIRMED for op in self.ops)}

    def _of_erased_records(self, boards: list[Board]) -> set[bytes]:
        """Ids of changes that are kept on a board, of records that the bridge was told to forget."""
        records: set[tuple[str, str]] = set()
        for (body,) in self.bridge.query("SELECT body FROM erasure"):
            wish = msgspec.msgpack.decode(body)
            records |= {(kind, record) for kind, record in wish.get("records", ())} if isinstance(wish, dict) else set()
        found = set()
        for (raw,) in (row for board in boards for row in board.rows("SELECT event FROM sync_event")):
            # Some of them are damaged, or no changes at all: that is part of the schedule.
            with suppress(ProtocolError, msgspec.DecodeError):
                one = decode(raw)
                change = msgspec.msgpack.decode(one.body, type=Change)
                if (change.kind, change.record) in records:
                    found.add(one.id)
        return found

    def _nothing_lost(self, rows: list[Any], required: dict[bytes, str], boards: list[Board]) -> None:
        here = {row.id for row in rows}
        counted: Counter[str] = Counter()
        for row in rows:
            if row.kind == Kind.GAP:
                counted.update(lost_of(row))
        now_ms = max(board.wall_ms() for board in boards)
        expiry = {ident: op.expires_ms for op in self.ops if op.what == "question" for ident in op.ids}
        missing: Counter[str] = Counter()
        erased = self._of_erased_records(boards) if required.keys() - here else set()
        for ident, kind in required.items():
            if ident in here:
                continue
            if self._was_refused(ident, kind):
                continue
            if kind == Kind.QUESTION and expiry.get(ident, 0) > 0:
                missing["expired"] += 1
            elif _may_go(kind):
                missing[kind] += 1
            elif kind == Kind.CHANGE and ident in erased:
                # It was told again beside something else, and what it tells of was to be forgotten.
                continue
            else:
                ops = [op.token for op in self.ops if ident in op.ids]
                raise Violation(f"lost: {kind} {ident.hex()} {ops}")
        for what, n in missing.items():
            if counted[what] < n:
                raise Violation(f"{n} of {what} are gone, {counted[what]} are counted by gaps")
        del now_ms

    def _was_refused(self, ident: bytes, kind: str) -> bool:
        """The bridge has turned it away, by a no that it had heard before."""
        if kind != Kind.TURN or not self.denied:
            return False
        query = "SELECT device, incarnation, seq FROM dead WHERE code = 'consent'"
        refused = set(self.bridge.query(query))
        return any(at in refused and at[0] in self.denied for at in self.numbers.get(ident, ()))

    def _nothing_twice(self, rows: list[Any]) -> None:
        ids = Counter(row.id for row in rows if row.kind != Kind.GAP)
        if doubled := [ident for ident, n in ids.items() if n > 1]:
            where = [(row.device, row.incarnation, row.seq, row.kind) for row in rows if row.id in doubled]
            raise Violation(f"doubled: {where}")
        turns = Counter(_text(row.raw) for row in rows if row.kind == Kind.TURN and _text(row.raw))
        if doubled_turns := [token for token, n in turns.items() if n > 1]:
            raise Violation(f"doubled: {doubled_turns}")
        by_event = Counter(self.bridge.query("SELECT house, device, incarnation, seq FROM change"))
        if any(n > 1 for n in by_event.values()):
            raise Violation("a change has two numbers")

    def _nothing_strange(self, rows: list[Any], boards: list[Board]) -> None:
        house_of = {board.device: board.house for board in boards}
        for row in rows:
            if row.kind not in KINDS and row.kind != _LATER:
                raise Violation(f"an event of kind {row.kind} is stored: an action may come of it")
            if house_of[row.device] != row.house:
                raise Violation(f"{row.device} is not of {row.house}")
        for board in boards:
            for token in _tokens(board):
                if token.partition(":")[0] != board.house:
                    raise Violation(f"{board.name} has {token}, which is of another house")

    def _equal(self, boards: list[Board]) -> None:
        for house in sorted({board.house for board in boards}):
            fields = self.bridge.query(
                "SELECT kind, record, field, value, clock, device FROM register WHERE house = ? ORDER BY 1, 2, 3", house
            )
            tombs = self.bridge.query("SELECT kind, record FROM tombstone WHERE house = ? ORDER BY 1, 2", house)
            shown = None
            for board in (board for board in boards if board.house == house):
                if own := board.rows("SELECT kind, record, field FROM sync_field WHERE own_clock IS NOT NULL"):
                    raise Violation(f"{board.name} still has what the bridge has not passed on: {own}")
                here = board.rows("SELECT kind, record, field, value, clock, device FROM sync_field ORDER BY 1, 2, 3")
                _same(f"{board.name}: fields", here, fields)
                # Not their stamps: a store that was put back may believe a clock later than it did before.
                here = board.rows("SELECT kind, record FROM sync_tombstone ORDER BY 1, 2")
                if alien := set(here) - set(tombs):
                    raise Violation(f"{board.name} has tombstones that the store has not: {sorted(alien)[:3]}")
                if not self.is_long_ago and set(tombs) - set(here):
                    raise Violation(f"{board.name} lacks tombstones: {sorted(set(tombs) - set(here))[:3]}")
                now = board.shown()
                if shown is not None and now != shown:
                    raise Violation(f"{board.name} shows {now}, another {shown}")
                shown = now

    def _as_said(self, boards: list[Board], required: dict[bytes, str]) -> None:
        touched = {token for op in self.ops for token in op.removes}
        gone = {
            token
            for op in self.ops
            if op.state is State.CONFIRMED and op.ids <= required.keys()
            for token in op.removes
        }
        for board in boards:
            here = _shared_tokens(board)
            if back := here & gone:
                raise Violation(f"{board.name} shows {back}, which was deleted")
            for op in self.ops:
                wanted = op.what in ("add", "remember", "teach") and op.state is State.CONFIRMED
                if (
                    wanted and op.house == board.house and op.token not in touched
                    and op.ids <= required.keys() and op.token not in here
                ):  # fmt: skip
                    raise Violation(f"{board.name} does not show {op.what} {op.token}")

    def _forgotten(self, boards: list[Board], required: dict[bytes, str]) -> None:
        """What was to be forgotten is nowhere, and there is a receipt for it."""
        for board in boards:
            receipts = {ident for (ident,) in board.rows("SELECT id FROM sync_receipt")}
            for op in self.cards[board.name].ops:
                if op.what not in ("erase", "forget") or not op.ids <= required.keys():
                    continue
                proved = [ident.hex() in receipts for ident in op.ids]
                if not any(proved):
                    raise Violation(f"{board.name}: no receipt for {op.token}")
                for token in op.removes:
                    where = [
                        table
                        for table in ("event", "change", "register")
                        if self.bridge.query(
                            f"SELECT 1 FROM {table} WHERE instr({_CONTENT[table]}, CAST(? AS BLOB))", token.encode()
                        )
                    ]
                    here = board.rows("SELECT 1 FROM memory_turn WHERE text = ?", token)
                    if where or here:
                        raise Violation(f"{token} was to be forgotten, and is in {where or board.name}")

    def _told(self, boards: list[Board]) -> None:
        """Each question waits, is answered, or is said to have expired."""
        for board in boards:
            assistant = board.assistant
            assert assistant is not None
            connection, questions = assistant.storage.connection, assistant.questions
            late = (each.kept for each in questions.late(connection) if each.kept is not None)
            known = {each.id for each in (*questions.waiting(connection), *questions.expired(connection), *late)}
            for op in self.cards[board.name].ops:
                if op.what == "question" and op.token not in known:
                    raise Violation(f"{board.name}: nobody is told what became of {op.token}")


def _text(raw: bytes) -> str:
    """Of a turn; empty where it was forgotten."""
    try:
        said: str = msgspec.msgpack.decode(decode(raw).body).get("text", "")
    except (ProtocolError, msgspec.DecodeError):
        return ""
    return said


def _taught(assistant: Assistant, name: str) -> frozenset[str]:
    return frozenset(
        token
        for (sentences,) in assistant.storage.connection.execute(
            "SELECT sentences FROM routine WHERE name = ? AND NOT deleted", (name,)
        )
        for token in msgspec.json.decode(sentences)
    )


def _shared_tokens(board: Board) -> set[str]:
    """What its people see of what the house shares."""
    found = {text for (text,) in board.rows("SELECT text FROM list_item WHERE NOT deleted")}
    found |= {text for (text,) in board.rows("SELECT text FROM memory_fact WHERE forgotten IS NULL")}
    for (sentences,) in board.rows("SELECT sentences FROM routine WHERE NOT deleted"):
        found |= set(msgspec.json.decode(sentences))
    return found


def _tokens(board: Board) -> set[str]:
    return _shared_tokens(board) | {text for (text,) in board.rows("SELECT text FROM memory_turn")}


def _may_go(kind: str) -> bool:
    return priority_of(kind) is not Priority.KEPT


def _same(what: str, here: list[Any], there: list[Any]) -> None:
    if here != there:
        only_here, only_there = [x for x in here if x not in there], [x for x in there if x not in here]
        raise Violation(f"{what}: only here {only_here[:3]}, only in the store {only_there[:3]}")
