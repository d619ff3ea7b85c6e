"""The store, as SQL that means the same in SQLite and in PostgreSQL.

SQLite is what ``hearth-cloud serve`` uses without any configuration; PostgreSQL is for more than one machine holds.
One transaction does one thing as a whole: when it returns, what it wrote survives a power cut.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final

from sqlalchemy import Connection, ExceptionContext, MetaData, event, text
from sqlalchemy.exc import DataError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

metadata: Final = MetaData()
"""All tables of the bridge."""
HOUSES: Final = "house = ANY (current_setting('hearth.houses', true)::text[])"
"""SQL of PostgreSQL: whether a row belongs to the houses of the transaction. Several are in one where batches of
several devices are committed together."""
WORKER: Final = "hearth_worker"
"""The role of PostgreSQL that workers take: see :mod:`cloud_sync.server.isolation`."""
_OF_HOUSES: Final = text(
    "SELECT set_config('hearth.houses', CAST(CAST(:houses AS text[]) AS text), true),"
    " set_config('hearth.keys', CAST(CAST(:keys AS text[]) AS text), true)"
)
_POOL: Final = 16


class Database:
    """A pool of connections. Use as an async context manager."""

    def __init__(self, url: str, *, worker: bool = False) -> None:
        """``url``: ``sqlite+aiosqlite:///FILE`` or ``postgresql+psycopg://USER@HOST/NAME``. ``worker``: it serves
        devices, and may do nothing to rows of houses that a transaction does not name.
        """
        self.engine: AsyncEngine = _postgres(url, worker) if url.startswith("postgresql") else _sqlite(url)

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL."""
        return self.engine.dialect.name == "postgresql"

    async def __aenter__(self) -> "Database":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.engine.dispose()

    @asynccontextmanager
    async def transaction(self, *houses: str, keys: Sequence[str] = ()) -> AsyncIterator[AsyncConnection]:
        """Commits at the end of the block, and undoes everything when it is left by an exception. One in another's
        block would wait for it for ever in SQLite, which has one connection.

        ``houses``: the only ones whose rows are seen and written (row-level security, where the store has it: its
        policies compare with :data:`HOUSES`); none: for what belongs to no house. ``keys``: what rows are looked up by
        whose house is not known yet: a device's id, the hash of a token or a code.
        """
        async with self.engine.begin() as connection:
            if self.is_postgres:
                await connection.execute(_OF_HOUSES, {"houses": list(houses), "keys": list(keys)})
            yield connection


def _sqlite(url: str) -> AsyncEngine:
    # One connection: SQLite has one writer anyway, and one connection has no WAL-reset race (see SYNC: apsw).
    engine = create_async_engine(url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # Python's own way begins transactions late and knows no savepoints.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL: in WAL mode NORMAL may lose the last commits at a power cut, and those were acknowledged.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.execute("PRAGMA busy_timeout = 5000")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine.sync_engine, "handle_error")
    def _failed(context: ExceptionContext) -> None:
        # A number of more than 64 bits is Python's error here, and a DataError in PostgreSQL: whoever sends one is to
        # be refused alike, and not to end what serves all the others.
        if isinstance(error := context.original_exception, OverflowError):
            raise DataError(context.statement, None, error)

    return engine


def _postgres(url: str, worker: bool) -> AsyncEngine:
    # Not by a statement: nothing can take the role back.
    options = {"options": f"-c role={WORKER}"} if worker else {}
    return create_async_engine(url, pool_size=_POOL, max_overflow=0, pool_pre_ping=True, connect_args=options)
