"""``/v1/kpis``: how well the assistant serves, week by week."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from edge.api.web.access import Member
from edge.api.web.bodies import Body
from edge.assistant import Assistant
from edge.observe.weeks import as_row

Rate = Annotated[float | None, Field(ge=0)]


class Corrections(Body):
    """How often somebody showed that it was not what was meant."""

    undone: int
    """Taken back within a minute."""
    corrected: int
    """"No, the other one"."""
    repeated: int
    """Said again within half a minute."""
    wrong: int
    """Said later to have been wrong."""


class WeekOfService(Body):
    """From a Monday on. A figure is null where nothing was counted that it could be made of."""

    week: date
    tasks: int
    """What somebody wanted, in one turn or several."""
    success_rate: Annotated[float | None, Field(ge=0, le=1)]
    turns_per_task: Rate
    median_s: Rate
    """Half of the tasks were resolved within so many seconds."""
    mean_s: Rate
    corrected_rate: Rate
    """Corrections per task."""
    corrections: Corrections
    wakes: int
    unanswered_wakes: int
    """Wakes after which nobody said anything."""
    false_wakes: int
    """Wakes that a person said were none."""
    asked: int
    """How often it was asked how satisfied one is."""
    answers: int
    satisfaction: Annotated[float | None, Field(ge=1, le=5)]


class Kpis(Body):
    """Week by week."""

    asks_satisfaction: bool
    """Whether it asks, at most once a week."""
    weeks: list[WeekOfService]
    """The oldest first; the last one goes on."""


def router(assistant: Assistant) -> APIRouter:
    """Its route."""
    routes = APIRouter(prefix="/v1", tags=["figures"])

    @routes.get("/kpis", summary="How well it serves, week by week")
    async def kpis(_: Member, weeks: Annotated[int, Query(ge=1, le=104)] = 12) -> Kpis:
        """Counted on this device alone; what a task is, and a success, says docs/observability.md."""
        found = await assistant.observation.figures.weeks(weeks)
        rows = [WeekOfService.model_validate(as_row(week)) for week in found]
        return Kpis(asks_satisfaction=assistant.settings.kpi.ask_satisfaction, weeks=rows)

    return routes
