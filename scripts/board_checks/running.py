"""What the checks on a board have in common: their options, and going through them one by one."""

import argparse
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

L = TypeVar("L")


def parser(program: str, about: str = "which Debian") -> argparse.ArgumentParser:
    """With ``--cache``, ``--suite`` and ``--keep``; ``about``: the suite."""
    made = argparse.ArgumentParser(program)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made.add_argument("--cache", type=Path, default=home / "hearthside/boards", help="what is kept for the next time")
    made.add_argument("--suite", default="bookworm", help=about)
    made.add_argument("--keep", action="store_true", help="leave the board as it is in the end")
    return made


def run_all(checks: Sequence[Callable[[L], str]], life: L) -> int:
    """One after the other; the first that fails is the last. Returns the exit code."""
    for check in checks:
        begun = time.monotonic()
        try:
            said = check(life)
        except (AssertionError, subprocess.SubprocessError, TimeoutError) as error:
            print(f"FAILED  {check.__name__}: {error!r}\n{getattr(error, 'stderr', '') or ''}", flush=True)
            return 1
        print(f"ok  {check.__name__.replace('_', ' ')} ({time.monotonic() - begun:.0f} s): {said}", flush=True)
    print(f"{len(checks)} passed, 0 failed")
    return 0
