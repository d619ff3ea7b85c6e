"""What is looked after at night: the database, the models, and what was set aside or left lying around."""

import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

from edge.at_rest import DATABASE
from edge.database import Database
from edge.errors import StorageError
from models.store import Condition, Store

_log = logging.getLogger("hearth")

KEEP_DAMAGED_DAYS: Final = 30.0
"""How long a database that was set aside is kept for whoever wants to save something of it."""
KEEP_PARTS_DAYS: Final = 7.0
"""How long a download that was broken off is kept, to be gone on with."""
_DAY_S: Final = 86_400.0
_WORTHWHILE: Final = 0.25
"""Rewriting a file wears the card: only where it gets smaller by so much of it, and by so many bytes."""
_WORTHWHILE_BYTES: Final = 4_000_000


async def look_after_database(file: Path) -> None:
    """Check every page and index, have the planner learn, bring the log into the file, and give back free pages where
    that is worth it; the assistant may run meanwhile. Raises StorageError for a damaged file: at its next start the
    assistant sets it aside.
    """
    if not file.exists():
        return
    async with Database(file, checkpoints=False) as database:
        found = await database.read(_check)
        if found != ["ok"]:
            raise StorageError(f"{file} is damaged: {found[0]}", "restart the assistant, which then begins a new one")
        _log.info("%s: %s", file.name, await database.read(_tidy))


def _check(connection: apsw.Connection) -> list[str]:
    return [str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)")]


def _tidy(connection: apsw.Connection) -> str:
    """What was done, in words."""
    connection.execute("PRAGMA optimize")
    done = ["sound"]
    pages, free, size = (_pragma(connection, name) for name in ("page_count", "freelist_count", "page_size"))
    if free > _WORTHWHILE * pages and free * size > _WORTHWHILE_BYTES:
        connection.execute("VACUUM")
        done.append(f"{free * size / 1e6:.0f} MB given back")
    try:
        # Passive would stop at a reader; the log would stay as long as it once grew.
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        done.append("the log is in use and stays as it is")
    return ", ".join(done)


def _pragma(connection: apsw.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").get
    return value


def damaged_models(store: Store) -> list[str]:
    """Ids of those that are there and are not what they were, by every byte: a card forgets, and a model that has lost
    a few only hears worse.
    """
    whole = [model for model in store.manifest.models if store.inspect(model)[0] is Condition.OK]
    return [model.id for model in whole if store.verify(model)[0] is Condition.DAMAGED]


def outdated(data_dir: Path, models_dir: Path, now: float) -> Iterator[Path]:
    """Files and folders that nobody needs any more. ``now``: seconds since the epoch."""
    for pattern, folder, days in (
        (f"{DATABASE}.damaged-*", data_dir, KEEP_DAMAGED_DAYS),
        (".downloads/*", models_dir, KEEP_PARTS_DAYS),
        (".*.part", data_dir, KEEP_PARTS_DAYS),
    ):
        for path in folder.glob(pattern):
            # The clock of a board may have been in 1970, or ahead: what is from the future is not old.
            if now - path.lstat().st_mtime > days * _DAY_S:
                yield path


def clear(data_dir: Path, models_dir: Path) -> list[str]:
    """Remove what is outdated. Returns the names of what was removed; what can't be is told in the log."""
    removed = []
    for path in list(outdated(data_dir, models_dir, time.time())):
        try:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        except OSError as error:
            _log.warning("%s can't be removed: %s", path, error.strerror)
        else:
            removed.append(path.name)
    return removed
