"""``/v1/tokens``: what programs show instead of a password."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from edge.api.web.access import MemberInPerson, Role
from edge.api.web.bodies import Body
from edge.api.web.entrance import Entrance
from edge.api.web.listing import Listed, Page, cut
from edge.api.web.logins import Login
from edge.api.web.people import RoleName, name_of, role_of
from edge.api.web.problems import Refusal

Label = Annotated[str, Field(min_length=1, max_length=100, examples=["Grafana"])]


class Token(Body):
    """One of them. What it is can't be shown again."""

    id: str
    label: str
    """What it is for."""
    name: str | None
    """Whose it is; null: nobody's."""
    role: RoleName | None
    """What it is limited to; null: what its person may."""
    created: float
    """Seconds since the epoch, likewise the others."""
    seen: float
    """Last use, to the hour."""
    expires: float | None
    """null: never."""


class NewToken(Body):
    """One that is to be made."""

    label: Label
    role: RoleName = "member"
    """The most that it may; never more than its person."""
    days: Annotated[float | None, Field(gt=0, le=3650)] = None
    """How long it is good; null: until it is deleted."""


class MadeToken(Token):
    """One that has just been made."""

    token: str
    """To be sent as ``Authorization: Bearer …``. Nothing can show it again."""


def router(entrance: Entrance) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/tokens", tags=["people"])
    logins = entrance.logins

    @routes.get("", summary="Tokens")
    async def all_tokens(asked: Listed, who: MemberInPerson) -> Page[Token]:
        """One's own; for an owner, all."""
        whose = None if who.role >= Role.OWNER else who.id
        given, after = cut(await logins.all("token", whose), lambda one: one.id, asked)
        return Page(items=[shown(one) for one in given], next=after)

    @routes.post("", status_code=201, summary="Make a token")
    async def make(new: NewToken, who: MemberInPerson) -> MadeToken:
        """Of the one who asks: it ends when that person is disabled or removed."""
        if (role := role_of(new.role)) > who.role:
            raise Refusal(HTTPStatus.FORBIDDEN, "nobody gives more than they have", code="forbidden")
        made, secret = await logins.make_token(new.label, role, who.id, new.days)
        return MadeToken(**shown(made).model_dump(), token=secret)

    @routes.delete("/{token}", status_code=204, summary="Delete a token")
    async def delete(token: str, who: MemberInPerson) -> None:
        """From now on it is good for nothing, also where it is in use."""
        await logins.end(token, "token", None if who.role >= Role.OWNER else who.id)
        await entrance.changed()

    return routes


def shown(login: Login) -> Token:
    """``login`` as the API has it."""
    return Token(
        id=login.id,
        label=login.label,
        name=login.name,
        role=name_of(login.role) if login.role is not None else None,
        created=login.created,
        seen=login.seen,
        expires=login.expires,
    )
