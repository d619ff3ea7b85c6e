"""The training part of crowd data is the same for ever, on every machine."""

import pytest

from edge.evaluation.text.split import is_training


@pytest.mark.parametrize(
    ("sentence", "training"),
    [("turn on the lamp", True), ("switch off the heater", False), ("", False)],
)
def test_a_sentence_stays_on_its_side(sentence: str, training: bool) -> None:
    assert is_training(sentence) is training


def test_three_in_ten_are_for_training() -> None:
    count = sum(is_training(f"sentence number {number}") for number in range(10_000))
    assert 2_900 < count < 3_100
