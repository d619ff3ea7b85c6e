"""``/v1/ask``: one command in writing."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from edge.api.web.access import Guest, Role
from edge.api.web.bodies import Body
from edge.assistant import Assistant
from edge.events import as_json


class Question(Body):
    """What is asked."""

    text: Annotated[str, Field(min_length=1, max_length=1000, examples=["turn on the kitchen light"])]
    area: Annotated[str | None, Field(max_length=200)] = None
    """The room it is asked from."""
    session: Annotated[str | None, Field(max_length=64, pattern=r"^[\w-]+$")] = None
    """The conversation that it goes on with."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["talk"])

    @routes.post("/ask", summary="One command in writing")
    async def ask(question: Question, who: Guest) -> dict[str, Any]:
        """Carries it out, and answers with the whole turn: the event ``turn_ended``."""
        events = await assistant.ask(question.text, question.area, question.session, guest=who.role < Role.MEMBER)
        return as_json(events[-1])

    return routes
