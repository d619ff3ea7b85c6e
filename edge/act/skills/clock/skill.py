"""Questions about time."""

import datetime
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from anyio.to_thread import run_sync

from edge.act.calendar import when
from edge.act.moments import Said, read
from edge.act.skills.clock.days import day_of
from edge.act.skills.clock.places import zone_of
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase

Now = Callable[[], datetime.datetime]
_HERE: Final = re.compile(r"\b(?:here|this (?:city|place|town|area)|my (?:place|city|zone|current zone))\b")


class Clock:
    """Answers from the system's clock, in its time zone or another."""

    intents = frozenset({"HassGetCurrentTime", "HassGetCurrentDate", "HearthDaysUntil", "HearthConvertTime"})
    deadline_s = 3.0

    def __init__(self, now: Now, language: str) -> None:
        """``now``: aware, in the zone of this place. ``language``: that of the names of places, ISO 639-1."""
        self._now, self._language = now, language

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """The moment, to be put into words in the asker's language."""
        match intent.name:
            case "HassGetCurrentTime":
                return await self._time(intent)
            case "HassGetCurrentDate":
                return self._date(intent)
            case "HearthDaysUntil":
                return self._days_until(intent)
            case _:
                return await self._elsewhere(intent)

    async def _time(self, intent: Intent) -> Outcome:
        now, place = self._now(), intent.slots.get("place")
        if place is None or _HERE.search(str(place)):
            return _done("time", now=now)
        zone = await self._zone(str(place))
        if zone is None:
            return _failed("clock_unknown_place", place=place)
        there = now.astimezone(zone)
        return _done("clock_time_there", now=there, place=place, same_day=there.date() == now.date())

    def _date(self, intent: Intent) -> Outcome:
        now = self._now()
        if intent.form == "week":
            return _done("clock_week", week=now.isocalendar().week)
        if intent.form == "time_too":
            return _done("clock_date_and_time", now=now)
        if "date" not in intent.slots:
            return _done("date", now=now)
        day = day_of(str(intent.slots["date"]), now.date())
        if day is None:
            return _failed("clock_unknown_day", date=intent.slots["date"])
        return _done("clock_day", day=day)

    def _days_until(self, intent: Intent) -> Outcome:
        today, said = self._now().date(), str(intent.slots.get("date", ""))
        day = day_of(said, today)
        if day is None:
            return _failed("clock_unknown_day", date=said)
        return _done("clock_days_until", days=(day - today).days, day=day, unit=intent.form)

    async def _elsewhere(self, intent: Intent) -> Outcome:
        """A time of one place as it is in another, or how far apart they are."""
        here = self._now()
        zones: list[datetime.tzinfo] = []
        for slot in ("from_place", "place"):
            said = intent.slots.get(slot)
            zone = here.tzinfo if said is None or _HERE.search(str(said)) else await self._zone(str(said))
            if zone is None:
                return _failed("clock_unknown_place", place=said)
            zones.append(zone)
        moment = here.astimezone(zones[0])
        places = {"from_place": intent.slots.get("from_place"), "place": intent.slots.get("place")}
        if "time" not in intent.slots:
            offsets = [here.astimezone(zone).utcoffset() or datetime.timedelta() for zone in zones]
            return _done("clock_difference", hours=(offsets[1] - offsets[0]).total_seconds() / 3600, **places)
        said_time = _today(read(str(intent.slots["time"]), bare=True).said)
        found = when(
            said_time, moment.replace(hour=0, minute=0) - datetime.timedelta(minutes=1), awake=False, usual=True
        )
        if found is None:
            return _failed("clock_unknown_time")
        return _done("clock_converted", at=found.at, there=found.at.astimezone(zones[1]), **places)

    async def _zone(self, place: str) -> ZoneInfo | None:
        # The first time, names of all places are gathered: 50 ms here, several times that on a board.
        return await run_sync(zone_of, place, self._language)


def _today(said: Said) -> Said:
    """A time of day without a day: that of "it's nine here" is the hour as it was said."""
    return replace(said, days_ahead=None, weekday=None, day=None)


def _done(key: str, **values: object) -> Outcome:
    return Outcome(OutcomeKind.DONE, Phrase(key, values))


def _failed(key: str, **values: object) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phrase(key, values))
