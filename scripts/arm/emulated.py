"""Runs a program of another processor here, with everything that it starts, as if this machine were a board.

The kernel is told of the emulator in a user namespace of its own (binfmt_misc knows them since Linux 6.7): the machine
itself, and everybody else on it, sees nothing of it, and it is gone when the program ends.
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from scripts.prepare.watch import Words

_NEW_MOUNTS: Final = 0x00020000
_NEW_USERS: Final = 0x10000000
"""clone(2)."""
_IDS: Final = 65536
_BINFMT: Final = "/proc/sys/fs/binfmt_misc"
_MAGIC: Final = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK: Final = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
"""A 64-bit little-endian program or library (elf(5)) for machine 183, AArch64; of any operating system."""
_FLAGS: Final = "FP"
"""The emulator is opened now, so that it need not lie in the root, and is told what the program was called as."""


def confined(
    root: Path,
    program: Words,
    folder: str,
    shown: Mapping[Path, str],
    environ: Mapping[str, str],
    written: Mapping[Path, str] | None = None,
) -> Words:
    """What to run: ``program`` in ``root``, there in ``folder``, with what ``shown`` names read-only, what ``written``
    names to be written to, and a /tmp and a network of its own.
    """
    line: list[str | Path] = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    line += ["--bind", root, "/", "--dev", "/dev", "--proc", "/proc", "--ro-bind", "/sys", "/sys"]
    line += ["--tmpfs", "/tmp"]  # noqa: S108  # a file system of its own
    for source, place in shown.items():
        line += ["--ro-bind", source, place]
    for source, place in (written or {}).items():
        line += ["--bind", source, place]
    line += ["--chdir", folder, "--clearenv"]
    for name, value in environ.items():
        line += ["--setenv", name, value]
    return [*line, "--", *program]


def run(emulator: Path, line: Words, output: int | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a line of :func:`confined` with ``emulator``, a static program, known to the kernel. What it says goes to the
    file descriptor ``output``; how it ends is not checked.
    """
    return subprocess.run(_words(emulator, line), check=False, stdout=output, stderr=subprocess.STDOUT, text=True)


def start(emulator: Path, line: Words, output: int) -> "subprocess.Popen[bytes]":
    """The same without waiting for its end. All of it ends with the process that is returned, and with this one."""
    return subprocess.Popen(_words(emulator, line), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)


def _words(emulator: Path, line: Words) -> Sequence[str]:
    return [sys.executable, "-m", "scripts.arm.emulated", str(emulator), *map(str, line)]


def _enter(emulator: str, line: Sequence[str]) -> None:
    """Replaces this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    entered, let_in = os.pipe(), os.pipe()
    process, user, group = Path(f"/proc/{os.getpid()}"), os.geteuid(), os.getegid()
    if (child := os.fork()) == 0:
        # Only from outside can more than one user be let in.
        os.read(entered[0], 1)
        if user:
            (process / "setgroups").write_text("deny")
        (process / "uid_map").write_text(f"0 {user} 1" if user else f"0 0 {_IDS}")
        (process / "gid_map").write_text(f"0 {group} 1" if user else f"0 0 {_IDS}")
        os.write(let_in[1], b".")
        os._exit(0)
    _check(libc.unshare(_NEW_USERS | _NEW_MOUNTS), "unshare")
    os.write(entered[1], b".")
    os.read(let_in[0], 1)
    os.waitpid(child, 0)
    for end in (*entered, *let_in):
        os.close(end)
    _check(libc.mount(b"binfmt_misc", _BINFMT.encode(), b"binfmt_misc", 0, None), "mount")
    Path(_BINFMT, "register").write_text(f":hearthside-aarch64:M::{_MAGIC}:{_MASK}:{emulator}:{_FLAGS}", "utf-8")
    os.execvp(line[0], list(line))  # noqa: S606  # it becomes that program


def _check(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    _enter(sys.argv[1], sys.argv[2:])
