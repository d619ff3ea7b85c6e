"""Brings the store to the shape that this program needs, when it starts: all steps or none."""

import secrets
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.server import tables
from cloud_sync.server.database import Database
from cloud_sync.server.isolation import isolate

_LOCK: Final = 0x68656172
"""Of PostgreSQL's advisory locks: workers that start at the same moment migrate one after another."""


class StoreTooNew(Exception):
    """A newer program has changed the store; this one would not understand it."""


async def migrate(database: Database) -> None:
    """Returns when the store is up to date. A crash leaves the old or the new one. Raises StoreTooNew."""
    async with database.transaction() as connection:
        if database.is_postgres:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade)
        await connection.run_sync(isolate)
        await _identity(connection)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    steps = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if (current := MigrationContext.configure(connection).get_current_revision()) is not None and current not in steps:
        raise StoreTooNew(f"the store is at {current}, which this program does not know: update hearth-cloud")
    command.upgrade(config, "head")


async def _identity(connection: AsyncConnection) -> None:
    if (await connection.execute(select(tables.store.c.one))).first() is None:
        row = {"one": 1, "server": secrets.token_hex(8), "epoch": secrets.token_hex(8)}
        await connection.execute(insert(tables.store).values(row))
