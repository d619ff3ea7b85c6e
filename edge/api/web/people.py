"""``/v1/people``: who may use the console."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, SecretStr

from edge.api.web.access import OwnerInPerson, Role
from edge.api.web.accounts import LONGEST_NAME, Account
from edge.api.web.bodies import Body
from edge.api.web.entrance import Entrance
from edge.api.web.listing import Listed, Page, cut
from edge.api.web.passwords import LONGEST, check

RoleName = Literal["guest", "member", "owner"]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, examples=["Ada"])]
Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST)]


class PersonShown(Body):
    """One of them."""

    id: str
    name: str
    role: RoleName
    has_password: bool
    """False: can't log in yet."""
    disabled: bool
    """True: neither logins nor tokens are good for anything."""
    created: float
    """Seconds since the epoch."""


class NewPerson(Body):
    """Somebody who is to be one of them."""

    name: Name
    role: RoleName
    password: Password | None = None
    """None: to be set later; until then that person can't log in."""


class Change(Body):
    """What is to be different."""

    name: Name | None = None
    role: RoleName | None = None
    disabled: bool | None = None
    password: Password | None = None
    """A new one: all sessions of that person end."""


def router(entrance: Entrance) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/people", tags=["people"])
    accounts = entrance.accounts

    @routes.get("", summary="Everybody")
    async def all_people(asked: Listed, _: OwnerInPerson) -> Page[PersonShown]:
        """By name."""
        given, after = cut(await accounts.all(), lambda account: account.name, asked)
        return Page(items=[shown(account) for account in given], next=after)

    @routes.post("", status_code=201, summary="Add somebody")
    async def add(new: NewPerson, _: OwnerInPerson) -> PersonShown:
        """The first one is an owner, and has a password: see `/v1/setup`."""
        password = new.password.get_secret_value() if new.password is not None else None
        account = await accounts.add(new.name, role_of(new.role), password)
        await entrance.changed()
        return shown(account)

    @routes.patch("/{person}", summary="Change somebody")
    async def change(person: str, wanted: Change, _: OwnerInPerson) -> PersonShown:
        """Takes effect at once, also where that person is connected now. An owner who can log in stays."""
        role = role_of(wanted.role) if wanted.role is not None else None
        if wanted.password is not None:
            # Either all of it changes or nothing.
            check(wanted.password.get_secret_value(), wanted.name or (await accounts.get(person)).name)
        account = await accounts.change(person, name=wanted.name, role=role, disabled=wanted.disabled)
        if wanted.password is not None:
            await accounts.set_password(person, wanted.password.get_secret_value())
            account = await accounts.get(person)
        await entrance.changed()
        return shown(account)

    @routes.delete("/{person}", status_code=204, summary="Remove somebody")
    async def remove(person: str, _: OwnerInPerson) -> None:
        """With all sessions and tokens. An owner who can log in stays."""
        await accounts.remove(person)
        await entrance.changed()

    return routes


def shown(account: Account) -> PersonShown:
    """``account`` as the API has it."""
    return PersonShown(**{**asdict(account), "role": name_of(account.role)})


def role_of(name: str) -> Role:
    """The role of that name."""
    return Role[name.upper()]


def name_of(role: Role) -> RoleName:
    """As the API has it."""
    match role:
        case Role.GUEST:
            return "guest"
        case Role.MEMBER:
            return "member"
        case Role.OWNER:
            return "owner"
