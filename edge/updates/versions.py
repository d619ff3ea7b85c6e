"""The links that say which release runs. Each changes by one rename: at any instant it leads to something whole."""

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

from edge.updates.errors import UpdateError
from edge.updates.places import Places
from edge.updates.word import State, leave, sync_folder, taken

DONE: Final = ".installed"
"""Is there once a release is complete; nothing points to one without it."""
_ANYBODY: Final = 0o644


def point(link: Path, release: Path) -> None:
    """From now on ``link`` leads to ``release``, after a power cut as well. Raises OSError."""
    beside = link.with_name(f"{link.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(release)
    beside.replace(link)
    sync_folder(link.parent)


def led_to(link: Path) -> str:
    """Name of the release that ``link`` leads to; empty where it is not there, or leads nowhere."""
    return link.readlink().name if link.is_symlink() and (link / DONE).exists() else ""


def installed(places: Places) -> str:
    """The release that is started. Raises UpdateError where it was installed in another way."""
    if name := led_to(places.current):
        return name
    what, remedy = "this installation can't be updated by itself", "docs/install.md says how it is updated"
    raise UpdateError(what, remedy, permanent=True)


def state(places: Places) -> State:
    """How far root's part is."""
    return taken(places.state, State) or State()


def keep(places: Places, now: State) -> None:
    """From now on it is so. Raises OSError."""
    places.own.mkdir(parents=True, exist_ok=True)
    leave(places.state, now, _ANYBODY)


def prune(places: Places, now: State, among: Collection[str] | None = None) -> None:
    """Remove releases that nothing can come back to: all but the one that runs, the proven one, the one before it, and
    one that lies ready. ``among``: no others than these. Raises OSError.
    """
    kept = {led_to(places.current), led_to(places.proven), now.previous, now.laid}
    if now.trial is not None:
        kept |= {now.trial.release, now.trial.before}
    for folder in places.releases.iterdir():
        if folder.name not in kept and (among is None or folder.name in among) and folder.is_dir():
            # What is half removed must not look whole.
            (folder / DONE).unlink(missing_ok=True)
            shutil.rmtree(folder)
