"""What people want to be reminded of."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rapidfuzz import fuzz

from edge.act.agenda import MOST, Agenda, Entry
from edge.act.agenda_by_hand import LONGEST, AgendaByHand
from edge.act.calendar import fits, recurrence, when
from edge.act.moments import Reading, read
from edge.act.timekeeping import Time
from edge.act.times_in import in_english
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.ports import Announcer, Storage

_LEADING: Final = frozenset("to about of off that for on at by me and please called the my reminder reminders".split())
_KEPT: Final = frozenset("the my".split())
"""These are only dropped where a reminder is looked for."""
_TRAILING: Final = frozenset("on at by for in please and".split())
_SNOOZE_S: Final = 300.0
_ALIKE: Final = 80.0
"""Likeness in percent of what is asked for to what was noted."""


class Reminders:
    """Sets, tells, cancels and rings them."""

    intents = frozenset({"HearthSetReminder", "HearthCancelReminder", "HearthReminderStatus"})
    deadline_s = 5.0

    def __init__(self, storage: Storage, announcer: Announcer, time: Time, language: str = "en") -> None:
        """``language``: ISO 639-1, of what is written by hand."""
        self._time = time
        self._agenda = Agenda("reminders", storage, announcer, time, self._due, _SNOOZE_S)
        self.by_hand = AgendaByHand("reminders", self._agenda, time, language, usual=True)

    async def serve(self) -> None:
        """Rings what is due. Raises StorageError."""
        await self._agenda.serve()

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """What was asked, done and on disk. Raises StorageError."""
        await self._agenda.load()
        match intent.name:
            case "HearthSetReminder":
                return await self._set(intent, origin.language)
            case "HearthCancelReminder":
                return await self._cancel(intent, origin.language)
            case _:
                found = self._meant(_read(intent, origin.language, bare=True))
                return self._told("reminders_listed", found) if found else _none()

    async def _set(self, intent: Intent, language: str) -> Outcome:
        said = _read(intent, language, bare=False)
        task = _without(said.rest, _LEADING - _KEPT)[:LONGEST]
        if not task:
            ask = Question(replace(intent, slots=_only_time(intent)), "task")
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("reminders_of_what"), question=ask)
        found = when(said.said, self._time.now(), awake=True, usual=True)
        if found is None:
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("reminders_when"), question=Question(intent, "when"))
        if len(self._agenda.all()) >= MOST:
            return Outcome(OutcomeKind.FAILED, Phrase("reminders_too_many", {"count": MOST}))
        return self._told("reminders_set", [await self._agenda.add(task, found)])

    async def _cancel(self, intent: Intent, language: str) -> Outcome:
        said = _read(intent, language, bare=True)
        found = self._meant(said)
        if not found:
            return _none()
        sure = intent.slots.get("all") or said.said.anything
        if len(found) > 1 and not sure:
            choices = tuple(dict.fromkeys(entry.text for entry in found))
            say = self._told("reminders_which", found).say
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, "task", choices))
        await self._agenda.remove(found)
        return self._told("reminders_cancelled", found)

    def _meant(self, said: Reading) -> Sequence[Entry]:
        now = self._time.now()
        found = [entry for entry in self._agenda.all() if fits(said.said, self._agenda.local(entry.next), now)]
        name = _without(said.rest, _LEADING)
        return [entry for entry in found if _alike(name, entry.text)] if name else found

    def _told(self, key: str, entries: Sequence[Entry]) -> Outcome:
        return Outcome(OutcomeKind.DONE, Phrase(key, {"reminders": [self._described(entry) for entry in entries]}))

    def _due(self, entry: Entry, missed: bool) -> Phrase:
        return Phrase("reminders_missed" if missed else "reminders_due", self._described(entry))

    def _described(self, entry: Entry) -> dict[str, object]:
        at, today = self._agenda.local(entry.next), self._time.now().date()
        return {
            "text": entry.text,
            "at": at,
            "days": (at.date() - today).days,
            "every": recurrence(entry.rule) if entry.rule else None,
            "span": entry.next - self._time.now().timestamp() if entry.counted else None,
        }


def _read(intent: Intent, language: str, *, bare: bool) -> Reading:
    """The task as it was said, and the time, which may be in an answer of its own."""
    task = read(in_english(str(intent.slots.get("task", "")), language), bare=bare)
    if "when" not in intent.slots:
        return task
    answer = read(in_english(str(intent.slots["when"]), language), bare=True)
    return Reading(task.said.completed(answer.said), task.rest)


def _only_time(intent: Intent) -> dict[str, str | int | float | bool]:
    """What is known while the task is asked for."""
    return {"when": intent.slots.get("when", intent.slots.get("task", ""))} if intent.slots else {}


def _without(text: str, leading: frozenset[str]) -> str:
    words = text.split()
    while words and words[0].casefold() in leading:
        words.pop(0)
    while words and words[-1].casefold().strip(".,") in _TRAILING:
        words.pop()
    return " ".join(words)


def _alike(name: str, text: str) -> bool:
    return fuzz.token_set_ratio(name.casefold(), text.casefold()) >= _ALIKE


def _none() -> Outcome:
    return Outcome(OutcomeKind.DONE, Phrase("reminders_none"))
