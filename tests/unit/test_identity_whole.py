"""The identity is whole or not there, whoever is first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

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


def test_programs_that_start_at_once_have_the_same(tmp_path: Path) -> None:
    """Each made its own where an empty file lay there, and the last one's stayed."""
    many, rounds = 6, 12
    begin = Barrier(many)

    def started(folder: Path) -> str:
        begin.wait()
        return identity(folder)

    with ThreadPoolExecutor(many) as programs:
        for number in range(rounds):
            folder = tmp_path / str(number)
            folder.mkdir()
            if number % 2:
                (folder / "identity").touch()
            assert {*programs.map(started, [folder] * many)} == {identity(folder)}
