"""What rings at a time of day, as it is seen and changed by hand."""

import datetime
from collections.abc import Sequence
from typing import Final

from edge.act.agenda import MOST, Agenda, Entry
from edge.act.calendar import DAY_NAMES, When, following, recurrence, when
from edge.act.moments import read
from edge.act.timekeeping import Time
from edge.act.times_in import in_english
from edge.errors import ChangedMeanwhile, NoSuchEntry, NotKept
from edge.ports import Dated, Recurrence, RingingEnd, Silenced, version_of

_UNITS: Final = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_LONGEST_SNOOZE_S: Final = 24 * 3600.0
_TOO_FAR_S: Final = 5 * 366 * 86_400.0
LONGEST: Final = 300
"""Characters of what something is for."""


class AgendaByHand:
    """The one :class:`edge.ports.EditableAgenda`, of one skill."""

    def __init__(self, keeps: str, agenda: Agenda, time: Time, language: str, *, usual: bool) -> None:
        """``language`` of the words that say a time, ISO 639-1. ``usual``: a day, or a part of it, is time enough, and
        its text must say something.
        """
        self.keeps = keeps
        self._agenda, self._time, self._language, self._usual = agenda, time, language, usual

    async def changed(self, after: int) -> int:
        """The number of the last change, once it is greater than ``after``."""
        return await self._agenda.changed.later(after)

    async def emptied(self) -> None:
        """Nothing is due or rings any more. Raises StorageError."""
        await self._agenda.remove(self._agenda.all())

    async def entries(self) -> Sequence[Dated]:
        """The next first. Raises StorageError."""
        await self._agenda.load()
        return [self._shown(entry) for entry in self._agenda.all()]

    async def add(self, text: str, when: float | str, again: Recurrence | None = None) -> Dated:
        """Keep one. Raises NotKept, StorageError."""
        await self._agenda.load()
        if len(self._agenda.all()) >= MOST:
            raise NotKept(f"there are {MOST} of them already", "delete what is not needed any more")
        return self._shown(await self._agenda.add(self._checked(text), self._when(when, again)))

    async def edit(
        self,
        ident: str,
        *,
        text: str | None = None,
        when: float | str | None = None,
        again: Recurrence | None = None,
        version: str | None = None,
    ) -> Dated:
        """What is not None changes. Raises NoSuchEntry, ChangedMeanwhile, NotKept, StorageError."""
        entry = await self._entry(ident)
        said = entry.text if text is None else self._checked(text)
        moment = None if when is None else self._when(when, again)
        if version is not None and version != _version(entry):
            raise ChangedMeanwhile("it was changed meanwhile", "look at it again")
        return self._shown(await self._agenda.change(entry, said, moment))

    async def remove(self, ident: str) -> None:
        """It is due no more. Raises NoSuchEntry, StorageError."""
        await self._agenda.remove([await self._entry(ident)])

    async def silence(self, ident: str, snooze_s: float | None = None) -> None:
        """One that rings is heard no more. Raises NoSuchEntry, NotKept, StorageError."""
        entry = await self._entry(ident)
        if not self._agenda.rings(entry):
            raise NotKept("it does not ring", "")
        if snooze_s is None:
            await self._agenda.silence(entry, Silenced(RingingEnd.STOPPED))
            return
        if not 0 <= snooze_s <= _LONGEST_SNOOZE_S:
            raise NotKept("it can ring again within a day", "set another time")
        await self._agenda.silence(entry, Silenced(RingingEnd.SNOOZED, snooze_s or None))

    async def _entry(self, ident: str) -> Entry:
        await self._agenda.load()
        if (entry := self._agenda.entry(ident)) is None:
            raise NoSuchEntry("there is no such entry", "it may be over")
        return entry

    def _shown(self, entry: Entry) -> Dated:
        return Dated(
            id=entry.id,
            text=entry.text,
            at=entry.next,
            again=recurs(entry),
            snoozed=entry.snoozed is not None,
            ringing=self._agenda.rings(entry),
            version=_version(entry),
        )

    def _checked(self, text: str) -> str:
        said = " ".join(text.split())
        if self._usual and not said:
            raise NotKept("it does not say what to remind of", "say what it is for")
        if len(said) > LONGEST:
            raise NotKept(f"it has more than {LONGEST} characters", "shorten it")
        return said

    def _when(self, said: float | str, again: Recurrence | None) -> When:
        now = self._time.now()
        if isinstance(said, str):
            reading = read(in_english(said, self._language), bare=True)
            if (found := when(reading.said, now, awake=self._usual, usual=self._usual)) is None:
                raise NotKept(f"{said!r} does not say when", "say a day and a time, such as tomorrow at seven")
            return found
        if abs(said - now.timestamp()) > _TOO_FAR_S:
            raise NotKept("that is more than five years away", "")
        first = datetime.datetime.fromtimestamp(said, now.tzinfo)
        if again is None:
            if first <= now:
                raise NotKept("that time is over", "choose one to come")
            return When(first)
        rule = _rule(again)
        at = following(rule, first, max(now, first - datetime.timedelta(seconds=1)))
        if at is None:
            raise NotKept("that never comes", "")
        return When(at, rule)


def recurs(entry: Entry) -> Recurrence | None:
    """How ``entry`` comes again."""
    if entry.rule is None:
        return None
    rule = recurrence(entry.rule)
    return Recurrence(rule["unit"], rule["interval"], tuple(rule["days"]))


def _version(entry: Entry) -> str:
    return version_of(entry.text, entry.due, entry.rule, entry.snoozed)


def _rule(again: Recurrence) -> str:
    """RFC 5545. Raises NotKept."""
    if again.unit not in _UNITS or not 0 < again.interval <= 99 or not set(again.days) <= set(range(7)):  # noqa: PLR2004
        raise NotKept("it can't come again like that", f"every so many of {', '.join(_UNITS)}")
    parts = [f"FREQ={_UNITS[again.unit]}"]
    if again.interval > 1:
        parts.append(f"INTERVAL={again.interval}")
    if again.days:
        parts.append("BYDAY=" + ",".join(DAY_NAMES[day] for day in sorted(set(again.days))))
    return ";".join(parts)
