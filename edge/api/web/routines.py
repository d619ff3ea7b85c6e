"""``/v1/routines``: one phrase for several sentences."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from edge.api.web.access import Member
from edge.api.web.kept import Body, IfMatch, KeptRoute, by_hand, ident_of
from edge.api.web.listing import Page
from edge.api.web.problems import not_found
from edge.assistant import Assistant
from edge.ports import EditableRoutines, Routine

_Step = Annotated[str, Field(max_length=300, examples=["turn off all the lights"])]


class KnownRoutine(Body):
    """A routine."""

    id: str
    """What it is called in a path: its name in lower case."""
    name: str
    """What is said to have it done."""
    steps: list[str]
    editable: bool
    """False: a person wrote it into `routines.yaml`."""
    version: str
    """For `If-Match`."""


class NewRoutine(Body):
    """What is to be done, and at which words."""

    name: Annotated[str, Field(min_length=1, max_length=60, examples=["good night"])]
    steps: Annotated[list[_Step], Field(min_length=1, max_length=20)]


class Steps(Body):
    """Sentences."""

    steps: Annotated[list[_Step], Field(max_length=20)]


class Step(Body):
    """What is understood of a sentence."""

    text: str
    intents: list[str]
    """What it asks for; empty: it is not understood."""
    wrong: str
    """Why it can't be a step; empty: it can."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/routines", tags=["plans"], route_class=KeptRoute)
    routines = by_hand(assistant, "routines")
    if not isinstance(routines, EditableRoutines):
        return routes

    async def name_of(ident: str) -> str:
        names = [each.name for each in await routines.routines()]
        found = next((name for name in names if ident_of(name) == ident.casefold()), None)
        if found is None:
            raise not_found("such routine")
        return found

    @routes.get("", summary="All routines")
    async def all_routines(_: Member) -> Page[KnownRoutine]:
        """In alphabetical order. One is run by saying its name: `/v1/ask`."""
        return Page(items=[_shown(each) for each in await routines.routines()])

    @routes.post("", status_code=201, summary="Make a routine")
    async def make(new: NewRoutine, _: Member) -> KnownRoutine:
        """Every step must be understood; where one is not, the answer says which."""
        return _shown(await routines.write(None, new.name, new.steps))

    @routes.put("/{ident}", summary="Change a routine")
    async def change(ident: str, new: NewRoutine, _: Member, if_match: IfMatch = None) -> KnownRoutine:
        """Likewise. Its id is another one where its name is."""
        return _shown(await routines.write(await name_of(ident), new.name, new.steps, if_match))

    @routes.delete("/{ident}", status_code=204, summary="Delete a routine")
    async def delete(ident: str, _: Member) -> None:
        """Its name means nothing any more."""
        await routines.forget(await name_of(ident))

    @routes.post("/check", summary="Try whether sentences can be steps")
    async def check(wanted: Steps, _: Member) -> list[Step]:
        """What each means in the house as it is now; nothing is done."""
        found = routines.check(wanted.steps)
        return [Step(text=each.text, intents=list(each.intents), wrong=each.wrong) for each in found]

    return routes


def _shown(routine: Routine) -> KnownRoutine:
    return KnownRoutine(
        id=ident_of(routine.name),
        name=routine.name,
        steps=list(routine.steps),
        editable=routine.editable,
        version=routine.version,
    )
