"""What people do with alarm clocks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from edge.act.agenda import MOST, Agenda, Entry
from edge.act.agenda_by_hand import AgendaByHand
from edge.act.calendar import When, fits, recurrence, when
from edge.act.moments import Reading, read
from edge.act.timekeeping import Time
from edge.act.times_in import in_english
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.ports import Announcer, Storage

_FILLERS: Final = frozenset(
    "a an the my me i for to at on of by set up go off called named labeled labelled please and it is that you with "
    "alarm alarms wake get time again them any some then".split()
)


class AlarmSettings(BaseModel):
    """``[skills.alarms]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    snooze_minutes: Annotated[float, Field(gt=0, le=120)] = 9.0
    """How long "snooze" puts it off."""


class Alarms:
    """Sets, tells, cancels and rings them."""

    intents = frozenset({"HearthSetAlarm", "HearthCancelAlarm", "HearthAlarmStatus"})
    deadline_s = 5.0

    def __init__(
        self, storage: Storage, announcer: Announcer, time: Time, settings: AlarmSettings, language: str = "en"
    ) -> None:
        """``language``: ISO 639-1, of what is written by hand."""
        self._time = time
        self._agenda = Agenda("alarms", storage, announcer, time, self._due, settings.snooze_minutes * 60)
        self.by_hand = AgendaByHand("alarms", self._agenda, time, language, usual=False)

    async def serve(self) -> None:
        """Rings what is due. Raises StorageError."""
        await self._agenda.serve()

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """What was asked, done and on disk. Raises StorageError."""
        await self._agenda.load()
        said = read(in_english(_words(intent), origin.language), bare=True)
        match intent.name:
            case "HearthSetAlarm":
                return await self._set(intent, said, origin.language)
            case "HearthCancelAlarm":
                return await self._cancel(intent, said)
            case _:
                return self._status(said)

    async def _set(self, intent: Intent, said: Reading, language: str) -> Outcome:
        if intent.slots.get("change"):
            said = read(in_english(str(intent.slots.get("when", "")), language), bare=True)
        found = when(said.said, self._time.now(), awake=False, usual=False)
        if found is None:
            known = intent.slots if intent.slots.get("change") else {"about": _words(intent)}
            ask = Question(replace(intent, slots=known), "when")
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("alarms_for_when"), question=ask)
        if len(self._agenda.all()) >= MOST:
            return Outcome(OutcomeKind.FAILED, Phrase("alarms_too_many", {"count": MOST}))
        if intent.slots.get("change"):
            return await self._change(intent, found, language)
        entry = await self._agenda.add(label(said.rest), found)
        return self._done("alarms_set", [entry])

    async def _change(self, intent: Intent, found: When, language: str) -> Outcome:
        """Another time for the one alarm that is meant."""
        old = self._meant(read(in_english(str(intent.slots.get("about", "")), language), bare=True))
        if not old:
            return Outcome(OutcomeKind.FAILED, Phrase("alarms_none", {"others": len(self._agenda.all())}))
        if len(old) > 1:
            choices = tuple(f"{self._agenda.local(entry.next):%A at %H:%M}" for entry in old)
            say = self._done("alarms_which", old).say
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, "about", choices))
        entry = await self._agenda.add(old[0].text, found)
        await self._agenda.remove(old)
        return self._done("alarms_set", [entry])

    async def _cancel(self, intent: Intent, said: Reading) -> Outcome:
        found = self._meant(said)
        if not found:
            return self._none(said)
        if len(found) > 1 and not intent.slots.get("all") and not said.said.anything:
            choices = tuple(f"{self._agenda.local(entry.next):%A at %H:%M}" for entry in found)
            say = self._done("alarms_which", found).say
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, "when", choices))
        await self._agenda.remove(found)
        return self._done("alarms_cancelled", found)

    def _status(self, said: Reading) -> Outcome:
        found = self._meant(said)
        return self._done("alarms_listed", found) if found else self._none(said)

    def _meant(self, said: Reading) -> Sequence[Entry]:
        now = self._time.now()
        found = [
            entry
            for entry in self._agenda.all()
            if fits(said.said, self._agenda.local(entry.next), now)
            or (entry.rule and fits(said.said, self._agenda.local(entry.start), now))
        ]
        name = label(said.rest)
        named = [entry for entry in found if entry.text and entry.text.casefold() == name.casefold()]
        return named or found

    def _none(self, said: Reading) -> Outcome:
        others = len(self._agenda.all()) if said.said.anything else 0
        return Outcome(OutcomeKind.DONE, Phrase("alarms_none", {"others": others}))

    def _done(self, key: str, entries: Sequence[Entry]) -> Outcome:
        return Outcome(OutcomeKind.DONE, Phrase(key, {"alarms": [self._described(entry) for entry in entries]}))

    def _due(self, entry: Entry, missed: bool) -> Phrase:
        return Phrase("alarms_missed" if missed else "alarms_due", self._described(entry))

    def _described(self, entry: Entry) -> dict[str, object]:
        now = self._time.now()
        return {
            "text": entry.text,
            "at": self._agenda.local(entry.next),
            "every": recurrence(entry.rule) if entry.rule else None,
            "days": (self._agenda.local(entry.next).date() - now.date()).days,
        }


def _words(intent: Intent) -> str:
    """Everything that was said of it."""
    return " ".join(str(intent.slots[slot]) for slot in ("about", "when") if slot in intent.slots)


def label(rest: str) -> str:
    """What an alarm is for, of what was said besides its time."""
    words = rest.split()
    while words and words[0].casefold().strip(",.") in _FILLERS:
        words.pop(0)
    while words and words[-1].casefold().strip(",.") in _FILLERS:
        words.pop()
    return " ".join(words)
