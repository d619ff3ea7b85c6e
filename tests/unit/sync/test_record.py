"""Merging is commutative, associative and idempotent; additions win, tombstones outrank everything."""

import itertools
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.protocol.record import Change, Record, Register, Stamp, merge

VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["", "milk", "Milch", "🍾"])
# Few clocks and devices, so that equal stamps with unequal values (a copied disk) are common.
STAMPS = st.builds(Stamp, st.integers(1, 4), st.sampled_from(["a", "b"]))
EDITS = st.builds(
    Change, kind=st.just("k"), record=st.just("r"), fields=st.dictionaries(st.sampled_from("xyz"), VALUES)
)
DELETIONS = st.just(Change(kind="k", record="r", deleted=True)) | st.just(
    Change(kind="k", record="r", fields={"x": "smuggled"}, deleted=True)
)
EDITED = st.lists(st.tuples(EDITS, STAMPS), max_size=6)
HISTORIES = st.lists(st.tuples(EDITS | DELETIONS, STAMPS), max_size=6)


def folded(history: Iterable[tuple[Change, Stamp]], record: Record | None = None) -> Record:
    record = record or Record()
    for change, stamp in history:
        record = merge(record, change, stamp).record
    return record


def plain(record: Record) -> object:
    """Comparable although NaN is not equal to itself, and True is equal to 1."""
    fields = {name: (repr(each.value), each.stamp) for name, each in record.fields.items()}
    return fields, record.tombstone


@given(HISTORIES, st.randoms(use_true_random=False))
def test_every_order_ends_equal(history: list[tuple[Change, Stamp]], random: object) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plain(folded(shuffled)) == plain(folded(history))


@given(HISTORIES.filter(lambda history: len(history) <= 4))
def test_all_orders_of_a_few(history: list[tuple[Change, Stamp]]) -> None:
    ends = {repr(sorted_plain(folded(order))) for order in itertools.permutations(history)}
    assert len(ends) == 1


def sorted_plain(record: Record) -> object:
    return sorted((name, repr(each)) for name, each in record.fields.items()), record.tombstone


@given(HISTORIES, HISTORIES)
def test_taking_in_again_changes_nothing(before: list[tuple[Change, Stamp]], again: list[tuple[Change, Stamp]]) -> None:
    whole = folded([*before, *again])
    repeated = folded([*again, *before], whole)
    assert plain(repeated) == plain(whole)
    for change, stamp in again:
        assert not merge(whole, change, stamp).won or not change.deleted
        assert plain(merge(whole, change, stamp).record) == plain(whole)


@given(HISTORIES, HISTORIES, HISTORIES)
def test_grouping_does_not_matter(
    a: list[tuple[Change, Stamp]], b: list[tuple[Change, Stamp]], c: list[tuple[Change, Stamp]]
) -> None:
    assert plain(folded(c, folded(b, folded(a)))) == plain(folded([*b, *c], folded(a)))


@given(EDITED, STAMPS, EDITED, st.randoms(use_true_random=False))
def test_a_tombstone_outranks_what_is_earlier_later_and_concurrent(
    before: list[tuple[Change, Stamp]], at: Stamp, after: list[tuple[Change, Stamp]], random: object
) -> None:
    history = [*before, (Change(kind="k", record="r", deleted=True), at), *after]
    random.shuffle(history)  # type: ignore[attr-defined]
    record, lost = Record(), False
    for change, stamp in history:
        merged = merge(record, change, stamp)
        lost = bool(merged.lost) and (record.tombstone is not None or change.deleted)
        assert not lost, "what is deleted is not kept among the lost"
        record = merged.record
    assert record == Record({}, at)


@given(EDITED)
def test_the_last_writer_wins_each_field(history: list[tuple[Change, Stamp]]) -> None:
    record = folded(history)
    for name, register in record.fields.items():
        stamps = [stamp for change, stamp in history if name in change.fields]
        assert register.stamp == max(stamps)
    assert record.fields.keys() == {name for change, _ in history for name in change.fields}


@given(EDITED)
def test_no_value_disappears_untold(history: list[tuple[Change, Stamp]]) -> None:
    """Each value that was written is in the record, or was given up aloud, or is like the one that holds."""
    record, told = Record(), []
    for change, stamp in history:
        merged = merge(record, change, stamp)
        told += [(name, repr(each.value)) for name, each in merged.lost.items()]
        record = merged.record
    for change, _ in history:
        for name, value in change.fields.items():
            assert repr(record.fields[name].value) == repr(value) or (name, repr(value)) in told


def test_of_two_values_at_one_stamp_the_same_one_wins_everywhere() -> None:
    stamp = Stamp(7, "a")
    one, other = (Change(kind="k", record="r", fields={"x": value}) for value in ("milk", "eggs"))
    assert folded([(one, stamp), (other, stamp)]) == folded([(other, stamp), (one, stamp)])
    assert folded([(one, stamp), (other, stamp)]).fields == {"x": Register("milk", stamp)}
