"""aiosqlite without its thread: SQLite in this one, so that one seed gives one order of everything."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection

from cloud_sync.server.database import Database
from tests.faults.process import Process


def inline(database: Database, file: Path, process: Process, committing: Callable[[Callable[[], None]], None]) -> None:
    """``database``, which is of ``file``, works in this thread, and dies with ``process``. ``committing`` is given
    what commits.
    """

    @event.listens_for(database.engine.sync_engine, "do_connect")
    def connect(dialect: Any, _record: object, _arguments: object, _options: object) -> AsyncAdapt_aiosqlite_connection:
        connection = sqlite3.connect(file, check_same_thread=False)
        return AsyncAdapt_aiosqlite_connection(dialect.dbapi, _Connection(connection, process, committing))


class _Connection:
    """What SQLAlchemy needs of ``aiosqlite.Connection``."""

    def __init__(
        self, connection: sqlite3.Connection, process: Process, committing: Callable[[Callable[[], None]], None]
    ) -> None:
        self._conn = self._connection = connection
        self.process, self._committing = process, committing
        self._tx = self

    def put_nowait(self, work: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        """For what SQLAlchemy hands to the thread."""
        future, function = work
        future.set_result(function())

    @property
    def isolation_level(self) -> str | None:
        return self._conn.isolation_level

    def cursor(self) -> "_Cursor":
        return _Cursor(self, self._conn.cursor())

    async def execute_fetchall(self, sql: str, parameters: Any = ()) -> list[Any]:
        self.process.point("before a statement")
        return self._conn.execute(sql, parameters).fetchall()

    async def commit(self) -> None:
        self.process.point("before commit")
        self._committing(self._conn.commit)
        self.process.point("after commit")

    async def rollback(self) -> None:
        if not self.process.is_dead:
            self._conn.rollback()

    async def close(self) -> None:
        self._conn.close()

    def stop(self) -> None:
        self._conn.close()

    async def create_function(self, *arguments: Any, **options: Any) -> None:
        self._conn.create_function(*arguments, **options)


class _Cursor:
    def __init__(self, connection: _Connection, cursor: sqlite3.Cursor) -> None:
        self._connection, self._cursor = connection, cursor

    async def __aenter__(self) -> "_Cursor":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cursor.close()

    async def execute(self, sql: str, parameters: Any = ()) -> "_Cursor":
        self._connection.process.point("before a statement")
        self._cursor.execute(sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Any) -> "_Cursor":
        self._connection.process.point("before statements")
        self._cursor.executemany(sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid
