"""Commands for later as they are seen and taken back by hand."""

from collections.abc import Sequence
from typing import Final

from edge.act.agenda import Agenda
from edge.act.agenda_by_hand import recurs
from edge.act.skills.schedule.planned import read
from edge.errors import NoSuchEntry
from edge.ports import Postponed


class ScheduleByHand:
    """The one :class:`edge.ports.EditableSchedule`."""

    keeps: Final = "later"

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    async def changed(self, after: int) -> int:
        """The number of the last change, once it is greater than ``after``."""
        return await self._agenda.changed.later(after)

    async def emptied(self) -> None:
        """Nothing will be done any more. Raises StorageError."""
        await self._agenda.remove(self._agenda.all())

    async def postponed(self) -> Sequence[Postponed]:
        """The next first. Raises StorageError."""
        await self._agenda.load()
        found = [(entry, read(entry.text)) for entry in self._agenda.all()]
        return [
            Postponed(entry.id, planned.label, planned.undoes, planned.for_s, entry.next, recurs(entry))
            for entry, planned in found
        ]

    async def remove(self, ident: str) -> None:
        """It will not be done. Raises NoSuchEntry, StorageError."""
        await self._agenda.load()
        if (entry := self._agenda.entry(ident)) is None:
            raise NoSuchEntry("there is no such command", "it may be done already")
        await self._agenda.remove([entry])
