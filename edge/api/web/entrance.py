"""Who may come in, and from where: what all requests pass by, and what people change about it."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from starlette.requests import HTTPConnection

from edge.api.web.access import HERE, Person, is_near
from edge.api.web.accounts import Accounts
from edge.api.web.attempts import Attempts, Known
from edge.api.web.hosts import Names, from_elsewhere
from edge.api.web.limits import Rates
from edge.api.web.live_connections import LiveConnections
from edge.api.web.logins import Logins
from edge.api.web.passwords import Passwords
from edge.api.web.setup_code import LIFE_S, SetupCode
from edge.api.web.tickets import Tickets
from edge.errors import AssistantError
from edge.ports import Storage
from edge.sections import ApiSettings

COOKIE: Final = "hearthside"
SECURE_COOKIE: Final = "__Host-hearthside"
"""A browser takes a cookie of such a name by HTTPS alone, and gives it to nobody but who set it: RFC 6265bis, 4.1.3."""
PEER: Final = "peer"
"""In ``request.state``: the common name of the certificate that the other end has shown, empty without one."""
_BEARER: Final = "bearer "
_FREE_FOR_ACCOUNT: Final = 50
"""Whoever guesses at one account from many places is slowed, too; later, as that keeps out whom it belongs to."""

_LOOK_S: Final = 30.0
_RENEW_LOOKS: Final = 20
"""Every ten minutes: by then a new address of the machine is to be in the certificate."""


class Entrance:
    """All that decides who somebody is, and whether the network reaches us."""

    def __init__(
        self,
        storage: Storage,
        api: ApiSettings,
        passwords: Passwords | None = None,
        now: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """``now``: seconds since the epoch; ``elapsed``: seconds that no clock that is set changes."""
        passwords = passwords or Passwords()
        self.accounts, self.logins = Accounts(storage, passwords, now), Logins(storage, now)
        self.code, self.tickets = SetupCode(elapsed), Tickets(elapsed)
        self.tried_from, self.tried_for = Attempts(elapsed), Attempts(elapsed, free=_FREE_FOR_ACCOUNT)
        self.known = Known()
        self.names = Names(tuple(name.lower() for name in api.allow_hosts))
        self.live, self.rates = LiveConnections(), Rates()
        self.reach: Callable[[bool], Awaitable[None]] = _nowhere
        """Called with whether the network may reach us; returns when that is so."""
        self.tls_port = 0
        """Where the network reaches us; 0: nowhere."""
        self._elapsed, self._open_until = elapsed, 0.0
        self._one = anyio.Lock()

    def link(self) -> str:
        """A new code for the first owner; until it is void, the network reaches what sets the first password. Call
        :meth:`changed` after it.
        """
        self._open_until = self._elapsed() + LIFE_S
        return self.code.new()

    async def changed(self) -> None:
        """What is kept about people and logins is not what it was: ends what that ends, and returns when whoever may
        reach us now can. Raises StorageError.
        """
        async with self._one:
            window = self.code.good and self._elapsed() < self._open_until
            self._open_until = self._open_until if window else 0.0
            await self.reach(window or await self.accounts.claimed())
            await self.live.look(self._still)

    async def keep(self, renew: Callable[[], Awaitable[object]], report: Callable[[AssistantError], None]) -> None:
        """Ends what has run out, also where nobody asks; runs until it is cancelled. ``renew``: called now and then;
        ``report`` is told what fails.
        """
        looks = 0
        while True:
            await anyio.sleep(_LOOK_S)
            looks += 1
            try:
                if self._open_until or self.live:
                    await self.changed()
                if self.tls_port and looks % _RENEW_LOOKS == 0:
                    await renew()
            except AssistantError as error:
                report(error)

    async def who(self, connection: HTTPConnection) -> Person | None:
        """Who asks; None for anybody else. Raises StorageError."""
        said = connection.headers.get("authorization", "")
        if said[: len(_BEARER)].lower() == _BEARER:
            found = await self.logins.identify("token", said[len(_BEARER) :].strip())
            # Many programs can't be without a key; where nobody needs one, a made-up one does no harm.
            return found or await self._here(connection)
        if connection.scope["type"] == "websocket" and (ticket := connection.query_params.get("ticket")):
            given = self.tickets.take(ticket)
            # Whoever it was given to may have been turned out since.
            return await self._still(given) if given is not None else None
        # What follows, a browser sends along unasked.
        if from_elsewhere(connection):
            return None
        if (secret := session_of(connection)) and (found := await self.logins.identify("session", secret)) is not None:
            return found
        if name := getattr(connection.state, PEER, ""):
            return await self._certified(name)
        return await self._here(connection)

    async def _certified(self, name: str) -> Person | None:
        """Who shows a certificate with that common name."""
        account = await self.accounts.named(name)
        if account is None or account.disabled:
            return None
        return Person(account.name, account.role, account.id, via="certificate")

    async def _here(self, connection: HTTPConnection) -> Person | None:
        """As long as nobody has set a password, whoever is on this machine needs none."""
        near = is_near(connection) and not from_elsewhere(connection)
        return HERE if near and not await self.accounts.claimed() else None

    async def _still(self, who: Person) -> Person | None:
        if who.login:
            return await self.logins.again(who.login)
        if who.via == "certificate":
            return await self._certified(who.name)
        return who if who == HERE and not await self.accounts.claimed() else None


def is_secure(connection: HTTPConnection) -> bool:
    """Whether nobody in between can read it."""
    return connection.scope["scheme"] in ("https", "wss")


def session_of(connection: HTTPConnection) -> str | None:
    """What its cookie says."""
    return connection.cookies.get(SECURE_COOKIE if is_secure(connection) else COOKIE)


async def _nowhere(_: bool) -> None:
    """Where there is nothing to listen on."""
