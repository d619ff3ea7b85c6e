"""``/v1/areas``: the rooms of the house, what they are called and on which floor they are."""

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import ConfigDict, Field

from edge.api.web.access import Guest, Member
from edge.api.web.bodies import Body
from edge.api.web.listing import Listed, Page, cut
from edge.api.web.problems import Refusal, not_found
from edge.assistant import Assistant
from edge.home.house_names import HouseNames
from edge.home.house_words import Part, Word

Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$",
    ),
]
"""What people call something: no line breaks, no space around it."""


class Area(Body):
    """A room."""

    name: Annotated[str, Field(examples=["Kitchen"])]
    names: list[str]
    """Further names of it."""
    floor: Annotated[str | None, Field(examples=["Ground floor"])]
    devices: int
    """How many things are in it."""


class AreaNames(Body):
    """What people say of a room. What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})
    names: Annotated[list[Name], Field(max_length=20)] = Field(default_factory=list)
    floor: Name | None = None


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/areas", tags=["house"])
    house = assistant.house

    def views() -> list[Area]:
        count = Counter(device.area for device in house.devices() if device.area)
        return [
            Area(name=area, names=list(names), floor=house.room(area).floor, devices=count[area])
            for area, names in house.areas().items()
        ]

    @routes.get("", summary="The rooms of the house")
    async def areas(_: Guest, asked: Listed) -> Page[Area]:
        """In order of their names."""
        items, following = cut(views(), lambda area: area.name, asked)
        return Page(items=items, next=following)

    @routes.patch("/{area}", summary="Name a room, and say on which floor it is")
    async def name(area: Annotated[str, Path(max_length=200)], said: AreaNames, _: Member) -> Area:
        """Kept in `house.toml`, and in force at once."""
        known = next((each for each in views() if each.name.casefold() == area.casefold()), None)
        if known is None:
            raise not_found("such room")
        put_in: list[Word] = []
        strike_out: list[Word] = []
        if "names" in said.model_fields_set:
            put_in, strike_out = changed(Part.ROOM, known.name, known.names, said.names)
            for word in put_in:
                _free(assistant, word.name, known.name)
        if "floor" in said.model_fields_set and said.floor != known.floor:
            if said.floor is not None:
                put_in.append(Word(Part.FLOOR, known.name, said.floor))
            elif known.floor is not None:
                strike_out.append(Word(Part.FLOOR, known.name, known.floor))
        await names_of(assistant).rewrite(put_in, strike_out)
        return next((each for each in views() if each.name == known.name), known)

    return routes


def names_of(assistant: Assistant) -> HouseNames:
    """Where names are kept. Raises Refusal where they can't be."""
    if (names := assistant.house.names) is None:
        raise Refusal(HTTPStatus.CONFLICT, "names can't be changed here", code="names_fixed")
    return names


def changed(part: Part, thing: str, before: Sequence[str], after: Sequence[str]) -> tuple[list[Word], list[Word]]:
    """What has to be put in, and what struck out, so that ``thing`` has the names ``after``."""
    had, wanted = {name.casefold() for name in before}, {name.casefold(): name for name in after}
    put_in = [Word(part, thing, name) for key, name in wanted.items() if key not in had]
    strike_out = [Word(part, thing, name) for name in before if name.casefold() not in wanted]
    return put_in, strike_out


def _free(assistant: Assistant, name: str, area: str) -> None:
    """Raises Refusal where something else is called so: a name means one thing only."""
    house, said = assistant.house, name.casefold()
    rooms = [known for other, names in house.areas().items() for known in (other, *names) if other != area]
    things = [known for device in house.devices() for known in device.names]
    if any(known.casefold() == said for known in (*rooms, *things, *house.floors(), area)):
        raise Refusal(HTTPStatus.CONFLICT, f"something is called {name} already", code="name_taken")
