"""What the resources share that people edit: timers, alarms, reminders, lists, routines, memory."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, ConfigDict

from edge.api.web import bodies
from edge.api.web.problems import Refusal
from edge.assistant import Assistant
from edge.errors import AssistantError, ChangedMeanwhile, NoSuchEntry, NotKept
from edge.ports import Editable, Kept

_STATUS: Final = (
    (NoSuchEntry, HTTPStatus.NOT_FOUND),
    (ChangedMeanwhile, HTTPStatus.PRECONDITION_FAILED),
    (NotKept, HTTPStatus.UNPROCESSABLE_ENTITY),
)


class Body(bodies.Body):
    """What is sent: nothing but what is known, so that a slip of the pen is told."""

    model_config = ConfigDict(extra="forbid")


class KeptRoute(APIRoute):
    """Answers what a skill refuses with the status that belongs to it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI has it."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except (NoSuchEntry, ChangedMeanwhile, NotKept) as error:
                raise _refusal(error) from error

        return answer


def by_hand(assistant: Assistant, keeps: str) -> Kept | None:
    """What the skill has for it that keeps such things; None where there is no such skill."""
    found = (skill.by_hand for skill in assistant.skills if isinstance(skill, Editable))
    return next((kept for kept in found if kept.keeps == keeps), None)


def _unquoted(tag: str | None) -> str | None:
    return None if tag is None or tag.strip() == "*" else tag.strip().removeprefix("W/").strip('"')


IfMatch = Annotated[
    str | None,
    Header(max_length=64, description="The `version` that was seen: where it is another by now, nothing is changed."),
    AfterValidator(_unquoted),
]
"""As the type of the parameter ``if_match``."""


def ident_of(name: str) -> str:
    """What a thing that is known by its name is called in a path."""
    return name.casefold().replace("/", "~")


def _refusal(error: AssistantError) -> Refusal:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    return Refusal(status, error.what, code=error.code, remedy=error.remedy)
