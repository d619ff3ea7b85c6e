"""``/v1/setup``: the first owner, who shows that they may by a one-time code."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from edge.api.web.access import Anybody, Role, is_near
from edge.api.web.bodies import Body
from edge.api.web.entrance import Entrance, is_secure
from edge.api.web.limits import source
from edge.api.web.passwords import SHORTEST, check
from edge.api.web.people import Name, Password
from edge.api.web.problems import Refusal
from edge.api.web.sessions import Me, begin_session


class Standing(Body):
    """How far it is."""

    owned: bool
    """Whether there is an owner, so that it is done."""
    code: bool
    """Whether there is a code that would be taken."""
    secure: bool
    """Whether this connection is one by which a browser gives its microphone."""
    shortest_password: int
    """Characters."""


class First(Body):
    """The first owner."""

    code: Annotated[str, Field(min_length=1, max_length=40, examples=["K7QM-93F4"])]
    """What `hearth run` or `hearth console link` has shown."""
    name: Name
    password: Password


def router(entrance: Entrance) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/setup", tags=["people"])

    @routes.get("", summary="Whether the first password is set")
    async def standing(request: Request, _: Anybody) -> Standing:
        """For whoever can reach it."""
        secure = is_secure(request) or is_near(request)
        owned = await entrance.accounts.owned()
        return Standing(owned=owned, code=entrance.code.good, secure=secure, shortest_password=SHORTEST)

    @routes.post("", status_code=201, summary="Set the first password")
    async def begin(first: First, request: Request, response: Response, _: Anybody) -> Me:
        """From then on everybody logs in, and the network reaches the console. The browser that asks is logged in."""
        if await entrance.accounts.owned():
            remedy = "log in, or set another password by `hearth console password`"
            raise Refusal(HTTPStatus.CONFLICT, "there is an owner already", code="owned", remedy=remedy)
        password = first.password.get_secret_value()
        check(password, first.name)
        origin = source(request)
        entrance.tried_from.begin(origin)
        if not entrance.code.take(first.code):
            what = "this code is not, or no more, the right one"
            remedy = "have a new one shown by `hearth console link`"
            raise Refusal(HTTPStatus.FORBIDDEN, what, code="wrong_code", remedy=remedy)
        entrance.code.void()
        entrance.tried_from.right(origin)
        account = await entrance.accounts.add(first.name, Role.OWNER, password)
        await begin_session(entrance, request, response, account)
        await entrance.changed()
        return Me(name=account.name, role="owner", id=account.id, via="session")

    return routes
