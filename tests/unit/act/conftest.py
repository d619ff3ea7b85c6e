"""A machine in virtual time, with a real database and an announcer that makes no sound."""

import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio
import pytest

from edge import plugins
from edge.act.agenda_by_hand import AgendaByHand
from edge.act.dispatch import Dispatch
from edge.act.skills.alarms.skill import Alarms, AlarmSettings
from edge.act.skills.clock.skill import Clock
from edge.act.skills.reminders.skill import Reminders
from edge.act.skills.ringing.skill import Ringing
from edge.act.skills.stopwatch.skill import Stopwatch
from edge.act.skills.timers.by_hand import TimersByHand
from edge.act.skills.timers.skill import Timers
from edge.bus import Bus
from edge.database import Database
from edge.events import Announced, AnyEvent, Rang
from edge.intents import Origin, Outcome
from edge.ports import Skill
from edge.session.announce import Announcements
from edge.session.floor import Floor
from edge.speak.wording import Wording
from edge.understand.grammar import Grammar
from edge.understand.while_ringing import WhileRinging, while_ringing
from tests.houses import Rooms
from tests.virtual_time import VirtualTime, settle

WEDNESDAY = datetime.datetime(2026, 3, 4, 17, 30, tzinfo=ZoneInfo("Europe/Berlin"))


class Ears(Bus):
    """Writes down what is said unasked."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, event: AnyEvent) -> None:
        """Called as it begins."""
        if isinstance(event, Rang | Announced):
            self._heard.append(event.text)


@dataclass
class Machine:
    """What stays when the power goes: the disk, and the time."""

    file: Path
    time: VirtualTime
    grammar: Callable[[Announcements], WhileRinging]
    wording: Wording
    heard: list[str] = field(default_factory=list)
    """Everything that rang or was announced."""

    @asynccontextmanager
    async def on(self) -> AsyncIterator["Running"]:
        """Switched on, until the block ends; without a word, as when the power goes."""
        announcer = Announcements(Floor(), self.wording, Ears(self.heard), None, None, sleep=self.time.sleep)
        async with Database(self.file) as storage, anyio.create_task_group() as services:
            timers = Timers(storage, announcer, self.time)
            alarms = Alarms(storage, announcer, self.time, AlarmSettings())
            reminders = Reminders(storage, announcer, self.time)
            others: Sequence[Skill] = (
                Ringing(announcer),
                Clock(self.time.now, "en"),
                Stopwatch(storage, self.time),
            )
            for service in (timers, alarms, reminders):
                services.start_soon(service.serve)
            await settle()
            await settle()
            running = Running(self, Dispatch((timers, alarms, reminders, *others), Ringing(announcer)), announcer)
            running.timers, running.alarms = timers.by_hand, alarms.by_hand
            yield running
            await settle()
            services.cancel_scope.cancel()


class Running:
    """A machine that is switched on."""

    timers: TimersByHand
    alarms: AgendaByHand

    def __init__(self, machine: Machine, dispatch: Dispatch, announcer: Announcements) -> None:
        self._machine, self._dispatch, self.announcer = machine, dispatch, announcer
        self._grammar = machine.grammar(announcer)

    async def ask(self, text: str, area: str | None = None) -> Outcome:
        """What comes of saying ``text``."""
        origin = Origin("test", area)
        found = self._grammar.understand(text, origin)
        assert found is not None, text
        outcome = await self._dispatch.run(found.intent, origin)
        await settle()
        return outcome

    async def say(self, text: str, area: str | None = None) -> str:
        """What is answered to ``text``."""
        return self._machine.wording.say((await self.ask(text, area)).say)

    @property
    def run(self) -> Callable[..., Awaitable[Outcome]]:
        """Carry out an intent."""
        return self._dispatch.run


@pytest.fixture(scope="session")
def folders() -> list[Path]:
    """Those of all skills that are packages."""
    return [folder for name in plugins.names("skills") if (folder := plugins.folder("skills", name)) is not None]


@pytest.fixture(scope="session")
def grammar(folders: list[Path]) -> Grammar:
    """With the sentences of all skills."""
    own = [file for folder in folders if (file := folder / "sentences" / "en.yaml").exists()]
    return Grammar(Rooms(), "en", None, own)


@pytest.fixture(scope="session")
def short_grammar() -> Grammar:
    """For when something rings."""
    return while_ringing(Rooms(), "en")


@pytest.fixture
def machine(folders: list[Path], grammar: Grammar, short_grammar: Grammar, tmp_path: Path) -> Machine:
    """A new one, on a Wednesday at half past five."""
    wording = Wording("en", [phrases for folder in folders if (phrases := folder / "phrases").exists()])
    return Machine(
        tmp_path / "a.db",
        VirtualTime(WEDNESDAY),
        lambda announcer: WhileRinging(announcer, short_grammar, grammar),
        wording,
    )
