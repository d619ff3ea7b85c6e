"""A sentence that names what the house does not have is about none of its devices."""

import pytest

from edge.understand.semantic.strangers import KINDS, qualified, spoken_of

KNOWN = frozenset({"kitchen", "front"})


@pytest.mark.parametrize(
    ("text", "sort", "called"),
    [
        ("lock the cellar door", "lock", "cellar door"),
        ("lock the front door", "lock", None),
        ("lock the back door lock", "lock", "back door"),
        ("turn the lights back on", "light", None),
        ("could you lock up the doors please", "lock", None),
        ("turn off the old wine cellar fan", "fan", "wine cellar fan"),
        ("turn off the big fan", "fan", None),
        ("set 2 kitchen lamps to blue", "light", None),
        ("set 2 upper kitchen lamps to blue", "light", "upper kitchen lamps"),
        ("green light please", "light", None),
        ("it is too dark", "light", None),
        ("light", "light", None),
        ("", "light", None),
    ],
)
def test_what_a_thing_is_called(text: str, sort: str, called: str | None) -> None:
    assert qualified(text, KINDS[sort], KNOWN) == called


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("it is freezing in the boat house", "boat house"),
        ("it is freezing in the kitchen", None),
        ("it is freezing in the morning", None),
        ("let the sun in", None),
        ("turn off the light on the jetty", "jetty"),
        ("light up zelda's", "zelda's"),
        ("it's too dark and everybody's asleep", None),
        ("vacuum the wine cellar", "wine cellar"),
        ("vacuum the kitchen", None),
        ("vacuum the kitchen floor", None),
        ("send the robot back to the charging station", None),
    ],
)
def test_all_that_is_spoken_of(text: str, called: str | None) -> None:
    assert spoken_of(text, KINDS["vacuum"], KNOWN) == called
