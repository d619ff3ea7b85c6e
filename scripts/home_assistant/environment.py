"""Home Assistant as it comes from the package index, in a virtual environment of its own outside the tree."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import platformdirs

VERSION: Final = "2024.3.3"
"""The last that runs on CPython 3.11, and that needs nothing which only Docker images have."""
_NEEDS: Final = (f"homeassistant=={VERSION}", "josepy<2", "imageio-ffmpeg")
"""Its acme does not work with a later josepy; and it converts what a satellite is to play by a program, ffmpeg."""
_FFMPEG: Final = "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"
_PYTHON: Final = (3, 11)


class CannotGoOn(Exception):
    """What is missing, in one sentence."""


def made() -> Path:
    """The environment's interpreter; installed if it is not there. Raises CannotGoOn."""
    folder = Path(platformdirs.user_cache_dir("hearthside")) / f"home-assistant-{VERSION}"
    python, stamp = folder / "bin" / "python", folder / ".complete"
    if not stamp.exists():
        if sys.version_info[:2] != _PYTHON:
            raise CannotGoOn(f"Home Assistant {VERSION} needs Python 3.11, this is {sys.version.split()[0]}")
        print(f"installing Home Assistant {VERSION} (some minutes)", file=sys.stderr)
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *_NEEDS])
        python.with_name("ffmpeg").symlink_to(_run([str(python), "-c", _FFMPEG]).strip())
        stamp.touch()
    return python


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CannotGoOn(f"{' '.join(command[1:4])} failed: {last}")
    return done.stdout
