"""How recognisers write the grammar's words."""

import pytest

from edge.listen.spelling import Spelling


@pytest.mark.parametrize(
    ("language", "word", "first", "forms"),
    [
        ("en", "turn", True, {"turn", "Turn"}),
        ("en", "Kitchen", False, {"Kitchen", "kitchen"}),
        ("en", "20", False, {"20", "twenty"}),
        ("en", "35", False, {"35", "thirty-five", "thirty five"}),
        ("en", "16-ounce", False, {"16-ounce", "sixteen-ounce"}),
        ("en", "75%", False, {"75%"}),
        ("en", "sixteen", False, {"sixteen", "16"}),
        ("en", "percent", False, {"percent", "per cent"}),
        ("de", "5", False, {"5", "fünf"}),
        ("xx", "5", False, {"5"}),
    ],
)
def test_forms(language: str, word: str, first: bool, forms: set[str]) -> None:
    assert set(Spelling(language).forms(word, first)) == forms
