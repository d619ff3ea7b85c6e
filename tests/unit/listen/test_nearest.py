"""The sentences that are spelt most like what a recogniser wrote."""

import pytest

from edge.devices import Device
from edge.intents import Fit
from edge.listen.nearest import nearest
from edge.listen.spelling import Spelling
from edge.understand.grammar import Grammar
from tests.houses import Rooms


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(Rooms([*Rooms().devices(), Device("light.z", "Zephyrine", "light")]), "en", None)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("Turn on the kitchen light.", "turn on the Kitchen Light"),
        ("Turn on bedlamp", "turn on Bed Lamp"),
        ("Set Betty to thirty five percent.", "set Betty to 35 percent"),
        ("turn on Zephyr in", "turn on Zephyrine"),
        ("Locke the front, or.", "lock the Front Door"),
    ],
)
def test_what_was_meant_is_nearest(grammar: Grammar, heard: str, meant: str) -> None:
    assert meant in [near.text for near in nearest(heard, grammar.sayable(), Spelling("en"), 3)]


def test_a_beginning_is_told_from_a_whole_sentence(grammar: Grammar) -> None:
    best = nearest("Set the bed lamp brightness to", grammar.sayable(), Spelling("en"), 1)[0]
    assert (best.text, best.fit) == ("set the Bed Lamp brightness to", Fit.OPEN)


@pytest.mark.parametrize("heard", ["", "…", "My grandmother baked a cake with plums on Sunday."])
def test_nothing_is_near_to_something_else(grammar: Grammar, heard: str) -> None:
    found = nearest(heard, grammar.sayable(), Spelling("en"), 3)
    assert all(near.edits > len(near.text) * 0.3 for near in found)
