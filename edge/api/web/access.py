"""Who asks, and what that person may do."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.api.web.problems import Refusal


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


NOBODY: Final = None
"""In ``request.state.person``: who asks is not known."""


def person(connection: HTTPConnection) -> Person | None:
    """Who asks, as the middleware has found out before the request came here."""
    found: Person | None = getattr(connection.state, "person", NOBODY)
    return found


def needs(role: Role) -> Callable[[HTTPConnection], Person]:
    """A dependency: refuses whoever may not what ``role`` may. For HTTP and WebSocket."""

    def allowed(connection: HTTPConnection) -> Person:
        who = person(connection)
        if who is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "who are you?", code="unauthorized", remedy="log in")
        if who.role < role:
            raise Refusal(HTTPStatus.FORBIDDEN, f"this takes a {role.name.lower()}", code="forbidden")
        return who

    return allowed


Guest = Annotated[Person, Depends(needs(Role.GUEST))]
Member = Annotated[Person, Depends(needs(Role.MEMBER))]
Owner = Annotated[Person, Depends(needs(Role.OWNER))]
"""As the type of a parameter: who asks, and has at least that role."""


class Identified:
    """ASGI middleware: finds out who asks, for all that comes after it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] in ("http", "websocket"):
            scope.setdefault("state", {})["person"] = Person("here", Role.OWNER)
        await self._app(scope, receive, send)
