"""Which of some texts is meant."""

import pytest

from edge.memory.search import ranked

TEXTS = (
    "the spare keys are in the blue drawer",
    "my bike lock code is in the cellar",
    "Emma is allergic to nuts",
    "the oven is at 180 degrees",
)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("the spare keys", 0),
        ("where is the key", 0),
        ("drawers", 0),
        ("bike lock", 1),
        ("Emma's allergies", 2),
        ("what is Emma allergic to", 2),
        ("the ofen", 3),
    ],
)
def test_the_text_that_shares_the_telling_words_comes_first(query: str, first: int) -> None:
    assert ranked(query, TEXTS)[0][0] == first


@pytest.mark.parametrize(
    "query", ["", "what is it", "the weather", "🎉", "x" * 10_000, "'; DROP TABLE memory_fact; --"]
)
def test_nothing_is_found_where_nothing_is_shared(query: str) -> None:
    assert ranked(query, TEXTS) == []


def test_no_texts() -> None:
    assert ranked("keys", []) == []
