"""Where the assistant keeps its data: a file system of its own, which can be filled, made read-only and mended."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

_MEGABYTES: Final = 48
_CHUNK: Final = 1 << 20


class Place:
    """A folder; on a file system of its own where this machine lets us have one. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self._image, self._filler = folder / "card.img", self.folder / "filler"
        self.is_own = os.geteuid() == 0 and shutil.which("mkfs.ext4") is not None
        """Whether it can be filled and made read-only."""

    def __enter__(self) -> "Place":
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.is_own:
            with self._image.open("wb") as image:
                image.truncate(_MEGABYTES * _CHUNK)
            _run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "root_owner=0:0", str(self._image))
            try:
                self._mount()
            except subprocess.CalledProcessError:
                self.is_own = False
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_own:
            self._unmount()

    def fill(self) -> None:
        """Not a byte is free any more."""
        with self._filler.open("ab", buffering=0) as filler, suppress(OSError):
            while filler.write(bytes(_CHUNK)):
                pass
        with self._filler.open("ab", buffering=0) as filler, suppress(OSError):
            while filler.write(bytes(512)):
                pass

    def clear(self) -> None:
        """There is room again."""
        self._filler.unlink()

    def break_down(self) -> None:
        """As the kernel does when a card takes no writes any more: from now on it can only be read, whoever has what
        open.
        """
        device = _run("findmnt", "--noheadings", "--output", "SOURCE", str(self.folder)).strip()
        trigger = Path("/sys/fs/ext4") / Path(device).name / "trigger_fs_error"
        trigger.write_text("the card takes no writes\n")
        assert not _is_writable(self.folder), "it can be written to still"

    def mend(self) -> None:
        """Checked and mounted again; nobody may have anything open there."""
        self._unmount()
        # 1: errors were found, and put right.
        subprocess.run(["e2fsck", "-p", "-f", str(self._image)], capture_output=True, check=False)
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.folder))

    def _unmount(self) -> None:
        _run("umount", str(self.folder))


def _is_writable(folder: Path) -> bool:
    probe = folder / ".probe"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def _run(*line: str) -> str:
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout
