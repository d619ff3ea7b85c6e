"""What tells one assistant from another."""

from pathlib import Path

import pytest

from edge.errors import StorageError
from edge.identity import boot, identity


def test_it_stays_and_no_two_are_the_same(tmp_path: Path) -> None:
    first = identity(tmp_path / "a" / "data")
    assert identity(tmp_path / "a" / "data") == first
    assert len(first) == 12
    assert identity(tmp_path / "b") != first


def test_an_empty_file_is_filled_and_an_unreadable_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "identity").write_text("\n")
    assert len(identity(tmp_path)) == 12
    folder = tmp_path / "taken"
    folder.write_text("")
    with pytest.raises(StorageError, match="taken"):
        identity(folder)


def test_a_machine_has_one_name_until_it_is_started_again() -> None:
    assert boot() == boot()
