"""How preparing and installing end: an exit code, and one line that says what is wrong and what to do about it."""

import errno
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

from scripts.prepare.environment import ROOT
from scripts.prepare.watch import StepFailed

INTERRUPTED: Final = 130
_FULL: Final = "the disk is full — free some space and run it again"
_EXPLANATIONS: Final = (
    (r"No space left on device|Errno 28", _FULL),
    (r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|Network is unreachable|"
     r"Max retries exceeded|Connection broken|IncompleteRead",
     "no network: the package index can't be reached — check the connection and run it again"),
    (r"DO NOT MATCH THE HASHES", "a package is not the one that the lock file names — check the package index"),
    (r"No matching distribution found for (\S+)", "no package index has {0} ready-made for this machine"),
    (r"Permission denied", f"{ROOT} can't be written to — run it as the user that owns it"),
)  # fmt: skip


class CannotGoOn(Exception):
    """What is missing, in one sentence."""


def exit_code(work: Callable[[], int], *, interrupted: str) -> int:
    """What ``work`` returns, else 1, or 130 where it was interrupted; then it is said why. ``interrupted``: what
    becomes of that.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _as_interrupt)
    try:
        return work()
    except KeyboardInterrupt:
        print(f"\nhearth: interrupted — {interrupted}", file=sys.stderr)
        return INTERRUPTED
    except (CannotGoOn, StepFailed, subprocess.CalledProcessError, OSError) as error:
        print(f"hearth: {_told(error)}", file=sys.stderr)
        return 1


def check_machine() -> None:
    """Raises CannotGoOn where there are no packages for it."""
    if platform.machine() not in ("x86_64", "aarch64"):
        raise CannotGoOn(f"{platform.machine()} is not supported — use a 64-bit system on x86-64 or aarch64")
    if sys.maxsize < 1 << 32:
        what = "this system has 32 bits, and its processor could do 64"
        raise CannotGoOn(f"{what} — put the 64-bit edition of Raspberry Pi OS, or Debian, on the card")


def explain(output: str) -> str:
    """What went wrong, from what an installer said last."""
    for pattern, sentence in _EXPLANATIONS:
        found = re.search(pattern, output)
        if found:
            return sentence.format(*found.groups())
    errors = re.findall(r"^(?:ERROR|E|error): *(.+)", output, re.MULTILINE)
    return errors[-1] if errors else "it ended with an error"


def _told(error: CannotGoOn | StepFailed | subprocess.CalledProcessError | OSError) -> str:
    match error:
        case StepFailed():
            return f"{error.title} failed: {explain(error.output)} (log: {error.log})"
        case subprocess.CalledProcessError():
            said = (error.stderr or "").strip().splitlines()
            return f"{' '.join(map(str, error.cmd))} failed: {said[-1] if said else error}"
        case OSError(errno=errno.ENOSPC):
            return _FULL
        case PermissionError():
            return f"{error.filename} can't be written to — run it as the user that owns it"
        case OSError():
            return f"{error.strerror}: {error.filename} — mend that and run it again"
        case _:
            return str(error)


def _as_interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
