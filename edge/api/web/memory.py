"""``/v1/memory``: facts that people told."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from edge.api.web.access import Member
from edge.api.web.kept import Body, IfMatch, KeptRoute, by_hand
from edge.api.web.listing import Listed, Page, cut
from edge.assistant import Assistant
from edge.ports import EditableFacts, Remembered

_Text = Annotated[str, Field(min_length=1, max_length=300, examples=["the spare key is with the neighbours"])]


class Fact(Body):
    """One thing that somebody told."""

    id: str
    text: str
    topic: str | None
    """Of which there is only one, such as `name`."""
    created: float
    """Seconds since the epoch."""
    version: str
    """For `If-Match`."""


class NewFact(Body):
    """What is to be remembered."""

    text: _Text
    topic: Annotated[str | None, Field(max_length=60)] = None
    """It takes the place of what was known of that."""


class Wording(Body):
    """What it is to say."""

    text: _Text


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/memory", tags=["memory"], route_class=KeptRoute)
    facts = by_hand(assistant, "memory")
    if not isinstance(facts, EditableFacts):
        return routes

    @routes.get("", summary="What is remembered")
    async def all_facts(
        asked: Listed,
        _: Member,
        about: Annotated[
            str, Query(max_length=300, description="Only what this may be about, the likeliest first.")
        ] = "",
    ) -> Page[Fact]:
        """The oldest first. Of those that something is about, the first `limit`."""
        found = await facts.facts(about)
        if about.strip():
            return Page(items=[_shown(each) for each in found[: asked.limit]])
        items, after = cut(found, lambda fact: f"{fact.created:017.6f} {fact.id}", asked)
        return Page(items=[_shown(each) for each in items], next=after)

    @routes.post("", status_code=201, summary="Remember something")
    async def remember(new: NewFact, _: Member) -> Fact:
        """As if somebody had said "remember that …"."""
        return _shown(await facts.remember(new.text, new.topic))

    @routes.patch("/{ident}", summary="Put it into other words")
    async def reword(ident: str, wording: Wording, _: Member, if_match: IfMatch = None) -> Fact:
        """It stays as old as it is."""
        return _shown(await facts.reword(ident, wording.text, if_match))

    @routes.delete("/{ident}", status_code=204, summary="Forget something")
    async def forget(ident: str, _: Member) -> None:
        """Erased for good: here, on the bridge and on the house's other assistants."""
        await facts.forget_facts([ident])

    return routes


def _shown(fact: Remembered) -> Fact:
    return Fact(**asdict(fact))
