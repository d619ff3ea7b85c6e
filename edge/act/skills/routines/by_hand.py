"""Routines as they are seen and changed by hand."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

from edge.act.skills.routines.file import LONGEST_NAME, MOST_SENTENCES
from edge.act.skills.routines.store import RoutineStore
from edge.act.timekeeping import Alert
from edge.errors import ChangedMeanwhile, NoSuchEntry, NotKept
from edge.intents import Origin
from edge.ports import Interpreter, Routine, StepCheck, version_of

_LONGEST_STEP: Final = 300
"""Characters."""


class RoutinesByHand:
    """The one :class:`edge.ports.EditableRoutines`."""

    keeps: Final = "routines"

    def __init__(
        self,
        store: RoutineStore,
        interpreter: Interpreter,
        known: Callable[[], tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]],
        refresh: Callable[[], Awaitable[None]],
        own: Collection[str],
        language: str,
    ) -> None:
        """``known``: those that were taught, and those of the file; ``refresh`` reads them again; ``own``: the intents
        of routines; ``language``: ISO 639-1, that of the sentences.
        """
        self._store, self._interpreter, self._known, self._refresh = store, interpreter, known, refresh
        self._own, self._language = own, language
        self.alert = Alert()
        """Set by every change."""

    async def changed(self, after: int) -> int:
        """The number of the last change, once it is greater than ``after``."""
        return await self.alert.later(after)

    async def emptied(self) -> None:
        """None that was taught is known any more. Raises StorageError."""
        await self._refresh()

    async def routines(self) -> Sequence[Routine]:
        """In alphabetical order. Raises StorageError."""
        taught, written = self._known()
        found = [_shown(name, steps, name in taught) for name, steps in {**written, **taught}.items()]
        return sorted(found, key=lambda routine: routine.name.casefold())

    def check(self, steps: Sequence[str]) -> Sequence[StepCheck]:
        """What each step means in the house as it is now."""
        return [self._checked(" ".join(step.split())) for step in steps]

    async def write(self, old: str | None, name: str, steps: Sequence[str], version: str | None = None) -> Routine:
        """Keep one. Raises NoSuchEntry, ChangedMeanwhile, NotKept, StorageError."""
        given = " ".join(name.split()).strip(" ,.;:!?\"'")
        current = None if old is None else self._taught(old)
        if version is not None and current is not None and version != current.version:
            raise ChangedMeanwhile("the routine was changed meanwhile", "look at it again")
        self._check_name(given, current)
        if not 0 < len(steps) <= MOST_SENTENCES:
            raise NotKept(f"a routine has 1 to {MOST_SENTENCES} steps", "")
        checked = self.check(steps)
        for number, step in enumerate(checked, 1):
            if step.wrong:
                raise NotKept(f"step {number}, {step.text!r}: {step.wrong}", "say it otherwise")
        await self._store.teach(given, [step.text for step in checked], current.name if current else None)
        await self._refresh()
        return self._taught(given)

    async def forget(self, name: str) -> None:
        """It is gone. Raises NoSuchEntry, NotKept, StorageError."""
        await self._store.forget(self._taught(name).name)
        await self._refresh()

    def _taught(self, name: str) -> Routine:
        taught, written = self._known()
        for known in (taught, written):
            for each, steps in known.items():
                if each.casefold() == name.casefold():
                    if known is not taught:
                        raise NotKept(f"the routine {each!r} is in a file", "edit routines.yaml")
                    return _shown(each, steps, editable=True)
        raise NoSuchEntry(f"there is no routine {name[:LONGEST_NAME]!r}", "")

    def _check_name(self, name: str, current: Routine | None) -> None:
        if not name or len(name) > LONGEST_NAME:
            raise NotKept(f"a routine's name has 1 to {LONGEST_NAME} characters", "")
        if current is not None and current.name.casefold() == name.casefold():
            return
        taught, written = self._known()
        if name.casefold() in {each.casefold() for each in (*taught, *written)}:
            raise NotKept(f"there is a routine {name!r} already", "")
        if not may_be_name(self._interpreter, name, self._origin()):
            raise NotKept(f"{name!r} means something already", "choose another name")

    def _checked(self, text: str) -> StepCheck:
        if not text or len(text) > _LONGEST_STEP:
            return StepCheck(text[:_LONGEST_STEP], (), f"a step has 1 to {_LONGEST_STEP} characters")
        understood = self._interpreter.understand(text, self._origin())
        if understood is None:
            return StepCheck(text, (), "this is not understood")
        intents = tuple(each.name for each in understood.intents)
        if any(each in self._own for each in intents):
            return StepCheck(text, intents, "a routine does not run a routine")
        return StepCheck(text, intents)

    def _origin(self) -> Origin:
        return Origin("routines", None, self._language)


def may_be_name(interpreter: Interpreter, name: str, origin: Origin) -> bool:
    """Whether ``name`` means nothing else yet."""
    meaning = interpreter.understand(name, origin)
    return meaning is None or meaning.intent.name in ("HearthRoutineRun", "HassRespond", "HassNevermind")


def _shown(name: str, steps: Sequence[str], editable: bool) -> Routine:
    return Routine(name, tuple(steps), editable, version_of(name, tuple(steps)))
