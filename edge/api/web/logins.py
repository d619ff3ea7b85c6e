"""What people and programs show instead of a password: sessions of browsers, and tokens of programs.

Either is 256 random bits, of which only the SHA-256 is kept: what is as random as that needs no slow hash.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from apsw import Connection

from edge.api.web.access import Person, Role
from edge.api.web.problems import not_found
from edge.ports import Storage

Kind = Literal["session", "token"]
_DAY_S: Final = 86_400.0
IDLE_S: Final = 30 * _DAY_S
"""A session that was not used for so long is over."""
LIFE_S: Final = 180 * _DAY_S
"""Any session is over after this."""
_SEEN_S: Final = 3600.0
"""When something was last used is kept to the hour, so that an SD card isn't written at each request."""
_BYTES: Final = 32
_PREFIX: Final = "hearth_"
"""Tells people, and programs that look for secrets, what it is that they found."""
_MOST: Final = 20
"""Sessions of one person; the one not used for longest goes."""
_COLUMNS: Final = "l.id, l.kind, l.person, p.name, l.label, l.role, l.created, l.seen, l.expires"
_TABLES: Final = "access_login l LEFT JOIN access_person p ON p.id = l.person"


@dataclass(frozen=True, slots=True)
class Login:
    """A session or a token, as it is shown."""

    id: str
    kind: Kind
    person: str | None
    """Id of the account; None for a token that is nobody's."""
    name: str | None
    """Of the person."""
    label: str
    """The browser, or what the token is for."""
    role: Role | None
    """What it is limited to; None: what its person may."""
    created: float
    """Seconds since the epoch, likewise the others."""
    seen: float
    """Last use, to the hour."""
    expires: float | None
    """None: never."""


class Logins:
    """All of them."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._storage, self._now = storage, now

    async def begin(self, person: str, label: str, instead_of: str | None = None) -> str:
        """A session of the account ``person``; ``instead_of``: what the browser had until now, which ends. Returns the
        secret that the browser keeps. Raises StorageError.
        """
        secret, now = secrets.token_urlsafe(_BYTES), self._now()
        row = (secrets.token_hex(8), "session", _hash(secret), person, label, None, now, now, now + LIFE_S)

        def insert(connection: Connection) -> None:
            if instead_of is not None:
                connection.execute("DELETE FROM access_login WHERE hash = ?", (_hash(instead_of),))
            _sweep(connection, now)
            _insert(connection, row)
            eldest = """DELETE FROM access_login WHERE id IN (SELECT id FROM access_login
                WHERE person = ? AND kind = 'session' ORDER BY seen DESC, created DESC LIMIT -1 OFFSET ?)"""
            connection.execute(eldest, (person, _MOST))

        await self._storage.write(insert)
        return secret

    async def make_token(
        self, label: str, role: Role | None, person: str | None, days: float | None = None
    ) -> tuple[Login, str]:
        """A token of ``person``, or of nobody, for ``days``, or for ever. Returns what is kept, and the token, which
        nothing can show again. Raises StorageError.
        """
        secret, now, ident = _PREFIX + secrets.token_urlsafe(_BYTES), self._now(), secrets.token_hex(8)
        expires = now + days * _DAY_S if days is not None else None
        row = (ident, "token", _hash(secret), person, label, role, now, now, expires)

        def insert(connection: Connection) -> Login:
            _sweep(connection, now)
            _insert(connection, row)
            return _get(connection, ident)

        return await self._storage.write(insert), secret

    async def identify(self, kind: Kind, secret: str) -> Person | None:
        """Whose ``secret`` it is; None where it is nobody's, or no more. Raises StorageError."""
        if not secret.isascii():
            return None
        return await self._identified(f"{_IDENTIFY} WHERE l.hash = ? AND l.kind = ?", (_hash(secret), kind))

    async def again(self, login: str) -> Person | None:
        """Whose session or token with the id ``login`` it is by now, likewise."""
        return await self._identified(f"{_IDENTIFY} WHERE l.id = ?", (login,))

    async def all(self, kind: Kind, person: str | None = None) -> list[Login]:
        """Those of ``person``, or of everybody; the latest used first. Raises StorageError."""
        query = f"SELECT {_COLUMNS} FROM {_TABLES} WHERE l.kind = ? AND (? IS NULL OR l.person = ?)"  # noqa: S608
        query += " ORDER BY l.seen DESC, l.id"

        def select(connection: Connection) -> list[Login]:
            return [_login(row) for row in connection.execute(query, (kind, person, person))]

        return [login for login in await self._storage.read(select) if self._lives(login)]

    async def end(self, ident: str, kind: Kind, person: str | None = None) -> None:
        """``person``: whose it must be. Raises Refusal where there is none, StorageError."""

        def delete(connection: Connection) -> None:
            query = "DELETE FROM access_login WHERE id = ? AND kind = ? AND (? IS NULL OR person = ?)"
            connection.execute(query, (ident, kind, person, person))
            if not connection.changes():
                raise not_found(f"such {kind}")

        await self._storage.write(delete)

    async def end_all(self, person: str, but: str = "") -> None:
        """All sessions of ``person``, except the one with the id ``but``. Raises StorageError."""
        query = "DELETE FROM access_login WHERE person = ? AND kind = 'session' AND id != ?"
        await self._storage.write(lambda connection: connection.execute(query, (person, but)).fetchall())

    async def _identified(self, query: str, keys: Sequence[object]) -> Person | None:
        row = await self._storage.read(lambda connection: connection.execute(query, keys).fetchone())
        if row is None:
            return None
        *columns, role, disabled = row
        login = _login(columns)
        if not self._lives(login) or disabled:
            return None
        if abs(self._now() - login.seen) >= _SEEN_S:
            seen = ("UPDATE access_login SET seen = ? WHERE id = ?", (self._now(), login.id))
            await self._storage.write(lambda connection: connection.execute(*seen).fetchall())
        limits = [limit for limit in (role, login.role) if limit is not None]
        if not limits:
            return None
        return Person(login.name or login.label, Role(min(limits)), login.person or "", login.id, login.kind)

    def _lives(self, login: Login) -> bool:
        now = self._now()
        idle = login.kind == "session" and now - login.seen >= IDLE_S
        return not idle and (login.expires is None or now < login.expires)


_IDENTIFY: Final = f"SELECT {_COLUMNS}, p.role, p.disabled FROM {_TABLES}"  # noqa: S608


def _insert(connection: Connection, row: Sequence[object]) -> None:
    connection.execute("INSERT INTO access_login VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", tuple(row))


def _sweep(connection: Connection, now: float) -> None:
    """What is over goes."""
    query = "DELETE FROM access_login WHERE expires <= ? OR kind = 'session' AND seen <= ?"
    connection.execute(query, (now, now - IDLE_S))


def _get(connection: Connection, ident: str) -> Login:
    return _login(connection.execute(f"SELECT {_COLUMNS} FROM {_TABLES} WHERE l.id = ?", (ident,)).get)  # noqa: S608


def _login(row: Sequence[Any]) -> Login:
    ident, kind, person, name, label, role, created, seen, expires = row
    return Login(ident, kind, person, name, label, Role(role) if role else None, created, seen, expires)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
