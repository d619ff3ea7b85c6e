"""``/v1/alarms``, ``/v1/reminders``, ``/v1/later``: what is due at a time of day."""

import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from edge.act.calendar import local_zone
from edge.api.web.access import Member
from edge.api.web.kept import Body, IfMatch, KeptRoute, by_hand
from edge.api.web.listing import Page
from edge.assistant import Assistant
from edge.ports import Dated, EditableAgenda, EditableSchedule, Postponed, Recurrence

_Text = Annotated[str, Field(max_length=300, examples=["call mum"])]
_Unit = Literal["day", "week", "month", "year"]


class Every(Body):
    """How something comes again."""

    unit: _Unit
    interval: Annotated[int, Field(ge=1, le=99)] = 1
    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7)] = Field(default_factory=list)
    """Of a week: 0 is Monday; empty: the day of the first time."""


class Entry(Body):
    """Something that rings at a time of day."""

    id: str
    text: str
    """What it is for."""
    at: datetime.datetime
    """The next time, by the assistant's clock and in its time zone."""
    every: Every | None
    """null: once."""
    snoozed: bool
    """It rang, and shall ring again then."""
    ringing: bool
    version: str
    """For `If-Match`."""


class _Moment(Body):
    at: datetime.datetime | None = None
    """The first time; without an offset it is in the assistant's time zone."""
    when: Annotated[str | None, Field(min_length=1, max_length=200, examples=["every weekday at 6:30"])] = None
    """In words, in place of `at` and `every`."""
    every: Every | None = None

    @model_validator(mode="after")
    def _once(self) -> Self:
        if self.when is not None and (self.at is not None or self.every is not None):
            raise ValueError("either when, or at with every")
        if self.every is not None and self.at is None:
            raise ValueError("every needs at")
        return self

    @property
    def moment(self) -> float | str | None:
        """As a skill takes it."""
        if self.at is None:
            return self.when
        return (self.at if self.at.tzinfo else self.at.replace(tzinfo=local_zone())).timestamp()

    @property
    def again(self) -> Recurrence | None:
        """Likewise."""
        return None if self.every is None else Recurrence(self.every.unit, self.every.interval, tuple(self.every.days))


class NewEntry(_Moment):
    """What is to ring, and when: `at`, or `when` in words."""

    text: _Text = ""

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.at is None and self.when is None:
            raise ValueError("either at or when")
        return self


class EntryChange(_Moment):
    """What is to become of it; what is left out stays. With `at` but without `every` it rings once."""

    text: _Text | None = None


class Snooze(Body):
    """How long it is to be silent."""

    minutes: Annotated[float | None, Field(gt=0, le=1440, allow_inf_nan=False)] = None
    """null: as long as is usual."""


class Later(Body):
    """A command that waits for its time."""

    id: str
    said: str
    undoes: bool
    """It ends what the command began."""
    for_s: float | None
    """So many seconds after it is done it is undone."""
    at: datetime.datetime
    every: Every | None


def alarms(assistant: Assistant) -> APIRouter:
    """The routes of alarms."""
    return _router(assistant, "alarms", "an alarm")


def reminders(assistant: Assistant) -> APIRouter:
    """The routes of reminders."""
    return _router(assistant, "reminders", "a reminder")


def later(assistant: Assistant) -> APIRouter:
    """The routes of commands for later."""
    routes = APIRouter(prefix="/v1/later", tags=["plans"], route_class=KeptRoute)
    schedule = by_hand(assistant, "later")
    if not isinstance(schedule, EditableSchedule):
        return routes

    @routes.get("", summary="Commands for later")
    async def all_of_them(_: Member) -> Page[Later]:
        """The next first. They are made by saying them: `/v1/ask`, "turn off the light at ten"."""
        return Page(items=[_later(each) for each in await schedule.postponed()])

    @routes.delete("/{ident}", status_code=204, summary="Take back a command for later")
    async def remove(ident: str, _: Member) -> None:
        """It will not be done."""
        await schedule.remove(ident)

    return routes


def _router(assistant: Assistant, keeps: str, one: str) -> APIRouter:
    routes = APIRouter(prefix=f"/v1/{keeps}", tags=["plans"], route_class=KeptRoute)
    agenda = by_hand(assistant, keeps)
    if not isinstance(agenda, EditableAgenda):
        return routes

    @routes.get("", summary=f"All {keeps}", operation_id=f"{keeps}_all")
    async def all_of_them(_: Member) -> Page[Entry]:
        """The next first."""
        return Page(items=[_entry(each) for each in await agenda.entries()])

    @routes.post("", status_code=201, summary=f"Set {one}", operation_id=f"{keeps}_set")
    async def add(new: NewEntry, _: Member) -> Entry:
        """It rings as if somebody had asked for it."""
        assert new.moment is not None
        return _entry(await agenda.add(new.text, new.moment, new.again))

    @routes.patch("/{ident}", summary=f"Change {one}", operation_id=f"{keeps}_change")
    async def change(ident: str, wanted: EntryChange, _: Member, if_match: IfMatch = None) -> Entry:
        """One that rings is silenced where it gets another time."""
        text, when, again = wanted.text, wanted.moment, wanted.again
        return _entry(await agenda.edit(ident, text=text, when=when, again=again, version=if_match))

    @routes.delete("/{ident}", status_code=204, summary=f"Delete {one}", operation_id=f"{keeps}_delete")
    async def remove(ident: str, _: Member) -> None:
        """One that rings is silenced."""
        await agenda.remove(ident)

    @routes.post("/{ident}/stop", status_code=204, summary=f"Stop {one} that rings", operation_id=f"{keeps}_stop")
    async def stop(ident: str, _: Member) -> None:
        """One that comes again is due again at its next time."""
        await agenda.silence(ident)

    @routes.post("/{ident}/snooze", status_code=204, summary=f"Snooze {one} that rings", operation_id=f"{keeps}_snooze")
    async def snooze(ident: str, _: Member, how: Snooze | None = None) -> None:
        """It rings again after that."""
        await agenda.silence(ident, (how.minutes or 0.0) * 60 if how is not None else 0.0)

    return routes


def _entry(dated: Dated) -> Entry:
    return Entry(
        id=dated.id,
        text=dated.text,
        at=_local(dated.at),
        every=_every(dated.again),
        snoozed=dated.snoozed,
        ringing=dated.ringing,
        version=dated.version,
    )


def _later(postponed: Postponed) -> Later:
    return Later(
        id=postponed.id,
        said=postponed.said,
        undoes=postponed.undoes,
        for_s=postponed.for_s,
        at=_local(postponed.at),
        every=_every(postponed.again),
    )


def _every(again: Recurrence | None) -> Every | None:
    return (
        None
        if again is None
        else Every.model_validate({"unit": again.unit, "interval": again.interval, "days": list(again.days)})
    )


def _local(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment, local_zone())
