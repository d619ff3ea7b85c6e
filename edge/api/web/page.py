"""The page's own files."""

from pathlib import Path
from typing import Final

from starlette.staticfiles import StaticFiles

FOLDER: Final = Path(__file__).parents[2] / "console" / "static"


def files() -> StaticFiles:
    """Serves them; ``/`` is ``index.html``."""
    return StaticFiles(directory=FOLDER, html=True)
