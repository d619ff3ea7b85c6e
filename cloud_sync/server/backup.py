"""A copy of the store that survives it. What is in it, devices need not keep any longer: the watermark says so.

A store that is restored from a backup has a new epoch, by which the devices know that it lacks what came after, and
send it again.
"""

import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import URL, bindparam, make_url, select, text, update

from cloud_sync.server.database import Database
from cloud_sync.server.tables import store, stream

_AT_ONCE: Final = 1_000


class BackupError(Exception):
    """Why there is none."""


async def backup(url: str, file: Path) -> int:
    """Write ``file``, then move the watermark. Returns the number of incarnations that it covers. The bridge may be
    running. Raises BackupError, and OSError.
    """
    if file.exists():
        raise BackupError(f"{file} is there already")
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    parsed = make_url(url)
    is_postgres = parsed.get_backend_name() == "postgresql"
    covered = await _dump(url, parsed, part) if is_postgres else _copy(Path(parsed.database or ""), part)
    _sync(part)
    part.rename(file)
    _sync(file.parent)
    # Only now: what the watermark has passed, devices forget.
    await _move_watermark(url, covered)
    return len(covered)


async def restore(url: str, file: Path) -> str:
    """Make an empty store from ``file``. Returns its new epoch. Raises BackupError, and OSError."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        _run(["pg_restore", "--no-owner", "--exit-on-error", "-d", parsed.database or "", str(file)], parsed)
    else:
        target = Path(parsed.database or "")
        if target.exists():
            raise BackupError(f"{target} is there already: move it away first")
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(file, part)
        _sync(part)
        part.rename(target)
    return await new_epoch(url)


async def new_epoch(url: str) -> str:
    """Have devices send again what the store may lack."""
    epoch = secrets.token_hex(8)
    async with Database(url) as database, database.transaction() as connection:
        await connection.execute(update(store).values(epoch=epoch))
    return epoch


def _copy(source: Path, file: Path) -> list[tuple[str, str, int]]:
    if not source.exists():
        raise BackupError(f"{source}: there is no store")
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as connection:
            connection.execute("VACUUM INTO ?", (str(file),))
        with closing(sqlite3.connect(file)) as connection:
            return connection.execute("SELECT device, incarnation, acked FROM stream").fetchall()
    except sqlite3.Error as error:
        raise BackupError(f"{source} can't be copied: {error}") from None


async def _dump(url: str, parsed: URL, file: Path) -> list[tuple[str, str, int]]:
    # What the copy holds and what the watermark is moved to are seen in one snapshot.
    async with Database(url) as database, database.engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        snapshot = (await connection.execute(text("SELECT pg_export_snapshot()"))).scalar_one()
        _run(["pg_dump", "-Fc", f"--snapshot={snapshot}", "-f", str(file), "-d", parsed.database or ""], parsed)
        rows = await connection.execute(select(stream.c.device, stream.c.incarnation, stream.c.acked))
        return [(row.device, row.incarnation, row.acked) for row in rows]


def _run(command: list[str], parsed: URL) -> None:
    given = {"PGHOST": parsed.host, "PGPORT": parsed.port, "PGUSER": parsed.username}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
    environment |= {name: str(value) for name, value in given.items() if value is not None}
    # By a file of our own: what is in the arguments everybody on the machine can read, and what is in the environment
    # is told on to whatever the program starts. https://www.postgresql.org/docs/current/libpq-pgpass.html
    with tempfile.NamedTemporaryFile("w", prefix="hearth-pgpass-", encoding="utf-8") as passwords:
        if parsed.password is not None:
            passwords.write(pgpass(parsed.password))
            passwords.flush()
            environment["PGPASSFILE"] = passwords.name
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{command[0]} failed")


def pgpass(password: str) -> str:
    """A password file that has ``password`` for every server, as libpq reads it."""
    escaped = password.replace("\\", r"\\").replace(":", r"\:")
    return f"*:*:*:*:{escaped}\n"


async def _move_watermark(url: str, covered: list[tuple[str, str, int]]) -> None:
    of = (stream.c.device == bindparam("of_device"), stream.c.incarnation == bindparam("of_incarnation"))
    statement = update(stream).where(*of).values(watermark=bindparam("up_to"))
    async with Database(url) as database:
        for start in range(0, len(covered), _AT_ONCE):
            some = covered[start : start + _AT_ONCE]
            rows = [{"of_device": name, "of_incarnation": part, "up_to": acked} for name, part, acked in some]
            async with database.transaction() as connection:
                if not database.is_postgres:
                    # Another process has the file open, and checkpoints it; two that do are a risk (see SYNC).
                    await connection.execute(text("PRAGMA wal_autocheckpoint = 0"))
                await connection.execute(statement, rows)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
