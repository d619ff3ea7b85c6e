"""What one assistant changes, the others have: real stores on real databases, and a bridge that folds."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from cloud_sync.client import capture
from cloud_sync.client.leaving import has_shared, leave
from cloud_sync.client.shadow import load
from cloud_sync.client.shared import SHARED, TEXT, TEXT_OR_NOTHING, Table
from cloud_sync.protocol.clock import stamp
from cloud_sync.protocol.event import check, decode, encode, event
from cloud_sync.protocol.messages import Numbered
from cloud_sync.protocol.record import Change
from edge.act.skills.lists import store as lists
from edge.act.skills.routines import store as routines
from edge.database import _migrate
from edge.errors import StorageError
from edge.home import shared_names
from edge.memory import facts
from tests.replicas import ALL, NOON, NOTES, Assistant, Bridge, Clock, at_once, meet

DAY_MS = 86_400_000
LATER = 10_000


@pytest.fixture
def world() -> list[int]:
    return [NOON]


@pytest.fixture
def bridge(world: list[int]) -> Bridge:
    return Bridge(world)


@pytest.fixture
def kitchen(world: list[int]) -> Assistant:
    return Assistant("kitchen", Clock(world))


@pytest.fixture
def bedroom(world: list[int]) -> Assistant:
    return Assistant("bedroom", Clock(world))


def numbered(n: int, change: Change, at: int, device: str = "attic", **fields: object) -> Numbered:
    """As the bridge passes on what a device has changed."""
    made = event(device, "i", n, "change", at, fields.get("body", change))
    return Numbered(n=n, device=device, incarnation="i", event=msgspec.Raw(encode(made)), clock=at)


def taken(assistant: Assistant, *changes: Numbered, cursor: int = 0) -> None:
    assistant.write(lambda connection: assistant.replica.apply(connection, changes, cursor))


def told(assistant: Assistant) -> list[Change]:
    """What it has told the bridge, or will."""
    rows = assistant.rows("SELECT event FROM sync_event ORDER BY seq")
    return [msgspec.msgpack.decode(decode(raw).body, type=Change) for (raw,) in rows]


# -- lists, facts and routines of two ------------------------------------------------------------------------------------


def test_the_kitchen_shows_what_the_bedroom_added(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.add("milk")
    world[0] += LATER
    bedroom.add("eggs", "bread")
    meet(bridge, kitchen, bedroom)
    assert kitchen.items() == bedroom.items() == ["milk", "eggs", "bread"]
    assert at_once(kitchen.lists.names()) == ["shopping"]
    assert kitchen.known() == bedroom.known()


def test_what_comes_from_elsewhere_is_not_told_again(bridge: Bridge, kitchen: Assistant, bedroom: Assistant) -> None:
    kitchen.add("milk")
    meet(bridge, kitchen, bedroom)
    assert not bedroom.rows("SELECT * FROM sync_event")
    assert not bedroom.rows("SELECT * FROM sync_pending")
    assert [decode(raw).seq for (raw,) in kitchen.rows("SELECT event FROM sync_event")] == [1, 2]


def delete(assistant: Assistant) -> None:
    at_once(assistant.lists.delete("camping"))


def clear(assistant: Assistant) -> None:
    at_once(assistant.lists.clear("Camping"))


def remove(assistant: Assistant) -> None:
    assistant.remove("tent", "camping")


def complete(assistant: Assistant) -> None:
    at_once(assistant.lists.complete(at_once(assistant.lists.items("camping"))))


def add(assistant: Assistant) -> None:
    assistant.add("stove", name="camping")


def add_the_same(assistant: Assistant) -> None:
    assistant.add("Tent", name="camping")


def make(assistant: Assistant) -> None:
    at_once(assistant.lists.create("camping"))


def nothing(_: Assistant) -> None:
    """The other one is asleep."""


@pytest.mark.parametrize(
    ("here", "there", "names", "items"),
    [
        (nothing, nothing, ["camping"], ["tent"]),
        (delete, nothing, [], []),
        (delete, delete, [], []),
        (delete, add, ["camping"], ["stove"]),
        (delete, add_the_same, ["camping"], ["Tent"]),
        (delete, remove, [], []),
        (delete, complete, [], []),
        # It was there already: nothing was made, and so nothing stays.
        (delete, make, [], []),
        (clear, nothing, ["camping"], []),
        (clear, add, ["camping"], ["stove"]),
        (remove, complete, ["camping"], []),
        (remove, add_the_same, ["camping"], ["Tent"]),
        (complete, add_the_same, ["camping"], ["Tent"]),
        (add, add, ["camping"], ["tent", "stove"]),
        (add_the_same, add_the_same, ["camping"], ["tent"]),
    ],
)
def test_two_at_the_same_list(
    world: list[int],
    bridge: Bridge,
    kitchen: Assistant,
    bedroom: Assistant,
    here: Callable[[Assistant], None],
    there: Callable[[Assistant], None],
    names: list[str],
    items: list[str],
) -> None:
    kitchen.add("tent", name="camping")
    meet(bridge, kitchen, bedroom)
    world[0] += LATER
    here(kitchen)
    there(bedroom)
    meet(bridge, kitchen, bedroom)
    for one in (kitchen, bedroom):
        assert at_once(one.lists.names()) == names
        assert one.items("camping") == items
    assert kitchen.known() == bedroom.known()


@pytest.mark.parametrize("how", [delete, clear, remove])
def test_what_two_wrote_down_goes_as_one(
    bridge: Bridge, kitchen: Assistant, bedroom: Assistant, how: Callable[[Assistant], None]
) -> None:
    for one in (kitchen, bedroom):
        one.add("tent", name="camping")
    meet(bridge, kitchen, bedroom)
    assert kitchen.items("camping") == ["tent"]
    how(kitchen)
    assert kitchen.items("camping") == []
    meet(bridge, kitchen, bedroom)
    assert bedroom.items("camping") == []
    assert not bedroom.rows("SELECT * FROM list_item WHERE NOT deleted")


def test_a_list_that_was_deleted_can_be_made_again(bridge: Bridge, kitchen: Assistant, bedroom: Assistant) -> None:
    for _ in range(3):
        add(kitchen)
        meet(bridge, kitchen, bedroom)
        assert bedroom.items("camping") == ["stove"]
        delete(bedroom)
        meet(bridge, kitchen, bedroom)
        assert at_once(kitchen.lists.names()) == []


def test_of_one_topic_the_latest_holds_and_none_hides_behind_it(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    at_once(kitchen.facts.remember("Ann", "name"))
    world[0] += LATER
    at_once(bedroom.facts.remember("Bob", "name"))
    for one in (kitchen, bedroom):
        at_once(one.facts.remember("the key is under the mat"))
    meet(bridge, kitchen, bedroom)
    for one in (kitchen, bedroom):
        assert sorted(fact.text for fact in at_once(one.facts.all())) == ["Bob", "the key is under the mat"]
        name = at_once(one.facts.of("name"))
        assert name is not None
        assert name.text == "Bob"
    assert at_once(kitchen.facts.forget(at_once(kitchen.facts.all()))) == 2
    assert at_once(kitchen.facts.all()) == []
    meet(bridge, kitchen, bedroom)
    assert at_once(bedroom.facts.all()) == []


def test_a_routine_that_two_were_taught_is_the_later_one(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    at_once(kitchen.routines.teach("bedtime", ["turn off the light"]))
    world[0] += LATER
    at_once(bedroom.routines.teach("Bedtime", ["lock the door"]))
    meet(bridge, kitchen, bedroom)
    for one in (kitchen, bedroom):
        assert at_once(one.routines.load()) == {"Bedtime": ("lock the door",)}
    at_once(kitchen.routines.forget("bedtime"))
    assert at_once(kitchen.routines.load()) == {}
    meet(bridge, kitchen, bedroom)
    assert at_once(bedroom.routines.load()) == {}
    at_once(kitchen.routines.teach("bedtime", ["turn off the light"]))
    meet(bridge, kitchen, bedroom)
    assert at_once(bedroom.routines.load()) == {"bedtime": ("turn off the light",)}


def test_a_routine_of_elsewhere_is_told_from_one_that_was_taught_here(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    at_once(kitchen.routines.teach("bedtime", ["turn off the light"]))
    meet(bridge, kitchen, bedroom)
    assert at_once(kitchen.routines.from_elsewhere()) == set()
    assert at_once(bedroom.routines.from_elsewhere()) == {"bedtime"}
    at_once(bedroom.routines.agree("bedtime", ["turn on the light"]))
    assert at_once(bedroom.routines.from_elsewhere()) == {"bedtime"}, "that was not what it does"
    at_once(bedroom.routines.agree("bedtime", ["turn off the light"]))
    meet(bridge, kitchen, bedroom)
    assert at_once(bedroom.routines.from_elsewhere()) == set()
    kitchen.write(lambda connection: connection.execute("UPDATE routine SET sentences = '[\"unlock the door\"]'"))
    meet(bridge, kitchen, bedroom)
    assert at_once(bedroom.routines.load()) == {"bedtime": ("unlock the door",)}
    assert at_once(bedroom.routines.from_elsewhere()) == {"bedtime"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("routine", {"name": "bedtime", "sentences": "{not json", "created": 1.0}),
        ("routine", {"name": "bedtime", "sentences": "[" * 5_000, "created": 1.0}),
        ("routine", {"name": "bedtime", "sentences": '["x", 1]', "created": 1.0}),
        ("routine", {"name": "bedtime", "sentences": '["x"]', "created": 1e308}),
        ("list", {"name": "chores", "created": 2**64 - 1}),
        ("list", {"name": "x" * 30_000, "created": 1.0}),
        ("name", {"part": "device", "thing": "light.bed", "name": "Betty", "created": 1.0}),
        ("name", {"part": "name", "thing": "light.bed", "name": "x" * 121, "created": 1.0}),
        ("name", {"part": "name", "thing": "light.bed", "name": " ", "created": 1.0}),
    ],
)
def test_what_no_assistant_writes_is_not_shown(kind: str, fields: dict[str, Any]) -> None:
    table = next(table for table in SHARED if table.kind == kind)
    assert table.row(fields) is None


def test_more_than_anybody_tells_is_not_taken_in(bridge: Bridge, kitchen: Assistant, bedroom: Assistant) -> None:
    few = [dataclasses.replace(table, most=5) for table in SHARED]
    bedroom.replica._tables = {table.kind: table for table in few}
    for number in range(20):
        at_once(kitchen.routines.teach(f"routine {number}", ["turn off the light"]))
    meet(bridge, kitchen, bedroom)
    assert len(at_once(bedroom.routines.load())) == 5
    assert len(at_once(kitchen.routines.load())) == 20, "and it is not told that the others were deleted"
    # What is there already goes on, and what is told here has room.
    at_once(bedroom.routines.teach("bedtime", ["lock the door"]))
    at_once(kitchen.routines.forget("routine 0"))
    meet(bridge, kitchen, bedroom)
    assert len(at_once(kitchen.routines.load())) == 20
    assert {*at_once(bedroom.routines.load())} == {"bedtime", *(f"routine {number}" for number in range(1, 5))}


def test_each_keeps_vectors_of_its_own(bridge: Bridge, kitchen: Assistant, bedroom: Assistant) -> None:
    at_once(kitchen.facts.remember("the oven is new"))
    kitchen.write(lambda connection: connection.execute("UPDATE memory_fact SET vector = x'01'"))
    meet(bridge, kitchen, bedroom)
    assert kitchen.rows("SELECT vector FROM memory_fact") == [(b"\x01",)]
    assert bedroom.rows("SELECT vector FROM memory_fact") == [(None,)]
    assert len(told(kitchen)) == 1


# -- switching on and off ------------------------------------------------------------------------------------------------


def test_what_was_there_before_the_bridge_is_told_and_what_was_gone_is_not(world: list[int], bridge: Bridge) -> None:
    before = Assistant("kitchen", Clock(world), on=False)
    before.add("milk", "eggs")
    before.remove("eggs")
    at_once(before.facts.remember("the key is under the mat"))
    assert not before.rows("SELECT 1 FROM sqlite_schema WHERE type = 'trigger'")
    assert not has_shared(before.connection)
    before.switch_on()
    assert sorted(change.kind for change in told(before)) == ["fact", "item", "list"]
    other = Assistant("bedroom", Clock(world))
    meet(bridge, before, other)
    assert other.items() == ["milk"]
    assert other.shown() == before.shown()


def test_what_was_changed_while_there_was_no_bridge_is_told_afterwards(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.add("milk", "eggs")
    kitchen.note("n", "text", "old")
    meet(bridge, kitchen, bedroom)
    kitchen.storage.before_commit = None
    kitchen.write(capture.end)
    kitchen.write(lambda connection: connection.execute("DELETE FROM note"))
    assert capture.watching(kitchen.connection) == []
    kitchen.remove("milk")
    world[0] += LATER
    kitchen.add("bread")
    at_once(kitchen.lists.complete(at_once(kitchen.lists.items("shopping"))[:1]))
    kitchen.switch_on()
    meet(bridge, kitchen, bedroom)
    assert kitchen.items() == bedroom.items() == ["bread"]
    assert bedroom.rows("SELECT * FROM note") == []
    assert kitchen.known() == bedroom.known()


def test_what_is_deleted_while_there_is_no_bridge_leaves_nothing_and_is_told_afterwards(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.add("a secret", "milk")
    kitchen.note("n", "text", "a secret note")
    meet(bridge, kitchen, bedroom)
    taken(kitchen, numbered(9, Change(kind="note", record="part", fields={"place": "here"}), stamp(NOON)), cursor=9)
    kitchen.storage.before_commit = None
    kitchen.remove("a secret")
    kitchen.write(lambda connection: connection.execute("DELETE FROM note"))
    for _ in range(2):
        kitchen.write(lambda connection: leave(connection, "kitchen", ALL))
    assert not capture.watching(kitchen.connection)
    assert b"secret" not in kitchen.connection.serialize("main")
    before = len(told(kitchen))
    kitchen.switch_on()
    assert [change.deleted for change in told(kitchen)[before:]] == [True, True]
    meet(bridge, kitchen, bedroom)
    assert bedroom.items() == kitchen.items() == ["milk"]
    assert not bedroom.rows("SELECT * FROM note")
    assert b"secret" not in bedroom.connection.serialize("main")


def test_what_was_taken_back_with_the_consent_is_told_when_it_is_given_again(
    bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.add("milk", "eggs")
    kitchen.note("n", "text", "old")
    meet(bridge, kitchen, bedroom)
    kitchen.add("bread")
    kitchen.remove("milk")
    kitchen.note("n", "text", "new")
    for _ in range(2):
        kitchen.storage.before_commit = kitchen.replica.pause
        # What had not been sent is taken back: the numbers are given up.
        kitchen.write(lambda connection: connection.execute("DELETE FROM sync_event WHERE seq > ?", (kitchen.link[0],)))
        assert not capture.watching(kitchen.connection)
        kitchen.add("tea")
        assert not kitchen.waiting()
        kitchen.storage.before_commit = kitchen.replica.seal
        kitchen.add("salt")
    meet(bridge, kitchen, bedroom)
    assert sorted(bedroom.items()) == ["bread", "eggs", "salt", "tea"]
    assert bedroom.rows("SELECT text FROM note") == [("new",)]
    assert kitchen.shown() == bedroom.shown()
    assert kitchen.known() == bedroom.known()


def test_a_writer_that_tells_nothing_is_told_of_by_the_next(bridge: Bridge, kitchen: Assistant) -> None:
    kitchen.add("milk")
    meet(bridge, kitchen)
    kitchen.storage.before_commit = None
    kitchen.remove("milk")
    assert not told(kitchen)[-1].deleted
    kitchen.storage.before_commit = kitchen.replica.seal
    kitchen.write(lambda connection: None)
    assert told(kitchen)[-1].deleted


def test_the_tables_of_skills_are_as_they_are_declared() -> None:
    steps = {"lists": lists._STEPS, "memory.facts": facts._STEPS, "routines": routines._STEPS}
    steps["house.names"] = shared_names.STEPS
    connection = apsw.Connection(":memory:")
    for part, each in steps.items():
        _migrate(connection, part, each)
    for table in SHARED:
        assert table.since <= len(steps[table.part])
        columns = {
            name: (bool(needed), default)
            for _, name, _, needed, default, key in connection.execute(f"PRAGMA table_info({table.name})")
            if name != table.key or not key
        }
        assert table.fields.keys() | table.local.keys() | set(table.derived) <= columns.keys()
        must = {name for name, (needed, default) in columns.items() if needed and default is None}
        assert must <= {name for name, each in table.fields.items() if not each.optional} | table.local.keys()
        assert capture.read(connection, table, "none") is None


OLD_LISTS = """
    CREATE TABLE list (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE list_item (id TEXT PRIMARY KEY, list TEXT NOT NULL REFERENCES list (id), text TEXT NOT NULL,
        created REAL NOT NULL, changed REAL NOT NULL, completed INTEGER NOT NULL DEFAULT 0,
        deleted INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX list_item_open ON list_item (list, completed, deleted);
    CREATE TABLE schema_part (part TEXT PRIMARY KEY, version INTEGER NOT NULL);
    INSERT INTO schema_part VALUES ('lists', 3), ('routines', 1);
    INSERT INTO list VALUES ('L1', 'shopping', 1, 1, 0), ('L2', 'old', 1, 1, 1);
    INSERT INTO list_item VALUES ('I1', 'L1', 'milk', 1, 1, 0, 0), ('I2', 'L1', 'eggs', 2, 2, 1, 0),
        ('I3', 'L1', '', 1, 1, 0, 1), ('I4', 'L2', '', 1, 1, 0, 1);
    CREATE TABLE routine (id TEXT PRIMARY KEY, name TEXT NOT NULL, sentences TEXT NOT NULL, created REAL NOT NULL,
        changed REAL NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
    INSERT INTO routine VALUES ('R1', 'bedtime', '["lock the door"]', 1, 1, 0), ('R2', '', '[]', 1, 1, 1);
"""


def test_a_database_of_before_goes_on(tmp_path: Path, world: list[int], bridge: Bridge) -> None:
    connection = apsw.Connection(str(tmp_path / "db"))
    connection.execute(OLD_LISTS)
    connection.close()
    # hearth-sync may be there before the assistant, and waits for the tables as they are to be.
    one = Assistant("kitchen", Clock(world), tmp_path / "db", loaded=False)
    assert not told(one)
    one.load()
    assert one.items() == ["milk"]
    assert at_once(one.lists.names()) == ["shopping"]
    assert one.rows("SELECT text, completed FROM list_item ORDER BY text") == [("eggs", 1), ("milk", 0)]
    assert at_once(one.routines.load()) == {"bedtime": ("lock the door",)}
    assert not {"L1", "R1"} & {change.record for change in told(one)}
    other = Assistant("bedroom", Clock(world))
    meet(bridge, one, other)
    assert other.shown() == one.shown()


# -- stamps --------------------------------------------------------------------------------------------------------------


def test_a_clock_that_is_a_day_ahead_does_not_win_for_a_day(
    world: list[int], bridge: Bridge, bedroom: Assistant
) -> None:
    fast = Assistant("attic", Clock(world, DAY_MS))
    fast.note("n", "text", "by the fast clock")
    meet(bridge, fast, bedroom)
    world[0] += LATER
    bedroom.note("n", "text", "by the right clock")
    bedroom.push(bridge)
    fast.pull(bridge)
    for one in (fast, bedroom):
        assert one.rows("SELECT text FROM note") == [("by the right clock",)]
    assert fast.rows("SELECT value FROM sync_lost") == [(msgspec.msgpack.encode("by the fast clock"),)]
    # What is said there afterwards is later than what is known there.
    world[0] += LATER
    fast.note("n", "text", "again")
    meet(bridge, fast, bedroom)
    assert bedroom.rows("SELECT text FROM note") == [("again",)]
    assert fast.known() != []
    assert fast.known() == bedroom.known()


def test_a_clock_that_is_a_year_behind_still_has_the_last_word(
    world: list[int], bridge: Bridge, bedroom: Assistant
) -> None:
    slow = Assistant("attic", Clock(world, -365 * DAY_MS))
    bedroom.note("n", "text", "first")
    meet(bridge, bedroom, slow)
    slow.note("n", "text", "then")
    meet(bridge, bedroom, slow)
    assert bedroom.rows("SELECT text FROM note") == slow.rows("SELECT text FROM note") == [("then",)]


def test_what_is_later_is_shown_although_ones_own_is_still_on_its_way(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.note("n", "text", "earlier")
    world[0] += LATER
    bedroom.note("n", "text", "later")
    bedroom.push(bridge)
    kitchen.pull(bridge)
    assert kitchen.rows("SELECT text FROM note") == [("later",)]
    meet(bridge, kitchen, bedroom)
    assert bedroom.rows("SELECT text FROM note") == [("later",)]


def test_a_word_of_ones_own_that_comes_back_does_not_undo_a_later_one(
    world: list[int], bridge: Bridge, kitchen: Assistant
) -> None:
    kitchen.note("n", "text", "first")
    kitchen.push(bridge)
    world[0] += LATER
    kitchen.note("n", "text", "second")
    kitchen.pull(bridge)
    assert kitchen.rows("SELECT text FROM note") == [("second",)]


# -- what can't be understood --------------------------------------------------------------------------------------------


def test_kinds_and_fields_of_a_later_version_are_kept_until_they_are_known(
    world: list[int], kitchen: Assistant
) -> None:
    lamp = numbered(1, Change(kind="lamp", record="l", fields={"colour": "red"}), stamp(NOON))
    note = numbered(
        2, Change(kind="note", record="n", fields={"text": "x", "place": None, "shape": "round"}), stamp(NOON)
    )
    taken(kitchen, lamp, note)
    assert kitchen.rows("SELECT * FROM note") == [("n", "x", None)]
    lamps = Table("lamp", "lamp", "lamps", 1, {"colour": TEXT})
    notes = Table("note", "note", "notes", 2, {**NOTES.fields, "shape": TEXT_OR_NOTHING})
    newer = Assistant.again(kitchen, (*SHARED, notes, lamps))
    kitchen.note("n", "place", "here")
    at_once(newer.storage.migrate("lamps", ["CREATE TABLE lamp (id TEXT PRIMARY KEY, colour TEXT NOT NULL)"]))
    steps = ["", "ALTER TABLE note ADD COLUMN shape"]
    at_once(newer.storage.migrate("notes", steps))
    assert newer.rows("SELECT * FROM lamp") == [("l", "red")]
    assert newer.rows("SELECT text, place FROM note") == [("x", "here")]
    assert load(newer.connection, "kitchen", "note", "n").values == {"text": "x", "place": "here", "shape": "round"}
    assert [change.fields for change in told(newer)] == [{"place": "here"}]


OTHER = Change(kind="note", record="other", fields={"text": "other", "place": None})
GOOD = Change(kind="note", record="good", fields={"text": "good", "place": None})


@pytest.mark.parametrize(
    "bad",
    [
        numbered(1, GOOD, stamp(NOON), body={"record": "without a kind"}),
        numbered(1, GOOD, stamp(NOON), body={"kind": "note", "record": "r", "fields": {"text": ["a list"]}}),
        numbered(1, GOOD, stamp(NOON), body=7),
        msgspec.structs.replace(numbered(1, GOOD, stamp(NOON)), event=msgspec.Raw(b"\xc1")),
        msgspec.structs.replace(numbered(1, GOOD, stamp(NOON)), event=msgspec.Raw(b"\x91" * 5_000)),
        # Damaged on its way, or told as another device's.
        msgspec.structs.replace(numbered(1, GOOD, stamp(NOON)), device="elsewhere"),
    ],
    ids=["kind missing", "a list", "a number", "no event", "deep", "checksum"],
)
def test_what_is_bad_is_set_aside_and_stops_nothing(kitchen: Assistant, bad: Numbered) -> None:
    taken(kitchen, bad, numbered(2, GOOD, stamp(NOON)), cursor=2)
    assert kitchen.rows("SELECT id, text FROM note") == [("good", "good")]
    assert [n for (n,) in kitchen.rows("SELECT n FROM sync_aside")] == [1]
    assert kitchen.link[1] == 2


def test_what_was_set_aside_is_tried_again_by_another_program(kitchen: Assistant) -> None:
    taken(kitchen, numbered(1, GOOD, stamp(NOON), body=7), numbered(2, GOOD, stamp(NOON)), cursor=2)
    kitchen.connection.execute("UPDATE sync_aside SET event = ?", (bytes(numbered(1, OTHER, stamp(NOON)).event),))
    taken(kitchen, cursor=2)
    assert kitchen.rows("SELECT id FROM note") == [("good",)]
    newer = Assistant.again(kitchen, ALL)
    taken(newer, cursor=2)
    assert kitchen.rows("SELECT id FROM note ORDER BY id") == [("good",), ("other",)]
    assert not kitchen.rows("SELECT * FROM sync_aside")


@pytest.mark.parametrize("value", [7, 1.5, True, float("nan"), 2**63])
def test_a_value_that_does_not_fit_is_not_shown_until_it_is_put_right(kitchen: Assistant, value: float) -> None:
    bad = Change(kind="note", record="n", fields={"text": value, "place": None})
    taken(kitchen, numbered(1, bad, stamp(NOON)), numbered(2, GOOD, stamp(NOON)))
    assert kitchen.rows("SELECT id FROM note") == [("good",)]
    assert not told(kitchen)
    taken(kitchen, numbered(3, Change(kind="note", record="n", fields={"text": "right"}), stamp(NOON + 1)))
    assert kitchen.rows("SELECT text FROM note WHERE id = 'n'") == [("right",)]


def test_a_part_of_a_record_waits_for_the_rest_and_is_deleted_by_nobody(kitchen: Assistant) -> None:
    part = Change(kind="note", record="n", fields={"place": "here"})
    taken(kitchen, numbered(1, part, stamp(NOON)))
    kitchen.replica = Assistant.again(kitchen, ALL).replica
    kitchen.write(capture.end)
    kitchen.switch_on()
    assert not told(kitchen)
    taken(kitchen, numbered(2, Change(kind="note", record="n", fields={"text": "x"}), stamp(NOON)))
    assert kitchen.rows("SELECT * FROM note") == [("n", "x", "here")]


# -- deletion ------------------------------------------------------------------------------------------------------------


def test_an_event_that_waits_keeps_its_number_and_loses_what_was_deleted(kitchen: Assistant) -> None:
    kitchen.add("a secret", "milk")
    before = [decode(raw) for raw in kitchen.waiting()]
    kitchen.remove("a secret")
    assert b"secret" not in kitchen.connection.serialize("main")
    after = [decode(raw) for raw in kitchen.waiting()]
    for one in after:
        check("kitchen", kitchen.incarnation, one)
    assert [(one.seq, one.id, one.clock) for one in after[:3]] == [(one.seq, one.id, one.clock) for one in before]
    assert [one.seq for one in after] == [1, 2, 3, 4]
    assert kitchen.items() == ["milk"]
    assert sum(change.fields == {} and not change.deleted for change in told(kitchen)) == 1


def test_many_at_once_are_taken_out_of_many_events(bridge: Bridge, kitchen: Assistant, bedroom: Assistant) -> None:
    kitchen.add(*(f"secret {number}" for number in range(60)))
    kitchen.add("milk", name="other")
    meet(bridge, kitchen, bedroom)
    at_once(bedroom.lists.clear("shopping"))
    meet(bridge, kitchen, bedroom)
    for one in (kitchen, bedroom):
        assert b"secret" not in one.connection.serialize("main")
        assert one.items("other") == ["milk"]


def test_what_is_deleted_stays_so_and_what_was_given_up_goes_with_it(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.note("n", "text", "the first secret")
    meet(bridge, kitchen, bedroom)
    world[0] += LATER
    bedroom.note("n", "text", "the second secret")
    meet(bridge, kitchen, bedroom)
    assert len(kitchen.rows("SELECT * FROM sync_lost")) == 1
    world[0] += LATER
    kitchen.write(lambda connection: connection.execute("DELETE FROM note"))
    bedroom.note("n", "text", "an edit that is later")
    meet(bridge, kitchen, bedroom)
    kitchen.note("n", "text", "and one that knows better")
    for one in (kitchen, bedroom):
        assert one.rows("SELECT * FROM note") == []
        stored = one.connection.serialize("main")
        assert b"secret" not in stored
        assert b"an edit" not in stored
        assert b"and one" not in stored
    assert kitchen.known() == bedroom.known()


def test_tombstones_are_kept_for_90_days_and_what_was_given_up_for_30(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.add("milk")
    kitchen.remove("milk")
    kitchen.note("n", "text", "first")
    meet(bridge, kitchen, bedroom)
    world[0] += LATER
    bedroom.note("n", "text", "second")
    meet(bridge, kitchen, bedroom)

    def kept() -> tuple[int, int, int]:
        counts = [f"SELECT count(*) FROM {table}" for table in ("sync_tombstone", "sync_lost", "list_item")]
        return tuple(kitchen.rows(count)[0][0] for count in counts)  # type: ignore[return-value]

    for days, expected in ((0, (1, 1, 1)), (29, (1, 1, 1)), (31, (1, 0, 1)), (89, (1, 0, 1)), (91, (0, 0, 0))):
        world[0] = NOON + LATER + days * DAY_MS
        kitchen.pull(bridge)
        assert kept() == expected, days
    assert kitchen.items() == []
    assert not any(change.deleted for change in told(kitchen)[4:])


# -- the whole state -----------------------------------------------------------------------------------------------------


def test_a_snapshot_replaces_all_but_what_the_bridge_does_not_have(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.add("milk", "eggs")
    kitchen.note("n", "text", "old")
    meet(bridge, kitchen, bedroom)
    kitchen.remove("milk")
    kitchen.note("n", "text", "new")
    world[0] += 100 * DAY_MS
    kitchen.push(bridge)
    kitchen.pull(bridge)
    bridge.compact(purge=True)
    bedroom.add("bread")
    bedroom.note("m", "text", "mine")
    bedroom.pull(bridge, limit=1)
    assert bedroom.items() == ["eggs", "bread"]
    assert bedroom.rows("SELECT id, text FROM note ORDER BY id") == [("m", "mine"), ("n", "new")]
    meet(bridge, kitchen, bedroom)
    assert kitchen.shown() == bedroom.shown()
    # The bridge has forgotten the tombstone; who has it, keeps it for its time.
    assert [row for row in kitchen.known() if len(row) > 4] == [row for row in bedroom.known() if len(row) > 4]


def test_a_word_of_ones_own_that_the_bridge_had_and_gave_up_is_gone(
    world: list[int], bridge: Bridge, bedroom: Assistant
) -> None:
    fast = Assistant("attic", Clock(world, DAY_MS))
    fast.note("n", "text", "given up")
    fast.push(bridge)
    world[0] += LATER
    bedroom.note("n", "text", "later")
    bedroom.note("n", "place", "here")
    bedroom.push(bridge)
    bridge.compact()
    fast.pull(bridge)
    assert fast.rows("SELECT text FROM note") == [("later",)]
    assert fast.known() != []


def test_a_snapshot_that_is_cut_changes_nothing(bridge: Bridge, kitchen: Assistant, bedroom: Assistant) -> None:
    kitchen.add("milk", "eggs", "bread")
    meet(bridge, kitchen, bedroom)
    kitchen.remove("milk")
    kitchen.push(bridge)
    bridge.compact(purge=True)
    before = bedroom.shown(), bedroom.link
    bedroom.pull(bridge, limit=1, pages=2)
    assert (bedroom.shown(), bedroom.link) == before
    bedroom.replica = Assistant.again(bedroom, ALL).replica
    bedroom.pull(bridge, limit=1)
    assert bedroom.items() == ["eggs", "bread"]


@pytest.mark.parametrize("compacted", [False, True])
def test_what_a_restored_bridge_has_lost_is_told_again_by_those_who_have_it(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant, compacted: bool
) -> None:
    attic = Assistant("attic", Clock(world))
    attic.add("milk", "eggs")
    attic.note("n", "text", "old")
    meet(bridge, attic, kitchen, bedroom)
    backup = bridge.back_up()
    attic.add("bread")
    attic.remove("milk")
    attic.note("n", "text", "new")
    meet(bridge, attic, kitchen, bedroom)
    if compacted:
        bridge.restore(backup)
        bridge.compact()
        backup = bridge.back_up()
    bridge.restore(backup)
    # The attic is gone for good, and with it the events that it had kept.
    newcomer = Assistant("hall", Clock(world))
    kitchen.add("tea")
    meet(bridge, kitchen, newcomer, bedroom)
    for one in (kitchen, bedroom, newcomer):
        assert sorted(one.items()) == ["bread", "eggs", "tea"]
        assert one.rows("SELECT text FROM note") == [("new",)]
        # The tombstones are the same, be they known by another word.
        assert [row[:4] if len(row) > 4 else row[:2] for row in one.known()] == [
            row[:4] if len(row) > 4 else row[:2] for row in kitchen.known()
        ]


# -- cut at any moment ---------------------------------------------------------------------------------------------------


class Cut(Exception):
    """The power goes."""


def dump(connection: apsw.Connection) -> bytes:
    tables = sorted(name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"))
    return repr([(name, sorted(connection.execute(f"SELECT * FROM {name}"), key=repr)) for name in tables]).encode()


def cut_after(connection: apsw.Connection, statements: int) -> None:
    """The power goes at the statement after so many."""
    left = [statements]

    def trace(_: object, sql: str, __: object) -> bool:
        if not sql.startswith(("BEGIN", "ROLLBACK", "SAVEPOINT", "RELEASE")):
            left[0] -= 1
            if left[0] < 0:
                raise Cut
        return True

    connection.exec_trace = trace


def a_local_change(kitchen: Assistant, bridge: Bridge) -> None:
    kitchen.remove("milk")


def a_page(kitchen: Assistant, bridge: Bridge) -> None:
    page = bridge.page(kitchen.link[1], 100)
    kitchen.write(lambda connection: kitchen.replica.take(connection, page))


def a_snapshot(kitchen: Assistant, bridge: Bridge) -> None:
    kitchen.replica.restart()
    page = bridge.page(0, 100, snapshot=True)
    assert page.snapshot
    kitchen.write(lambda connection: kitchen.replica.take(connection, page))


@pytest.mark.parametrize("step", [a_local_change, a_page, a_snapshot])
def test_a_cut_at_any_statement_leaves_the_old_or_the_new(
    world: list[int], bridge: Bridge, bedroom: Assistant, step: Callable[[Assistant, Bridge], None]
) -> None:
    kitchen = Assistant("kitchen", Clock(world))
    kitchen.add("milk", "eggs")
    meet(bridge, kitchen, bedroom)
    bedroom.remove("eggs")
    bedroom.add("bread")
    bedroom.push(bridge)
    kitchen.add("mine")
    before = dump(kitchen.connection)
    cuts = 0
    for statements in range(10_000):
        cut_after(kitchen.connection, statements)
        try:
            step(kitchen, bridge)
        except Cut:
            cuts += 1
            kitchen.connection.exec_trace = None
            assert dump(kitchen.connection) == before
            kitchen = Assistant.again(kitchen, ALL)
        else:
            break
    kitchen.connection.exec_trace = None
    assert cuts > 10
    assert dump(kitchen.connection) != before
    meet(bridge, kitchen, bedroom)
    assert kitchen.shown() == bedroom.shown()
    assert kitchen.known() == bedroom.known()


def test_where_there_is_no_room_to_tell_it_nothing_is_written(kitchen: Assistant) -> None:
    kitchen.add("milk")
    put = functools.partial(_no_room)
    kitchen.outbox.put = put  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        kitchen.add("eggs")
    assert kitchen.items() == ["milk"]


def _no_room(*_: object, must: bool = False) -> int:
    raise StorageError("there is no room", "make some")


def test_a_deletion_that_comes_while_the_clock_is_behind_is_not_old_once_it_is_right(
    world: list[int], kitchen: Assistant
) -> None:
    fields = {"list": "shopping", "text": "milk", "created": 1.0}
    taken(kitchen, numbered(1, Change(kind="item", record="r", fields=fields), stamp(NOON)), cursor=1)
    world[0] = NOON - 365 * DAY_MS
    taken(kitchen, numbered(2, Change(kind="item", record="r", deleted=True), stamp(NOON + 1)), cursor=2)
    world[0] = NOON + LATER
    taken(kitchen, cursor=2)
    assert kitchen.rows("SELECT record FROM sync_tombstone") == [("r",)]
