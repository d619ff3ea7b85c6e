"""``/v1/login``, ``/v1/logout``, ``/v1/me``, ``/v1/sessions``, ``/v1/tickets``: logging in and out."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request, Response

from edge.api.web.access import Anybody, Guest, GuestInPerson, Person, Role, is_near
from edge.api.web.accounts import Account, folded
from edge.api.web.bodies import Body
from edge.api.web.entrance import COOKIE, SECURE_COOKIE, Entrance, is_secure, session_of
from edge.api.web.limits import source
from edge.api.web.listing import Listed, Page, cut
from edge.api.web.logins import LIFE_S, Login
from edge.api.web.people import Name, Password, RoleName, name_of
from edge.api.web.problems import Refusal
from edge.api.web.tickets import LIFE_S as TICKET_S


class Credentials(Body):
    """What somebody logs in with."""

    name: Name
    password: Password


class Me(Body):
    """Who asks."""

    name: str
    role: RoleName
    id: str
    """Of the account; empty for whoever has none."""
    via: Literal["here", "session", "token", "certificate"]
    """``here``: on the machine itself, while nobody has set a password."""


class NewPassword(Body):
    """One's own."""

    old: Password
    new: Password


class Session(Body):
    """A browser that somebody is logged in with."""

    id: str
    name: str
    """Whose it is."""
    label: str
    """The browser, as it calls itself."""
    created: float
    """Seconds since the epoch."""
    seen: float
    """Last use, to the hour."""
    this: bool
    """Whether it is the one that asks."""


class Ticket(Body):
    """For one WebSocket."""

    ticket: str
    seconds: float
    """How long it is good."""


def router(entrance: Entrance) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["people"])
    logins = entrance.logins

    @routes.post("/login", summary="Log in")
    async def login(said: Credentials, request: Request, response: Response, _: Anybody) -> Me:
        """Gives the browser a cookie. Whoever is wrong a few times waits, and longer each time: 429."""
        account = await _authenticated(entrance, request, said.name, said.password.get_secret_value())
        if account is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "the name or the password is wrong", code="wrong_login")
        await begin_session(entrance, request, response, account)
        return Me(name=account.name, role=name_of(account.role), id=account.id, via="session")

    @routes.post("/logout", status_code=204, summary="Log out")
    async def logout(response: Response, who: GuestInPerson) -> None:
        """The session is over, also on the device."""
        await logins.end(who.login, "session")
        for name in (COOKIE, SECURE_COOKIE):
            response.delete_cookie(name, secure=name == SECURE_COOKIE, httponly=True, samesite="strict")
        await entrance.changed()

    @routes.get("/me", summary="Who asks")
    async def me(who: Guest) -> Me:
        """401: nobody who is known."""
        return Me(name=who.name, role=name_of(who.role), id=who.id, via=who.via)

    @routes.post("/me/password", status_code=204, summary="Change one's own password")
    async def change_password(said: NewPassword, request: Request, response: Response, who: GuestInPerson) -> None:
        """All one's other sessions end, and this one goes on under another cookie."""
        if await _authenticated(entrance, request, who.name, said.old.get_secret_value()) is None:
            raise Refusal(HTTPStatus.FORBIDDEN, "the old password is wrong", code="wrong_login")
        await entrance.accounts.set_password(who.id, said.new.get_secret_value(), but=who.login)
        await begin_session(entrance, request, response, await entrance.accounts.get(who.id))
        await entrance.changed()

    @routes.get("/sessions", summary="Where one is logged in")
    async def sessions(asked: Listed, who: GuestInPerson, everybody: bool = False) -> Page[Session]:
        """`everybody`: all people's, for an owner."""
        whose = None if everybody and who.role >= Role.OWNER else who.id
        given, after = cut(await logins.all("session", whose), lambda one: one.id, asked)
        return Page(items=[_session(one, who) for one in given], next=after)

    @routes.delete("/sessions", status_code=204, summary="Log out everywhere else")
    async def end_sessions(who: GuestInPerson) -> None:
        """All one's sessions but this one."""
        await logins.end_all(who.id, but=who.login)
        await entrance.changed()

    @routes.delete("/sessions/{session}", status_code=204, summary="Log out somewhere")
    async def end_session(session: str, who: GuestInPerson) -> None:
        """One's own, or for an owner anybody's."""
        await logins.end(session, "session", None if who.role >= Role.OWNER else who.id)
        await entrance.changed()

    @routes.post("/tickets", summary="A ticket for a WebSocket")
    async def ticket(who: Guest) -> Ticket:
        """For programs that can't send headers with one: `?ticket=…`, once. Browsers send their cookie instead."""
        return Ticket(ticket=entrance.tickets.give(who), seconds=TICKET_S)

    return routes


async def begin_session(entrance: Entrance, request: Request, response: Response, account: Account) -> None:
    """The browser is logged in as ``account``: under a new secret, whatever it had until now. Raises StorageError."""
    label = " ".join(request.headers.get("user-agent", "").split())[:200]
    secret = await entrance.logins.begin(account.id, label, session_of(request))
    secure = is_secure(request)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        secret,
        max_age=int(LIFE_S),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


async def _authenticated(entrance: Entrance, request: Request, name: str, password: str) -> Account | None:
    """Raises Refusal while whoever asks has to wait."""
    origin, whose = source(request), folded(name)
    # Where somebody has logged in before, only what is tried there counts.
    with_name = () if is_near(request) or (whose, origin) in entrance.known else (whose,)
    entrance.tried_from.begin(origin)
    entrance.tried_for.begin(*with_name)
    account = await entrance.accounts.authenticate(name, password)
    if account is not None:
        entrance.tried_from.right(origin)
        entrance.tried_for.right(*with_name)
        entrance.known.add(whose, origin)
    return account


def _session(login: Login, who: Person) -> Session:
    return Session(
        id=login.id,
        name=login.name or "",
        label=login.label,
        created=login.created,
        seen=login.seen,
        this=login.id == who.login,
    )
