"""A file is whole or as it was, for whoever reads it and wherever its writing ends."""

import os
import threading
from pathlib import Path

import pytest

from edge import atomic_file


@pytest.mark.parametrize(
    ("before", "mode", "after"),
    [
        (None, None, 0o640),  # what the umask leaves
        (None, 0o600, 0o600),
        (0o664, None, 0o664),
        (0o644, 0o600, 0o600),
    ],
)
def test_it_has_the_permissions_that_are_wanted_else_those_of_before(
    tmp_path: Path, before: int | None, mode: int | None, after: int
) -> None:
    path = tmp_path / "settings"
    umask = os.umask(0o027)
    try:
        if before is not None:
            path.write_text("old")
            path.chmod(before)
        atomic_file.replace(path, b"new", mode=mode)
    finally:
        os.umask(umask)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", after)
    assert list(tmp_path.iterdir()) == [path]


def test_nobody_else_can_open_a_secret_while_it_is_written(tmp_path: Path) -> None:
    with atomic_file.replacing(tmp_path / "key", mode=0o600):
        [part] = tmp_path.iterdir()
        assert part.stat().st_mode & 0o777 == 0o600


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("old")

    def half() -> None:
        with atomic_file.replacing(path) as out:
            out.write(b"ne")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("durable", "synced"), [(True, ["part", "folder"]), (False, [])])
def test_the_content_is_on_the_disk_before_it_has_the_name_and_then_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool, synced: list[str]
) -> None:
    path, seen = tmp_path / "list", []

    def sync(descriptor: int) -> None:
        named = Path(f"/proc/self/fd/{descriptor}").readlink()
        assert path.exists() == (named == tmp_path)
        seen.append("folder" if named == tmp_path else named.suffix[1:])

    monkeypatch.setattr(os, "fsync", sync)
    atomic_file.replace(path, b"new", durable=durable)
    assert seen == synced


def test_of_many_who_create_it_at_once_one_does(tmp_path: Path) -> None:
    path, made = tmp_path / "key", []
    together = threading.Barrier(8)

    def create(number: int) -> None:
        together.wait()
        if atomic_file.create(path, b"%d" % number, mode=0o600):
            made.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == b"%d" % made[0]
    assert len(made) == 1
    assert list(tmp_path.iterdir()) == [path]
