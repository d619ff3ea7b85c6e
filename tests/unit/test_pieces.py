"""A long recording, cut where nobody speaks."""

import itertools

import pytest

from edge.listen.pieces import Piece, pieces

WINDOW_S = 0.1


def speech(*parts: tuple[float, float]) -> list[float]:
    """Probability and seconds of each part."""
    return [probability for probability, seconds in parts for _ in range(round(seconds / WINDOW_S))]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (speech(), []),
        (speech((0.1, 5)), []),
        (speech((0.1, 1), (0.9, 2), (0.1, 1)), [(0.7, 3.3)]),
        (speech((0.9, 2)), [(0.0, 2.0)]),
        (speech((0.9, 1), (0.1, 0.4), (0.9, 1), (0.1, 1)), [(0.0, 2.7)]),
        (speech((0.9, 1), (0.1, 2), (0.9, 1)), [(0.0, 1.3), (2.7, 4.0)]),
    ],
)
def test_pieces_are_what_was_said_in_one_go(said: list[float], expected: list[tuple[float, float]]) -> None:
    assert [(round(piece.start, 2), round(piece.end, 2)) for piece in pieces(said, WINDOW_S)] == expected


def test_who_never_pauses_is_cut_where_it_is_quietest() -> None:
    said = speech((0.9, 20), (0.6, 0.1), (0.9, 40))
    found = pieces(said, WINDOW_S)
    assert found[0] == Piece(0.0, pytest.approx(20.3))
    assert all(piece.end - piece.start < 28 for piece in found)
    assert found[-1].end == pytest.approx(60.1)
    assert all(after.start < before.end for before, after in itertools.pairwise(found)), "nothing is left out"
