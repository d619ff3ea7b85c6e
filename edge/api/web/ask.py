"""``/v1/ask``: one command in writing."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from edge.api.web.access import LONGEST_SESSION, Guest, Role
from edge.api.web.bodies import Body
from edge.assistant import Assistant
from edge.events import as_json


class Question(Body):
    """What is asked."""

    text: Annotated[str, Field(min_length=1, max_length=1000, examples=["turn on the kitchen light"])]
    area: Annotated[str | None, Field(max_length=200)] = None
    """The room it is asked from."""
    session: Annotated[str | None, Field(max_length=LONGEST_SESSION, pattern=r"^[\w-]+$")] = None
    """The conversation that it goes on with, one of one's own: another account's of that name is another one. The
    answer says in ``session`` what it is called.
    """


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["talk"])

    @routes.post("/ask", summary="One command in writing")
    async def ask(question: Question, who: Guest) -> dict[str, Any]:
        """Carries it out, and answers with the whole turn: the event ``turn_ended``."""
        session, guest = who.conversation(question.session), who.role < Role.MEMBER
        events = await assistant.ask(question.text, question.area, session, guest=guest)
        return as_json(events[-1])

    return routes
