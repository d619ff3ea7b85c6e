"""What can be said, as an automaton: every sentence of a template, and nothing else."""

import sys
from collections.abc import Sequence
from types import FrameType

import pytest
from hassil import Intents
from hassil.intents import SlotList, TextSlotList

from edge.devices import Device
from edge.understand.automaton import Automaton, State
from edge.understand.grammar import Grammar
from edge.understand.packed import Packed
from tests.houses import Rooms

LISTS = {
    "color": {"values": ["red", "dark blue", "(light|pale) green"]},
    "level": {"range": {"from": 1, "to": 3}},
    "warmth": {"range": {"from": 20, "to": 21, "fractions": "halves"}},
    "anything": {"wildcard": True},
}
RULES = {"the": "[the|my]", "lamp": "(lamp|light)[s]"}


def automaton(*sentences: str, lists: dict[str, SlotList] | None = None, skip: tuple[str, ...] = ()) -> Automaton:
    intents = Intents.from_dict(
        {
            "language": "en",
            "intents": {"Test": {"data": [{"sentences": list(sentences)}]}},
            "lists": LISTS,
            "expansion_rules": RULES,
            "skip_words": list(skip),
        }
    )
    return Automaton(Packed.of(intents).intents, lists or {})


@pytest.mark.parametrize(
    ("template", "said", "not_said"),
    [
        ("turn on", ["turn on"], ["turn", "on", "turn on on", ""]),
        ("turn [it] (on|off)", ["turn on", "turn it off"], ["turn it"]),
        ("<the> <lamp>", ["lamp", "the lights", "my light"], ["the my lamp", "lamp s"]),
        ("make it {color}", ["make it dark blue", "make it pale green"], ["make it dark", "make it pale"]),
        ("({color};please)", ["red please", "please red"], ["red", "please", "red please red"]),
        (
            "level {level}[%| percent]",
            ["level 2", "level 3%", "level 1 percent"],
            ["level 4", "level two", "level 3 %"],
        ),
        ("{warmth} degrees", ["20 degrees", "20.5 degrees", "21.5 degrees"], ["22 degrees"]),
        ("light[s] on", ["lights on", "light on"], ["light s on"]),
        ("to {0..10,5:slot}", ["to 0", "to 5", "to 10"], ["to 3"]),
    ],
)
def test_a_template_is_all_its_sentences_and_no_other(template: str, said: list[str], not_said: list[str]) -> None:
    built = automaton(template)
    assert [sentence for sentence in said if not built.accepts(sentence)] == []
    assert [sentence for sentence in not_said if built.accepts(sentence)] == []


def test_free_text_is_left_out_but_not_what_stands_beside_it() -> None:
    built = automaton("add {anything}", "call (mum|{anything})")
    assert set(built.start.following) == {"call"}
    assert built.accepts("call mum")


def test_politeness_stands_before_and_after() -> None:
    built = automaton("stop", skip=("please", "can you"))
    assert all(map(built.accepts, ["stop", "please stop", "can you please stop", "stop please"]))
    assert not built.accepts("please please please stop")


def test_names_are_words_and_never_templates() -> None:
    names = TextSlotList.from_tuples([("Lamp [1]", "x", {"domain": "light"})], allow_template=False, name="name")
    built = automaton("turn on {name}", lists={"name": names})
    assert built.accepts("turn on Lamp [1]")
    assert not built.accepts("turn on Lamp")


@pytest.mark.parametrize(
    ("said", "complete", "longest"),
    [
        ("", False, 4),
        ("turn", False, 3),
        ("turn on", True, 2),
        ("turn on the", False, 1),
        ("turn on the lamp", True, 0),
    ],
)
def test_what_may_follow_is_known_everywhere(said: str, complete: bool, longest: int) -> None:
    state = automaton("turn on [the lamp]", skip=("please",)).start
    for word in said.split():
        state = state.following[word]
    assert (state.complete, state.longest) == (complete, longest)


def test_the_same_way_gives_the_same_place() -> None:
    """Places are remembered, so that a recogniser's trees can be as well."""
    start = automaton("turn (on|off)", "turn it (on|off)").start
    assert start.following["turn"] is start.following["turn"]
    assert start.following is start.following


def test_only_devices_of_the_right_kind_are_locked() -> None:
    house = Rooms([Device("lock.front", "Front Door", "lock"), Device("light.bed", "Bed Lamp", "light")])
    start = Grammar(house, "en", None).sayable()
    names = start.following["lock"].following["the"].following
    assert "Front" in names
    assert "Bed" not in names


def test_every_sentence_of_the_automaton_is_understood() -> None:
    """The likeliest walks through Home Assistant's sentences parse: what is heard so is understood."""
    grammar = Grammar(Rooms(), "en", None)
    start = grammar.sayable()
    for sentence in [
        "turn on the Kitchen Light",
        "set Bed Lamp to 40 percent",
        "open the Left Blind",
        "lock the Front Door",
    ]:
        state = start
        for word in sentence.split():
            state = state.following[word]
        assert state.complete


def test_a_house_that_changes_is_heard_anew() -> None:
    house = Rooms([Device("light.bed", "Bed Lamp", "light")])
    grammar = Grammar(house, "en", None)
    before = grammar.sayable()
    assert grammar.sayable() is before
    house.known, house.revision = [Device("light.x", "Zephyrine", "light")], 2
    assert "Zephyrine" in grammar.sayable().following["turn"].following["on"].following
    assert "Zephyrine" not in before.following["turn"].following["on"].following


def test_three_hundred_devices_take_little_more_work_than_ten() -> None:
    """Counted in calls, as time would be that of the machine, and of what other tests have left to be collected."""
    many = [Device(f"light.{number}", f"Lamp Number {number}", "light") for number in range(300)]
    sentence = "turn on Lamp Number 7".split()
    small, large = (_calls(Grammar(Rooms(many[:count]), "en", None).sayable(), sentence) for count in (10, 300))
    assert large < small * 1.5


def _calls(place: State, words: Sequence[str]) -> int:
    """How many functions are called on the way through ``words``, a whole sentence."""
    calls = 0

    def count(_frame: FrameType, event: str, _of: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for word in words:
            place = place.following[word]
    finally:
        sys.setprofile(before)
    assert place.complete
    return calls
