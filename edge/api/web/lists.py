"""``/v1/lists``: shopping and to-do lists, and any list with a name."""

from dataclasses import asdict
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from edge.api.web.access import Member
from edge.api.web.kept import Body, IfMatch, KeptRoute, by_hand, ident_of
from edge.api.web.listing import Page
from edge.api.web.problems import not_found
from edge.assistant import Assistant
from edge.ports import EditableLists, ListedItem, NamedList

_Name = Annotated[str, Field(min_length=1, max_length=60, examples=["hardware store"])]
_Text = Annotated[str, Field(min_length=1, max_length=200, examples=["milk"])]


class KnownList(Body):
    """A list."""

    id: str
    """What it is called in a path: its name in lower case."""
    name: str
    waiting: int
    """Items that are not done."""
    done: int


class ListName(Body):
    """What a list is, or shall be, called."""

    name: _Name


class Item(Body):
    """Something on a list."""

    id: str
    text: str
    done: bool
    changed: float
    """Seconds since the epoch."""
    version: str
    """For `If-Match`."""


class NewItems(Body):
    """What is to be put on a list: `text`, or several `texts`."""

    text: _Text | None = None
    texts: Annotated[list[_Text], Field(max_length=100)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if (self.text is None) == (not self.texts):
            raise ValueError("either text or texts")
        return self


class ItemChange(Body):
    """What is to become of it; what is left out stays."""

    text: _Text | None = None
    done: bool | None = None
    before: Annotated[str | None, Field(max_length=64)] = None
    """The id of the item that comes behind it from now on; empty: it is the last."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/lists", tags=["plans"], route_class=KeptRoute)
    lists = by_hand(assistant, "lists")
    if not isinstance(lists, EditableLists):
        return routes

    async def known(ident: str) -> NamedList:
        found = next((each for each in await lists.lists() if ident_of(each.name) == ident.casefold()), None)
        if found is None:
            raise not_found("such list")
        return found

    async def name_of(ident: str) -> str:
        return (await known(ident)).name

    @routes.get("", summary="All lists")
    async def all_lists(_: Member) -> Page[KnownList]:
        """In alphabetical order; the shopping list and that of what is to do are always there."""
        return Page(items=[_list(each) for each in await lists.lists()])

    @routes.post("", status_code=201, summary="Make a list")
    async def make(new: ListName, _: Member) -> KnownList:
        """It is empty, and can be spoken of at once."""
        return _list(await known(ident_of(await lists.make(new.name))))

    @routes.patch("/{ident}", summary="Rename a list")
    async def rename(ident: str, new: ListName, _: Member) -> KnownList:
        """With all that is on it; its id is another one then."""
        await lists.rename_list(await name_of(ident), new.name)
        return _list(await known(ident_of(" ".join(new.name.split()))))

    @routes.delete("/{ident}", status_code=204, summary="Delete a list")
    async def delete(ident: str, _: Member) -> None:
        """With all that is on it."""
        await lists.delete_list(await name_of(ident))

    @routes.get("/{ident}/items", summary="What is on a list")
    async def items(ident: str, _: Member) -> Page[Item]:
        """What waits, in its order; then what is done, the latest first."""
        return Page(items=[_item(each) for each in await lists.items(await name_of(ident))])

    @routes.post("/{ident}/items", status_code=201, summary="Put something on a list")
    async def add(ident: str, new: NewItems, _: Member) -> Page[Item]:
        """At its end. What is on it already is not there twice; what was done waits again."""
        wanted = new.texts if new.text is None else [new.text]
        return Page(items=[_item(each) for each in await lists.add(await name_of(ident), wanted)])

    @routes.patch("/{ident}/items/{item}", summary="Reword an item, check it off or on, move it")
    async def change(ident: str, item: str, wanted: ItemChange, _: Member, if_match: IfMatch = None) -> Item:
        """Answers with what it is then."""
        text, done, before = wanted.text, wanted.done, wanted.before
        name = await name_of(ident)
        return _item(await lists.edit(name, item, text=text, done=done, before=before, version=if_match))

    @routes.delete("/{ident}/items/{item}", status_code=204, summary="Take an item off a list")
    async def remove(ident: str, item: str, _: Member) -> None:
        """Erased, done or not."""
        await lists.remove_items(await name_of(ident), [item])

    @routes.delete("/{ident}/items", status_code=204, summary="Take everything off a list")
    async def clear(ident: str, _: Member, done: bool = True) -> None:
        """What is done; with `done=false` all that is on it."""
        name = await name_of(ident)
        gone = [each.id for each in await lists.items(name) if each.done or not done]
        await lists.remove_items(name, gone)

    return routes


def _list(known: NamedList) -> KnownList:
    return KnownList(id=ident_of(known.name), **asdict(known))


def _item(item: ListedItem) -> Item:
    return Item(**asdict(item))
