"""Who asks, and what that person may do."""

import hashlib
import uuid
from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import Depends
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.api.web.places import is_loopback
from edge.api.web.problems import Refusal, respond


class Role(IntEnum):
    """What somebody may do; each may what those before it may."""

    GUEST = 1
    """Talk, and see and switch the house, as anybody may who stands in the room."""
    MEMBER = 2
    """Also turns, timers, lists, routines, memory."""
    OWNER = 3
    """Also settings, people, models, all that is kept, erasing it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    name: str
    role: Role
    id: str = ""
    """Of the account; empty for whoever has none."""
    login: str = ""
    """Of the session or token that says so; empty for whoever needs none."""
    via: Literal["here", "session", "token", "certificate"] = "here"
    """How that is known; ``here``: by asking on the machine itself, while nobody has set a password."""

    @property
    def whose(self) -> str:
        """What tells this person from all others, also from one of the same name; a token may be nobody's, and is not
        the next one for that. Empty while nobody has set a password.
        """
        return self.id or self.login

    def conversation(self, named: str | None) -> str | None:
        """The session that this person calls ``named``, a new one where that is None: whoever else says the same name
        means another one, so that no "yes" answers what somebody else was asked, in the room either. The name that is
        returned may be said as well. While nobody has set a password, all are one.
        """
        if not self.whose:
            return named
        own = hashlib.blake2s(self.whose.encode(), digest_size=4).hexdigest()
        name = named or uuid.uuid4().hex[:12]
        if name.startswith(f"{own}-"):
            return name
        whole = f"{own}-{name}"
        return whole if len(whole) <= LONGEST_SESSION else f"{own}-{hashlib.blake2s(name.encode()).hexdigest()[:32]}"


LONGEST_SESSION: Final = 64
"""Characters of its name."""
SESSION: Final = "session"
ANY_LOGIN: Final = "any"
"""How one is known, in the OpenAPI document: by a session's cookie; or by that or a token."""
NOBODY: Final = None
"""In ``request.state.person``: who asks is not known."""
HERE: Final = Person("here", Role.OWNER)
"""Whoever asks on the machine itself, as long as nobody has set a password."""
_PASSED_ON: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers of proxies: what comes through one comes from somewhere else."""


def person(connection: HTTPConnection) -> Person | None:
    """Who asks, as the middleware has found out before the request came here."""
    found: Person | None = getattr(connection.state, "person", NOBODY)
    return found


def is_near(connection: HTTPConnection) -> bool:
    """Whether it comes from this machine itself, and through no proxy that says so."""
    client, server = connection.client, connection.scope.get("server")
    ends = (client.host if client else "", server[0] if server else "")
    return all(map(is_loopback, ends)) and not any(name in connection.headers for name in _PASSED_ON)


class Needs(SecurityBase):
    """A dependency: refuses whoever may not what ``role`` may. For HTTP and WebSocket."""

    scheme_name = ANY_LOGIN
    """For the OpenAPI document, which says how one is known."""
    model = HTTPBase(scheme="bearer")

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, connection: HTTPConnection) -> Person:
        """Who asks. Raises Refusal."""
        who = person(connection)
        if who is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "who are you?", code="unauthorized", remedy="log in")
        if who.role < self.role:
            raise Refusal(HTTPStatus.FORBIDDEN, f"this takes a {self.role.name.lower()}", code="forbidden")
        return who


class NeedsInPerson(Needs):
    """A dependency: also refuses tokens, so that one that was stolen makes no further ones."""

    scheme_name = SESSION

    def __call__(self, connection: HTTPConnection) -> Person:
        """Who asks. Raises Refusal."""
        who = Needs.__call__(self, connection)
        if who.via in ("token", "certificate"):
            what = f"this takes a person, not a {who.via}"
            raise Refusal(HTTPStatus.FORBIDDEN, what, code="forbidden", remedy="log in")
        if who.via == "here":
            remedy = "set one: `hearth console link`"
            raise Refusal(HTTPStatus.CONFLICT, "no password is set yet", code="no_owner", remedy=remedy)
        return who


class Open:
    """A dependency that says: anybody may."""

    def __call__(self, connection: HTTPConnection) -> Person | None:
        """Who asks, if that is known."""
        return person(connection)


Anybody = Annotated[Person | None, Depends(Open())]
"""As the type of a parameter: who asks, if that is known; everybody may, also from elsewhere."""
Guest = Annotated[Person, Depends(Needs(Role.GUEST))]
Member = Annotated[Person, Depends(Needs(Role.MEMBER))]
Owner = Annotated[Person, Depends(Needs(Role.OWNER))]
"""As the type of a parameter: who asks, and has at least that role."""

OwnerInPerson = Annotated[Person, Depends(NeedsInPerson(Role.OWNER))]
MemberInPerson = Annotated[Person, Depends(NeedsInPerson(Role.MEMBER))]
GuestInPerson = Annotated[Person, Depends(NeedsInPerson(Role.GUEST))]
"""Likewise, of somebody with an account who has logged in."""


class Requires:
    """ASGI: an application that takes a role, where it is mounted as a whole."""

    def __init__(self, app: ASGIApp, role: Role) -> None:
        self._app, self.needs = app, Needs(role)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] in ("http", "websocket"):
            try:
                self.needs(HTTPConnection(scope))
            except Refusal as refused:
                await respond_to(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def respond_to(refused: Refusal) -> ASGIApp:
    """The answer to what is refused before it comes to any route."""
    return respond(
        refused.status_code, refused.detail, code=refused.code, remedy=refused.remedy, **(refused.headers or {})
    )
