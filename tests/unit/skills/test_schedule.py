"""Commands for later, through the real grammar, router, guard and dispatch, in virtual time on a real database."""

import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio
import pytest

from edge.act.confirm import Guard, Policy, Risk, Rules
from edge.act.dispatch import Dispatch
from edge.act.later import DEFERRABLE, parted
from edge.act.skills.home import Home
from edge.act.skills.restore import Restore
from edge.act.skills.schedule.skill import Schedule
from edge.database import Database
from edge.devices import ActionReport, Command, Confirmation, DeviceState
from edge.dialogue import Context, Exchange
from edge.errors import BrokerOffline
from edge.intents import Intent, Origin, Outcome, Phrase, Transcript, together
from edge.ports import RingingEnd, Silenced
from edge.session.conversation import Conversation
from edge.session.interpreter import TurnlessInterpreter
from edge.speak.wording import Wording
from edge.understand.answer import Answers
from edge.understand.followup import FollowUps
from edge.understand.grammar import Grammar
from edge.understand.later import Later
from edge.understand.router import Router
from tests.asked import SKILLS
from tests.houses import Rooms
from tests.virtual_time import VirtualTime, settle

pytestmark = pytest.mark.anyio
NOW = datetime.datetime(2026, 3, 4, 17, 30, tzinfo=ZoneInfo("Europe/Berlin"))
PHRASES = [SKILLS / name / "phrases" for name in ("schedule", "home", "restore")]


class Told(Rooms):
    """Devices that do as they are told, as long as the broker is there."""

    def __init__(self) -> None:
        super().__init__()
        self.online = True
        self.commands: list[tuple[str, object]] = []
        self.states = {"light.bed": DeviceState("on", {"brightness": 80})}

    def state(self, device: str) -> DeviceState:
        return self.states.get(device, DeviceState("off"))

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        if not self.online:
            raise BrokerOffline("the broker is away", "wait")
        self.commands += [(each.device, dict(each.change)) for each in commands]
        return [
            ActionReport(each.device, each.change, Confirmation.CONFIRMED, 1, DeviceState(), self.state(each.device))
            for each in commands
        ]

    async def tell(self, topic: str, payload: str) -> None:
        raise AssertionError("nothing to tell anybody else")


class Aloud:
    """Writes down what is announced."""

    ringing: Phrase | None = None

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self.heard: list[str] = []

    async def announce(self, phrase: Phrase, area: str | None = None) -> None:
        self.heard.append(self._wording.say(phrase))

    async def ring(self, phrase: Phrase, over: Callable[[Silenced], Awaitable[None]]) -> None:
        raise AssertionError(f"{phrase.key} does not ring")

    async def silence(self, silenced: Silenced) -> Phrase | None:
        assert silenced.how is RingingEnd.STOPPED
        return None


class Assistant:
    """One that is switched on."""

    def __init__(self, storage: Database, house: Told, grammar: Grammar, time: VirtualTime, care: Policy) -> None:
        self.house, self.time = house, time
        self._wording = Wording("en", PHRASES)
        self.aloud = Aloud(self._wording)
        self._conversation = Conversation(lambda: time.now().timestamp())
        interpreter = TurnlessInterpreter()
        self.schedule = Schedule(storage, self.aloud, time, interpreter)
        guard = Guard(Rules({Risk.UNLOCK: care}, "1234"), house)
        self._dispatch = Dispatch((Home(house, 1.0), Restore(house, 1.0), self.schedule), self.schedule, guard)
        self._router = Router(
            grammar,
            answers=Answers(lambda _: grammar, guard.knows_pin),
            follow_ups=FollowUps(house, lambda _: grammar),
            later=Later(parted, DEFERRABLE),
        )
        interpreter.begin(grammar, self._router, self._dispatch)

    async def say(self, text: str) -> str:
        """What is answered to ``text``."""
        origin = Origin("s", "Kitchen")
        context = self._conversation.context()
        routed = await self._router.understand(Transcript(text, "en"), origin, context)
        found = routed.understanding
        outcomes: list[Outcome] = []
        for intent in found.intents if found else ():
            outcomes.append(await self._dispatch.run(intent, origin, found.confidence if found else 0))
            if outcomes[-1].question is not None:
                break
        if not outcomes:
            if routed.answer is None:
                return "?"
            outcomes = [routed.answer]
        whole = together(outcomes)
        reply = " ".join(self._wording.say(each.say) for each in outcomes)
        intents = found.intents if found else ()
        exchange = Exchange(self.time.now().timestamp(), text, intents, whole.kind, whole.actions, reply)
        self._conversation.add(exchange, whole.question)
        await settle()
        return reply

    def done(self) -> list[tuple[str, object]]:
        """What the house was told since this was last asked."""
        told, self.house.commands = self.house.commands, []
        return told


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(Rooms(), "en", None, [SKILLS / "schedule" / "sentences" / "en.yaml"])


class Machine:
    """What stays when the power goes."""

    def __init__(self, grammar: Grammar, folder: Path) -> None:
        self.time, self.house = VirtualTime(NOW), Told()
        self._grammar, self._file = grammar, folder / "a.db"

    @asynccontextmanager
    async def on(self, care: Policy = Policy.UNSURE) -> AsyncIterator[Assistant]:
        async with Database(self._file) as storage, anyio.create_task_group() as services:
            assistant = Assistant(storage, self.house, self._grammar, self.time, care)
            services.start_soon(assistant.schedule.serve)
            await settle()
            await settle()
            yield assistant
            services.cancel_scope.cancel()


@pytest.fixture
def machine(grammar: Grammar, tmp_path: Path) -> Machine:
    return Machine(grammar, tmp_path)


LAMP_OFF = [("light.kitchen", {"state": "OFF"})]


@pytest.mark.parametrize(
    ("said", "answered", "after_s", "done"),
    [
        ("turn off the kitchen light in ten minutes", "I'll do that in 10 minutes.", 600, LAMP_OFF),
        ("in ten minutes turn off the kitchen light", "I'll do that in 10 minutes.", 600, LAMP_OFF),
        ("turn the kitchen light off at 6 pm", "I'll do that at 6:00 PM.", 1800, LAMP_OFF),
        ("at six turn off the kitchen light", "I'll do that at 6:00 PM.", 1800, LAMP_OFF),
        ("turn off the kitchen light tomorrow at half past six", "I'll do that at 6:30 PM tomorrow.", 90_000, LAMP_OFF),
        ("turn off the kitchen light every day at six pm", "I'll do that at 6:00 PM every day.", 1800, LAMP_OFF),
        ("set the bed lamp to 50 percent at six", "I'll do that at 6:00 PM.", 1800,
         [("light.bed", {"state": "ON", "brightness": 50})]),
        ("turn on the bed lamp and the desk plug in one minute", "I'll do that in 1 minute.", 60,
         [("light.bed", {"state": "ON"}), ("switch.desk", {"state": "ON"})]),
    ],
)  # fmt: skip
async def test_it_is_done_in_time(
    machine: Machine, said: str, answered: str, after_s: int, done: list[tuple[str, object]]
) -> None:
    async with machine.on() as assistant:
        assert await assistant.say(said) == answered
        await machine.time.advance(after_s - 2, 600)
        assert assistant.done() == []
        await machine.time.advance(3)
        assert assistant.done() == done
        assert assistant.aloud.heard == [], "what was done is seen"


@pytest.mark.parametrize(
    ("said", "answered", "now", "after_s", "then"),
    [
        ("turn the desk plug on for half an hour", "Desk Plug is on. I'll undo that in 30 minutes.",
         [("switch.desk", {"state": "ON"})], 1800, [("switch.desk", {"state": "OFF"})]),
        ("turn on the desk plug until six", "Desk Plug is on. I'll undo that in 30 minutes.",
         [("switch.desk", {"state": "ON"})], 1800, [("switch.desk", {"state": "OFF"})]),
        ("unlock the front door for ten minutes", "Shall I unlock Front Door?", [], 600, []),
        ("set the bed lamp to 20 percent for an hour", "Bed Lamp is at 20 percent. I'll undo that in 1 hour.",
         [("light.bed", {"state": "ON", "brightness": 20})], 3600,
         [("light.bed", {"state": "ON", "brightness": 80})]),
    ],
)  # fmt: skip
async def test_it_is_done_now_and_undone_later(
    machine: Machine, said: str, answered: str, now: object, after_s: int, then: object
) -> None:
    async with machine.on() as assistant:
        assert await assistant.say(said) == answered
        assert assistant.done() == now
        await machine.time.advance(after_s - 2, 600)
        assert assistant.done() == []
        await machine.time.advance(3)
        assert assistant.done() == then


async def test_it_may_begin_later_and_end_later_still(machine: Machine) -> None:
    async with machine.on() as assistant:
        assert await assistant.say("turn on the desk plug at six for ten minutes") == (
            "I'll do that at 6:00 PM, for 10 minutes."
        )
        await machine.time.advance(1800, 600)
        assert assistant.done() == [("switch.desk", {"state": "ON"})]
        assert await assistant.say("what is scheduled") == ("Planned: undo “turn on the desk plug” in 10 minutes.")
        await machine.time.advance(601, 60)
        assert assistant.done() == [("switch.desk", {"state": "OFF"})]
        assert await assistant.say("what is scheduled") == "Nothing like that is planned."


@pytest.mark.parametrize(
    "back", ["cancel that", "undo that", "don't turn off the kitchen light", "cancel the scheduled command"]
)
async def test_it_is_told_and_taken_back(machine: Machine, back: str) -> None:
    async with machine.on() as assistant:
        await assistant.say("turn off the kitchen light in ten minutes")
        assert await assistant.say("what is planned for later") == "Planned: turn off the kitchen light in 10 minutes."
        assert await assistant.say(back) == "I won't turn off the kitchen light."
        await machine.time.advance(700, 60)
        assert assistant.done() == []


async def test_of_several_the_last_or_all_are_taken_back(machine: Machine) -> None:
    async with machine.on() as assistant:
        await assistant.say("turn off the kitchen light in ten minutes")
        await assistant.say("turn on the spots in five minutes")
        assert await assistant.say("don't turn off the bed lamp") == "Nothing like that is planned."
        asked = "Which one: turn on the spots or turn off the kitchen light?"
        assert await assistant.say("cancel the planned thing") == asked
        assert await assistant.say("the first one") == "I won't turn on the spots."
        await assistant.say("turn on the spots in five minutes")
        assert await assistant.say("cancel that") == "I won't turn on the spots."
        await assistant.say("turn on the spots in five minutes")
        assert await assistant.say("cancel everything scheduled") == "2 planned things cancelled."


async def test_what_it_means_is_settled_when_it_is_said(machine: Machine) -> None:
    async with machine.on() as assistant:
        assert await assistant.say("turn off the flux capacitor in ten minutes") == "?"
        assert await assistant.say("turn on the heater in ten minutes") == (
            "There is more than one Heater: Bedroom or Office?"
        )
        assert await assistant.say("the office") == "I'll do that in 10 minutes."
        assert await assistant.say("turn on the bed lamp") == "Bed Lamp is on."
        assistant.done()
        assert await assistant.say("turn it off in two minutes") == "I'll do that in 2 minutes."
        assert await assistant.say("what is scheduled") == (
            "2 things are planned: turn it off, Bed Lamp in 2 minutes; turn on the heater in 10 minutes."
        )
        assert assistant.done() == []
        await machine.time.advance(601, 60)
        assert assistant.done() == [("light.bed", {"state": "OFF"}), ("switch.heater_2", {"state": "ON"})]


@pytest.mark.parametrize("care", [Policy.UNSURE, Policy.ASK])
async def test_a_door_is_asked_about_when_it_is_said(machine: Machine, care: Policy) -> None:
    async with machine.on(care) as assistant:
        assert await assistant.say("unlock the front door in ten minutes") == "Shall I unlock Front Door?"
        await assistant.say("no")
        await machine.time.advance(601, 60)
        assert assistant.done() == []
        await assistant.say("unlock the front door in ten minutes")
        assert await assistant.say("yes") == "I'll do that in 10 minutes."
        await machine.time.advance(601, 60)
        assert assistant.done() == [("lock.front", {"state": "UNLOCK"})]
        assert await assistant.say("lock the front door for an hour") == "Shall I unlock Front Door?"
        assert assistant.done() == [], "it would be unlocked afterwards"


async def test_a_pin_is_asked_for_when_it_is_said(machine: Machine) -> None:
    async with machine.on(Policy.PIN) as assistant:
        assert await assistant.say("unlock the front door in ten minutes") == "What is the PIN?"
        assert await assistant.say("four three two one") in ("What is the PIN?", "That is not the PIN. Try again?")
        assert await assistant.say("one two three four") == "I'll do that in 10 minutes."
        await machine.time.advance(601, 60)
        assert assistant.done() == [("lock.front", {"state": "UNLOCK"})]


@pytest.mark.parametrize(
    ("away_s", "done", "heard"),
    [
        (300, LAMP_OFF, []),
        (630, LAMP_OFF, []),
        (680, [], ["I missed the time to turn off the kitchen light, at 5:40 PM. It was not done."]),
    ],
)
async def test_it_survives_an_outage_and_never_comes_late(
    machine: Machine, away_s: int, done: object, heard: list[str]
) -> None:
    async with machine.on() as assistant:
        await assistant.say("turn off the kitchen light in ten minutes")
    await machine.time.advance(away_s, 60)
    async with machine.on() as assistant:
        await machine.time.advance(max(0, 610 - away_s) + 1, 10)
        assert assistant.done() == done
        assert assistant.aloud.heard == heard
        assert await assistant.say("what is scheduled") == "Nothing like that is planned."


async def test_what_recurs_is_due_again_after_it_was_missed(machine: Machine) -> None:
    async with machine.on() as assistant:
        await assistant.say("turn off the kitchen light every day at six pm")
    await machine.time.advance(7200, 600)
    async with machine.on() as assistant:
        await machine.time.advance(1)
        assert len(assistant.aloud.heard) == 1
        await machine.time.advance(86_400, 600)
        assert assistant.done() == LAMP_OFF


async def test_what_was_cut_off_is_told_and_not_done_twice(machine: Machine) -> None:
    async with machine.on() as assistant:
        await assistant.say("turn off the kitchen light in ten minutes")
        (entry,) = assistant.schedule._agenda.all()
        await assistant.schedule._agenda._put(replace(entry, begun=True))
    async with machine.on() as assistant:
        await machine.time.advance(601, 60)
        assert assistant.done() == []
        assert assistant.aloud.heard == [
            "I was cut off when it was time to turn off the kitchen light. I don't know if it was done."
        ]


async def test_a_failure_is_told(machine: Machine) -> None:
    async with machine.on() as assistant:
        await assistant.say("turn off the kitchen light in ten minutes")
        machine.house.online = False
        await machine.time.advance(601, 60)
        assert assistant.aloud.heard == [
            "It was time to turn off the kitchen light. I can't reach the house right now."
        ]
        machine.house.online = True
        await machine.time.advance(3600, 600)
        assert assistant.done() == [], "not when the broker is back"


async def test_a_device_that_is_gone_is_told(machine: Machine) -> None:
    async with machine.on() as assistant:
        await assistant.say("turn off the kitchen light in ten minutes")
        machine.house.known = [device for device in machine.house.known if device.id != "light.kitchen"]
        await machine.time.advance(601, 60)
        assert len(assistant.aloud.heard) == 1
        assert assistant.aloud.heard[0].startswith("It was time to turn off the kitchen light. ")
        assert assistant.done() == []


@pytest.mark.parametrize(
    "text",
    ["set an alarm for seven", "remind me to turn off the lamp at seven", "dim the bed lamp by 20",
     "what time is it", "is the kitchen light on", "turn on the kitchen light"],
)  # fmt: skip
async def test_nothing_else_is_put_off(machine: Machine, text: str) -> None:
    async with machine.on() as assistant:
        await assistant.say(text)
        assert await assistant.say("what is scheduled") == "Nothing like that is planned."


@pytest.mark.parametrize(
    ("language", "said", "seconds"),
    [
        ("de", "in 10 Minuten schalte Kitchen Light aus", 600),
        ("de", "schließe Left Blind in einer Stunde", 3600),
        ("fr", "éteins Kitchen Light dans dix minutes", 600),
        ("es", "apaga Kitchen Light dentro de 10 minutos", 600),
        ("nl", "zet Kitchen Light uit over tien minuten", 600),
        ("it", "tra 10 minuti spegni Kitchen Light", 600),
    ],
)
async def test_so_long_from_now_in_other_languages(language: str, said: str, seconds: int) -> None:
    grammar = Grammar(Rooms(), language, None)
    router = Router(grammar, later=Later(parted, DEFERRABLE))
    found = (await router.understand(Transcript(said, language), Origin("s", None, language), Context())).understanding
    assert found is not None
    assert found.intent.name == "HassStartTimer", "as Home Assistant has it"
    units = {"hours": 3600, "minutes": 60}
    assert sum(int(found.intent.slots.get(unit, 0)) * size for unit, size in units.items()) == seconds
    assert [intent.name for intent in found.intent.later] == ["HassTurnOff"]


def test_what_is_kept_is_read_as_it_was() -> None:
    from edge.act.skills.schedule.planned import Planned, read

    intent = Intent("HassTurnOn", {"name": "Lamp", "brightness": 50}, domain="light", confirmed=True)
    planned = Planned("turn on the lamp", (intent,), 60.0, undoes=True, area="Kitchen", language="de")
    assert read(planned.kept()) == planned
