"""``python3 -m scripts.prepare runtime|tests``: set everything up; called by ``prepare.sh``."""

import os
import subprocess
import sys
from typing import Final

from scripts.prepare import environment, llama, system
from scripts.prepare.ending import CannotGoOn, check_machine, exit_code
from scripts.prepare.environment import LOG, PYTHON, ROOT
from scripts.prepare.watch import Words

_LOCKS: Final = {"runtime": ROOT / "requirements.lock", "tests": ROOT / "requirements-dev.lock"}
_MODELS: Final = {"runtime": ("--needed",), "tests": ("--defaults", "whisper-tiny.en", "whisper-base", "openwakeword")}
"""What the settings need; the tests run every engine with every model that it has."""
_NOT_ALL: Final = 3
"""Exit code when it can start, but something is to be tried again at the next start."""


def main(kind: str) -> int:
    """Returns the exit code: 0 when everything is there."""
    os.environ.pop("PYTHONPATH", None)
    return exit_code(lambda: _prepare(kind), interrupted="run it again, it goes on where it stopped")


def _prepare(kind: str) -> int:
    """Returns the exit code. Raises CannotGoOn, StepFailed."""
    check_machine()
    lock = _LOCKS[kind]
    environment.make()
    audible = _system_packages(kind)
    environment.install(lock)
    thinks = llama.install(lock)
    models: Words = [PYTHON, "-m", "models", "fetch", *_MODELS[kind]]
    fetched = subprocess.run(models, cwd=ROOT, check=False).returncode
    if fetched:
        return fetched
    return 0 if audible and thinks else _NOT_ALL


def _system_packages(kind: str) -> bool:
    """The runtime can replay recordings without PortAudio; the tests need everything."""
    wanted = [system.PORTAUDIO, *(system.TESTING if kind == "tests" else ())]
    still = system.install(wanted, LOG / "apt.log")
    if still and kind == "tests":
        raise CannotGoOn(f"the tests need {', '.join(still)} — {system.by_hand(still)}")
    if still:
        print(f"hearth: no microphone or loudspeaker without PortAudio — {system.by_hand(still)}", file=sys.stderr)
    return not still


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
