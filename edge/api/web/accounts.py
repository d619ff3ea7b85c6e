"""The people who may use the console, as they are kept."""

import time
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from apsw import Connection

from edge.api.web.access import Role
from edge.api.web.claims import claimed
from edge.api.web.passwords import Passwords, check
from edge.api.web.problems import Refusal, not_found
from edge.ports import Storage

STEPS: Final = (
    """CREATE TABLE access_person (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, role INTEGER NOT NULL, password TEXT,
        disabled INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL
    ) WITHOUT ROWID""",
    # A session or a token: of what its holder shows, only the hash is kept.
    """CREATE TABLE access_login (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
        person TEXT REFERENCES access_person (id) ON DELETE CASCADE, label TEXT NOT NULL, role INTEGER,
        created REAL NOT NULL, seen REAL NOT NULL, expires REAL
    ) WITHOUT ROWID""",
)
"""Tables of people, and of what they log in with (:mod:`edge.api.web.logins`), as each looks into the other."""
LONGEST_NAME: Final = 60
_COLUMNS: Final = "id, name, role, password IS NOT NULL, disabled, created"


@dataclass(frozen=True, slots=True)
class Account:
    """One of the people."""

    id: str
    name: str
    role: Role
    has_password: bool
    """False: can't log in yet."""
    disabled: bool
    """True: neither logins nor tokens are good for anything."""
    created: float
    """Seconds since the epoch."""


class Accounts:
    """All of them. What is changed here ends what it ends for whoever asks next."""

    def __init__(self, storage: Storage, passwords: Passwords, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._storage, self._passwords, self._now = storage, passwords, now

    async def prepare(self) -> None:
        """To be called first. Raises StorageError."""
        await self._storage.migrate("access", STEPS)

    async def claimed(self) -> bool:
        """Whether anybody can show who they are: a password is set, or there is a token. Raises StorageError."""
        return await claimed(self._storage)

    async def owned(self) -> bool:
        """Whether there is an owner who can log in. Raises StorageError."""
        return await self._storage.read(lambda connection: _owners(connection) > 0)

    async def all(self) -> list[Account]:
        """By name. Raises StorageError."""
        query = f"SELECT {_COLUMNS} FROM access_person ORDER BY folded"  # noqa: S608
        return await self._storage.read(lambda connection: list(map(_account, connection.execute(query))))

    async def get(self, ident: str) -> Account:
        """The one with that id. Raises Refusal, StorageError."""
        return await self._storage.read(lambda connection: _get(connection, ident))

    async def named(self, name: str) -> Account | None:
        """The one of that name, however it is written. Raises StorageError."""
        query = f"SELECT {_COLUMNS} FROM access_person WHERE folded = ?"  # noqa: S608
        row = await self._storage.read(lambda connection: connection.execute(query, (folded(name),)).fetchone())
        return _account(row) if row else None

    async def add(self, name: str, role: Role, password: str | None) -> Account:
        """Raises Refusal for a name that is taken, a password that is weak, and for whoever would be the first without
        being an owner who can log in; StorageError.
        """
        name = _tidy(name)
        kept = await self._new(password, name) if password is not None else None
        ident, now = uuid.uuid4().hex, self._now()

        def insert(connection: Connection) -> Account:
            _free(connection, name)
            if not _owners(connection) and (role is not Role.OWNER or kept is None):
                raise Refusal(HTTPStatus.CONFLICT, "the first one is an owner with a password", code="no_owner")
            row = (ident, name, folded(name), role, kept, now)
            connection.execute("INSERT INTO access_person VALUES (?, ?, ?, ?, ?, 0, ?)", row)
            return _get(connection, ident)

        return await self._storage.write(insert)

    async def change(
        self, ident: str, *, name: str | None = None, role: Role | None = None, disabled: bool | None = None
    ) -> Account:
        """What is None stays. Raises Refusal when nobody could own the house any more, or for a name that is taken;
        StorageError.
        """
        name = _tidy(name) if name is not None else None

        def update(connection: Connection) -> Account:
            account, owners = _get(connection, ident), _owners(connection)
            if name is not None and folded(name) != folded(account.name):
                _free(connection, name)
            written = name or account.name
            row = (written, folded(written), role or account.role, account.disabled if disabled is None else disabled)
            connection.execute(
                "UPDATE access_person SET name = ?, folded = ?, role = ?, disabled = ? WHERE id = ?", (*row, ident)
            )
            _keep_an_owner(connection, owners)
            return _get(connection, ident)

        return await self._storage.write(update)

    async def set_password(self, ident: str, password: str, *, but: str = "") -> None:
        """From now on. Sessions end, but the one with the id ``but``. Raises Refusal for a weak one, StorageError."""
        kept = await self._new(password, (await self.get(ident)).name)

        def update(connection: Connection) -> None:
            connection.execute("UPDATE access_person SET password = ? WHERE id = ?", (kept, ident))
            end = "DELETE FROM access_login WHERE person = ? AND kind = 'session' AND id != ?"
            connection.execute(end, (ident, but))

        await self._storage.write(update)

    async def remove(self, ident: str) -> None:
        """With all sessions and tokens. Raises Refusal when nobody could own the house any more, StorageError."""

        def delete(connection: Connection) -> None:
            owners = _owners(connection)
            _get(connection, ident)
            connection.execute("DELETE FROM access_person WHERE id = ?", (ident,))
            _keep_an_owner(connection, owners)

        await self._storage.write(delete)

    async def authenticate(self, name: str, password: str) -> Account | None:
        """Who logs in with these; None where either is wrong, after the same time. Raises Refusal when too many try,
        StorageError.
        """
        query = f"SELECT {_COLUMNS}, password FROM access_person WHERE folded = ?"  # noqa: S608
        row = await self._storage.read(lambda connection: connection.execute(query, (folded(name),)).fetchone())
        kept: str | None = row[-1] if row else None
        right = await self._passwords.matches(kept, password)
        if not right or row is None or kept is None:
            return None
        account = _account(row[:-1])
        if account.disabled:
            return None
        if self._passwords.outdated(kept):
            anew = (await self._passwords.hash(password), account.id, kept)
            replace = "UPDATE access_person SET password = ? WHERE id = ? AND password = ?"
            await self._storage.write(lambda connection: connection.execute(replace, anew).fetchall())
        return account

    async def _new(self, password: str, name: str) -> str:
        check(password, name)
        return await self._passwords.hash(password)


def _get(connection: Connection, ident: str) -> Account:
    row = connection.execute(f"SELECT {_COLUMNS} FROM access_person WHERE id = ?", (ident,)).fetchone()  # noqa: S608
    if row is None:
        raise not_found("such person")
    return _account(row)


def _account(row: Sequence[Any]) -> Account:
    ident, name, role, has_password, disabled, created = row
    return Account(ident, name, Role(role), bool(has_password), bool(disabled), created)


def _owners(connection: Connection) -> int:
    """How many there are who can log in."""
    query = "SELECT count(*) FROM access_person WHERE role = ? AND password IS NOT NULL AND NOT disabled"
    count: int = connection.execute(query, (Role.OWNER,)).get
    return count


def _keep_an_owner(connection: Connection, before: int) -> None:
    if before and not _owners(connection):
        raise Refusal(
            HTTPStatus.CONFLICT, "nobody could change anything any more", code="last_owner", remedy="name another owner"
        )


def _free(connection: Connection, name: str) -> None:
    if connection.execute("SELECT 1 FROM access_person WHERE folded = ?", (folded(name),)).fetchone():
        raise Refusal(HTTPStatus.CONFLICT, f"there is already somebody called {name}", code="name_taken")


def _tidy(name: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        what = f"a name has 1 to {LONGEST_NAME} characters"
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, what, code="malformed")
    return name


def folded(name: str) -> str:
    """The same for a name however it is written, and for one that looks the same."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()
