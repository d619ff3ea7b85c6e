"""The identity is whole or not there, whoever is first."""

from pathlib import Path

import pytest

from edge.identity import identity


def test_it_is_made_once_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    first = identity(tmp_path)
    assert len(bytes.fromhex(first)) == 6
    assert identity(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == ["identity"]


@pytest.mark.parametrize("left", ["", "\n"])
def test_one_that_a_power_cut_left_empty_is_made_anew(tmp_path: Path, left: str) -> None:
    (tmp_path / "identity").write_text(left)
    assert len(identity(tmp_path)) == 12
    assert identity(tmp_path) == identity(tmp_path)
