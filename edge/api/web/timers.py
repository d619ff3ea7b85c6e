"""``/v1/timers``: what counts time down."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from edge.api.web.access import Member
from edge.api.web.kept import Body, KeptRoute, by_hand
from edge.api.web.listing import Page
from edge.assistant import Assistant
from edge.ports import Countdown, CountdownState, EditableTimers

_Name = Annotated[str, Field(max_length=60, examples=["pasta"])]


class Timer(Body):
    """One that runs, stands still, or rings."""

    id: str
    name: str | None
    area: str | None
    """The room it belongs to."""
    state: CountdownState
    ends_at: float | None
    """Seconds since the epoch, by the assistant's clock; null while it stands still."""
    left_s: float
    """Seconds until it is over, when this was answered."""
    length_s: float
    """What it was set to."""


class NewTimer(Body):
    """What is to be started."""

    seconds: Annotated[float, Field(gt=0, le=363_600, allow_inf_nan=False, examples=[600])]
    name: _Name | None = None
    area: Annotated[str | None, Field(max_length=200)] = None
    """The room it belongs to; null: that of the assistant."""


class TimerChange(Body):
    """What is to become of it; what is left out stays."""

    name: _Name | None = None
    paused: bool | None = None
    add_s: Annotated[float | None, Field(ge=-363_600, le=363_600, allow_inf_nan=False)] = None
    """It ends so many seconds later; earlier, if that is negative. One that rings is silenced until then."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/timers", tags=["plans"], route_class=KeptRoute)
    timers = by_hand(assistant, "timers")
    if not isinstance(timers, EditableTimers):
        return routes

    @routes.get("", summary="All timers")
    async def all_timers(_: Member) -> Page[Timer]:
        """The next to end first, and those that stand still last."""
        _number, running = await timers.countdowns(-1)
        return Page(items=[_shown(each) for each in running])

    @routes.post("", status_code=201, summary="Start a timer")
    async def start(new: NewTimer, _: Member) -> Timer:
        """It runs from now on, and rings as if somebody had asked for it."""
        return _shown(await timers.start(new.seconds, new.name, new.area or assistant.settings.area))

    @routes.patch("/{ident}", summary="Rename, pause, resume or prolong a timer")
    async def change(ident: str, wanted: TimerChange, _: Member) -> Timer:
        """Answers with what it is then."""
        timer = await timers.timer(ident)
        if "name" in wanted.model_fields_set:
            timer = await timers.rename(ident, wanted.name)
        if wanted.add_s:
            timer = await timers.prolong(ident, wanted.add_s)
        if wanted.paused is not None:
            timer = await timers.hold(ident, still=wanted.paused)
        return _shown(timer)

    @routes.delete("/{ident}", status_code=204, summary="Cancel a timer")
    async def cancel(ident: str, _: Member) -> None:
        """One that rings is silenced."""
        await timers.cancel(ident)

    return routes


def _shown(timer: Countdown) -> Timer:
    return Timer(
        id=timer.id,
        name=timer.name,
        area=timer.area,
        state=timer.state,
        ends_at=timer.ends_at,
        left_s=round(timer.left_s, 3),
        length_s=timer.length_s,
    )
