"""What is put off, told, taken back, and done in time.

Whatever would be asked is asked when the command is given. What could not be done within a minute of its time, because
nothing ran, is told and not done: nobody expects a door to open an hour late.
"""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edge.act.agenda import MOST, Agenda, Entry
from edge.act.calendar import When, recurrence, when
from edge.act.later import OWN
from edge.act.moments import read as read_time
from edge.act.skills.schedule.by_hand import ScheduleByHand
from edge.act.skills.schedule.planned import Planned, opposite, read
from edge.act.timekeeping import Time
from edge.dialogue import SCHEDULE, UNSCHEDULE
from edge.errors import AssistantError
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question, SlotValue, together
from edge.ports import Announcer, Interpreter, Storage
from edge.undo import restoring

_GRACE_S: Final = 60.0
_GONE_WELL: Final = (OutcomeKind.DONE, OutcomeKind.UNCONFIRMED)
_WORDED: Final = frozenset({"broker_offline", "deadline"})
"""Codes of errors that there is a phrase for."""
_UNITS: Final = {"hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
_LISTED: Final = 5


class Schedule:
    """Puts off, tells, takes back, does."""

    intents = frozenset({SCHEDULE, UNSCHEDULE, "HearthScheduleStatus"})
    deadline_s = 30.0

    def __init__(self, storage: Storage, announcer: Announcer, time: Time, interpreter: Interpreter) -> None:
        self._announcer, self._time, self._interpreter = announcer, time, interpreter
        self._agenda = Agenda("schedule", storage, announcer, time, self._due, stale_s=_GRACE_S, act=self._act)
        self.by_hand = ScheduleByHand(self._agenda)
        self._last: dict[str, str] = {}
        """By session, the entry that was made last."""

    async def serve(self) -> None:
        """Does what is due. Raises StorageError."""
        await self._agenda.serve()

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """What was asked, and on disk. Raises StorageError, and what is done at once raises."""
        await self._agenda.load()
        match intent.name:
            case "HearthScheduleCancel":
                return await self._take_back(intent, origin)
            case "HearthScheduleStatus":
                entries = self._agenda.all()
                return self._told("schedule_listed", entries) if entries else _none()
        # Of Home Assistant's sentences it is a timer that holds the command.
        return await self._put_off(intent, origin)

    # -- put off --------------------------------------------------------------------------------------------------

    async def _put_off(self, intent: Intent, origin: Origin) -> Outcome:
        now = self._time.now()
        start = self._start(intent, now)
        for_s = self._lasts(intent, start, now)
        if (start is None and for_s is None) or (for_s is not None and for_s <= 0):
            return _failed("schedule_when")
        if len(self._agenda.all()) >= MOST:
            return _failed("schedule_too_many", count=MOST)
        said = str(intent.slots.get("command") or intent.slots.get("conversation_command", ""))
        wanted = self._without_objection(intent, origin)
        if isinstance(wanted, Outcome):
            return wanted
        if for_s is not None and (objection := self._to_the_end(wanted, intent, origin)) is not None:
            return objection
        planned = Planned(said, wanted, for_s, area=origin.area, language=origin.language)
        if start is not None:
            entry = await self._agenda.add(planned.kept(), start)
            self._last[origin.session] = entry.id
            return self._told("schedule_set", [entry])
        return await self._for_a_while(planned, origin)

    def _start(self, intent: Intent, now: datetime.datetime) -> When | None:
        if "when" in intent.slots:
            return when(read_time(str(intent.slots["when"]), bare=False).said, now, awake=True, usual=True)
        span_s = sum(float(intent.slots[unit]) * size for unit, size in _UNITS.items() if unit in intent.slots)
        return _after(now, span_s) if span_s else None

    @staticmethod
    def _lasts(intent: Intent, start: When | None, now: datetime.datetime) -> float | None:
        if "until" in intent.slots:
            begins = start.at if start is not None else now
            end = when(read_time(str(intent.slots["until"]), bare=True).said, begins, awake=False, usual=True)
            return (end.at - begins).total_seconds() if end is not None else 0.0
        return float(intent.slots["for_s"]) if "for_s" in intent.slots else None

    def _without_objection(self, intent: Intent, origin: Origin) -> tuple[Intent, ...] | Outcome:
        """What is to be done, with what was answered to questions about it; or the question, which comes now."""
        answered: dict[str, SlotValue] = {slot: value for slot, value in intent.slots.items() if slot not in OWN}
        wanted = [replace(each, confirmed=intent.confirmed) for each in intent.later]
        if answered:
            asked = [place for place, each in enumerate(wanted) if self._interpreter.objection(each, origin)]
            place = asked[0] if asked else 0
            wanted[place] = replace(wanted[place], slots={**wanted[place].slots, **answered})
        objection = next(filter(None, (self._interpreter.objection(each, origin) for each in wanted)), None)
        if objection is None:
            return tuple(wanted)
        if objection.question is None:
            return objection
        # Whoever answers gets the whole command.
        return replace(objection, question=replace(objection.question, intent=intent))

    def _to_the_end(self, wanted: Sequence[Intent], intent: Intent, origin: Origin) -> Outcome | None:
        """What is objected to ending what is ``wanted``: a lock that is locked for an hour is unlocked then."""
        for each in opposite(wanted) or ():
            if (objection := self._interpreter.objection(each, origin)) is not None:
                if objection.question is None:
                    return _failed("schedule_no_way_back")
                return replace(objection, question=replace(objection.question, intent=intent))
        return None

    async def _for_a_while(self, planned: Planned, origin: Origin) -> Outcome:
        """Done now, undone later."""
        outcomes = await self._interpreter.perform(planned.intents, origin)
        whole = together(outcomes)
        if whole.question is not None or whole.kind not in _GONE_WELL:
            return whole
        entry = await self._plan_the_end(planned, outcomes, origin)
        if entry is None:
            return replace(whole, say=Phrase("schedule_stays", {"now": whole.say}))
        self._last[origin.session] = entry.id
        say = Phrase("schedule_until", {"now": whole.say, **self._described(entry)})
        return replace(whole, say=say)

    async def _plan_the_end(self, planned: Planned, outcomes: Sequence[Outcome], origin: Origin) -> Entry | None:
        """None where nobody knows how it was before, or where that may not be restored unasked."""
        assert planned.for_s is not None
        back = opposite(planned.intents) or restoring(report for each in outcomes for report in each.actions)
        if not back or any(self._interpreter.objection(each, origin) for each in back):
            return None
        ending = replace(planned, intents=back, for_s=None, undoes=True)
        return await self._agenda.add(ending.kept(), _after(self._time.now(), planned.for_s))

    # -- told and taken back ----------------------------------------------------------------------------------------

    async def _take_back(self, intent: Intent, origin: Origin) -> Outcome:
        entries = self._agenda.all()
        about = str(intent.slots.get("about", ""))
        if intent.later:
            entries = [entry for entry in entries if read(entry.text).does(intent.later)]
        elif intent.slots.get("last"):
            last = [entry for entry in entries if entry.id == self._last.get(origin.session)]
            entries = last or entries
        elif about:
            entries = [entry for entry in entries if read(entry.text).label == about]
        if not entries:
            return _none()
        if len(entries) > 1 and not intent.slots.get("all") and not intent.later:
            choices = tuple(dict.fromkeys(read(entry.text).label for entry in entries))
            say = self._told("schedule_which", entries).say
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, "about", choices))
        await self._agenda.remove(entries)
        return self._told("schedule_cancelled", entries)

    def _told(self, key: str, entries: Sequence[Entry]) -> Outcome:
        values = {"entries": [self._described(entry) for entry in entries[:_LISTED]], "count": len(entries)}
        return Outcome(OutcomeKind.DONE, Phrase(key, values))

    def _described(self, entry: Entry) -> dict[str, object]:
        planned, at = read(entry.text), self._agenda.local(entry.next)
        return {
            "said": planned.label,
            "undoes": planned.undoes,
            "for_s": planned.for_s,
            "at": at,
            "days": (at.date() - self._time.now().date()).days,
            "every": recurrence(entry.rule) if entry.rule else None,
            "span": entry.next - self._time.now().timestamp() if entry.counted else None,
        }

    # -- done -------------------------------------------------------------------------------------------------------

    async def _act(self, entry: Entry) -> None:
        """What went well is seen, and said nothing of."""
        planned = read(entry.text)
        origin = Origin("schedule", planned.area, planned.language)
        try:
            outcomes = await self._interpreter.perform(planned.intents, origin)
        except AssistantError as error:
            await self._complain(planned, Phrase(error.code if error.code in _WORDED else "fault"))
            return
        whole = together(outcomes)
        if whole.question is not None:
            await self._complain(planned, Phrase("schedule_unsure"))
        elif whole.kind is not OutcomeKind.DONE:
            await self._complain(planned, whole.say)
        if planned.for_s is not None and whole.question is None and whole.kind in _GONE_WELL:
            await self._plan_the_end(planned, outcomes, origin)

    async def _complain(self, planned: Planned, why: Phrase) -> None:
        values = {"said": planned.label, "undoes": planned.undoes, "why": why}
        await self._announcer.announce(Phrase("schedule_failed", values))

    def _due(self, entry: Entry, missed: bool) -> Phrase:
        return (
            Phrase("schedule_missed", {**self._described(entry), "begun": entry.begun}) if missed else Phrase("nothing")
        )


def _after(now: datetime.datetime, span_s: float) -> When:
    at = now.astimezone(datetime.UTC) + datetime.timedelta(seconds=span_s)
    return When(at.astimezone(now.tzinfo), span_s=span_s)


def _failed(key: str, **values: object) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phrase(key, values))


def _none() -> Outcome:
    return Outcome(OutcomeKind.DONE, Phrase("schedule_none"))
