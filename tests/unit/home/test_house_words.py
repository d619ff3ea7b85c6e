"""What the file says, what it said, and what all have told: what follows from the three."""

import itertools

import pytest

from edge.home.house_words import Part, Plan, Told, Word, plan

KEYS = {"light.bed": ("0x1", "light.bed", "Bed Lamp"), "0x1": ("0x1", "light.bed", "Bed Lamp")}
KEYS["Bed Lamp"] = KEYS["0x1"]


def betty(thing: str = "0x1", name: str = "Betty") -> Word:
    return Word(Part.NAME, thing, name)


def room(name: str, thing: str = "0x1") -> Word:
    return Word(Part.AREA, thing, name)


def planned(file: list[Word], written: dict[str, Word], told: dict[str, tuple[Word, float]]) -> Plan:
    ids = (f"new{number}" for number in itertools.count(1))
    known = {ident: Told(word, created) for ident, (word, created) in told.items()}
    return plan(file, written, known, lambda key: KEYS.get(key, (key,)), lambda: next(ids))


@pytest.mark.parametrize(
    ("file", "written", "told", "tell", "take_back", "put_in", "strike_out"),
    [
        ([], {}, {}, {}, [], [], []),
        # A person's pen.
        ([betty()], {}, {}, {"new1": betty()}, [], [], []),
        ([betty("Bed Lamp")], {}, {}, {"new1": betty()}, [], [], []),
        ([], {"a": betty()}, {"a": (betty(), 1)}, {}, ["a"], [], []),
        ([betty(name="Liz")], {"a": betty()}, {"a": (betty(), 1)}, {"new1": betty(name="Liz")}, ["a"], [], []),
        # The same in other words is no change.
        ([betty("Bed Lamp", "betty")], {"a": betty()}, {"a": (betty(), 1)}, {}, [], [], []),
        # What others told.
        ([], {}, {"a": (betty(), 1)}, {}, [], [betty()], []),
        ([betty()], {"a": betty()}, {}, {}, [], [], [betty()]),
        ([betty("light.bed")], {}, {"a": (betty(), 1)}, {}, [], [], []),
        # Two have told it: it goes when both are gone, and a person strikes out both.
        ([betty()], {"a": betty(), "b": betty()}, {"b": (betty(), 1)}, {}, [], [], []),
        ([], {"a": betty(), "b": betty()}, {"a": (betty(), 1), "b": (betty(), 1)}, {}, ["a", "b"], [], []),
        # It was taken back by somebody else, and struck out here, too.
        ([], {"a": betty()}, {}, {}, [], [], []),
        # A device is in one room: in the one that was told last.
        ([room("Attic")], {"a": room("Attic")}, {"a": (room("Attic"), 1), "b": (room("Den"), 2)}, {}, [], [room("Den")], [room("Attic")]),
        ([room("Den")], {"b": room("Den")}, {"a": (room("Attic"), 1), "b": (room("Den"), 2)}, {}, [], [], []),
        # Whoever writes another room outdoes both, and whoever strikes it out uncovers neither.
        ([room("Hall")], {"b": room("Den")}, {"a": (room("Attic"), 1), "b": (room("Den"), 2)}, {"new1": room("Hall")}, ["a", "b"], [], []),
        ([room("Attic")], {"b": room("Den")}, {"a": (room("Attic"), 1), "b": (room("Den"), 2)}, {"new1": room("Attic")}, ["a", "b"], [], []),
        ([], {"b": room("Den")}, {"a": (room("Attic"), 1), "b": (room("Den"), 2)}, {}, ["a", "b"], [], []),
        # Written and not looked at yet, when the power went.
        ([room("Den")], {"a": room("Attic")}, {"b": (room("Den"), 2)}, {}, [], [], []),
        # Rooms have names and floors of their own.
        ([Word(Part.FLOOR, "attic", "Up")], {}, {"a": (Word(Part.FLOOR, "Attic", "up"), 1)}, {}, [], [], []),
        ([], {}, {"a": (Word(Part.ROOM, "Attic", "roof"), 1)}, {}, [], [Word(Part.ROOM, "Attic", "roof")], []),
    ],
)  # fmt: skip
def test_what_follows(
    file: list[Word],
    written: dict[str, Word],
    told: dict[str, tuple[Word, float]],
    tell: dict[str, Word],
    take_back: list[str],
    put_in: list[Word],
    strike_out: list[Word],
) -> None:
    made = planned(file, written, told)
    assert made.tell == tell
    assert sorted(made.take_back) == take_back
    assert list(made.put_in) == put_in
    assert list(made.strike_out) == strike_out


@pytest.mark.parametrize("count", range(4))
def test_once_it_is_done_there_is_nothing_to_do(count: int) -> None:
    """Whatever was written, said and told before."""
    some = [betty(), betty("light.bed", "BETTY"), room("Attic", "Bed Lamp"), room("Den"), room("Hall", "x")]
    lines = [betty(), room("Attic"), room("Den", "x")]
    for file in itertools.combinations(lines, count):
        for written, told in itertools.product(itertools.product([0, 1], repeat=5), repeat=2):
            before = {str(n): some[n] for n in range(5) if written[n]}
            known = {str(n): (some[n], float(n)) for n in range(5) if told[n]}
            made = planned(list(file), before, known)
            known = {ident: each for ident, each in known.items() if ident not in made.take_back}
            known |= {ident: (word, 9.0) for ident, word in made.tell.items()}
            after = [word for word in file if word not in made.strike_out] + list(made.put_in)
            second = planned(after, dict(made.written), known)
            assert (second.tell, list(second.take_back), second.put_in, second.strike_out) == ({}, [], [], [])
            assert planned(after, dict(second.written), known).written == second.written


def test_a_file_of_which_nothing_is_known_is_told_whatever_the_order() -> None:
    file = [betty(), betty(name="Liz"), room("Attic")]
    for order in itertools.permutations(file):
        assert sorted(planned(list(order), {}, {}).tell.values()) == sorted(file)
