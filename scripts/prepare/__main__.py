"""``python3 -m scripts.prepare runtime|tests``: set everything up; called by ``prepare.sh``."""

import os
import platform
import re
import signal
import subprocess
import sys
from types import FrameType
from typing import Final

from scripts.prepare import environment, llama, system
from scripts.prepare.environment import LOG, PYTHON, ROOT
from scripts.prepare.watch import StepFailed, Words

_LOCKS: Final = {"runtime": ROOT / "requirements.lock", "tests": ROOT / "requirements-dev.lock"}
_FURTHER_MODELS: Final = {"runtime": (), "tests": ("whisper-tiny.en", "whisper-base", "openwakeword")}
"""Besides the default ones: the tests run every engine with every model that it has."""
_INTERRUPTED: Final = 130
_NOT_ALL: Final = 3
"""Exit code when it can start, but something is to be tried again at the next start."""
_EXPLANATIONS: Final = (
    (r"No space left on device|Errno 28", "the disk is full — free some space and run it again"),
    (r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|Network is unreachable|"
     r"Max retries exceeded|Connection broken|IncompleteRead",
     "no network: the package index can't be reached — check the connection and run it again"),
    (r"DO NOT MATCH THE HASHES", "a package is not the one that the lock file names — check the package index"),
    (r"No matching distribution found for (\S+)", "no package index has {0} ready-made for this machine"),
    (r"Permission denied", f"{ROOT} can't be written to — run it as the user that owns it"),
)  # fmt: skip


class CannotGoOn(Exception):
    """What is missing, in one sentence."""


def main(kind: str) -> int:
    """Returns the exit code: 0 when everything is there."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    os.environ.pop("PYTHONPATH", None)
    try:
        complete = _prepare(kind)
    except KeyboardInterrupt:
        print("hearth: interrupted — run it again, it goes on where it stopped", file=sys.stderr)
        return _INTERRUPTED
    except CannotGoOn as error:
        print(f"hearth: {error}", file=sys.stderr)
        return 1
    except StepFailed as failure:
        print(f"hearth: {failure.title} failed: {explain(failure.output)} (log: {failure.log})", file=sys.stderr)
        return 1
    except PermissionError:
        print(f"hearth: {ROOT} can't be written to — run it as the user that owns it", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"hearth: {error.strerror}: {error.filename} — mend that and run it again", file=sys.stderr)
        return 1
    return 0 if complete else _NOT_ALL


def explain(output: str) -> str:
    """What went wrong, from what an installer said last."""
    for pattern, sentence in _EXPLANATIONS:
        found = re.search(pattern, output)
        if found:
            return sentence.format(*found.groups())
    errors = re.findall(r"^(?:ERROR|E|error): *(.+)", output, re.MULTILINE)
    return errors[-1] if errors else "it ended with an error"


def _prepare(kind: str) -> bool:
    """Returns whether nothing is left to be tried again at the next start."""
    _check_machine()
    lock = _LOCKS[kind]
    environment.make()
    audible = _system_packages(kind)
    environment.install(lock)
    thinks = llama.install(lock)
    models: Words = [PYTHON, "-m", "models", "fetch", "--defaults", *_FURTHER_MODELS[kind]]
    fetched = subprocess.run(models, cwd=ROOT, check=False).returncode
    if fetched:
        raise SystemExit(fetched)
    return audible and thinks


def _check_machine() -> None:
    if platform.machine() not in ("x86_64", "aarch64") or sys.maxsize < 1 << 32:
        raise CannotGoOn(f"{platform.machine()} is not supported — use a 64-bit system on x86-64 or aarch64")


def _system_packages(kind: str) -> bool:
    """The runtime can replay recordings without PortAudio; the tests need everything."""
    wanted = [system.PORTAUDIO, *(system.TESTING if kind == "tests" else ())]
    still = system.install(wanted, LOG / "apt.log")
    if still and kind == "tests":
        raise CannotGoOn(f"the tests need {', '.join(still)} — {system.by_hand(still)}")
    if still:
        print(f"hearth: no microphone or loudspeaker without PortAudio — {system.by_hand(still)}", file=sys.stderr)
    return not still


def _as_interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
