"""Timers and alarms that are changed by hand, in virtual time: what rings, and when. It is Wednesday, half past five."""

import anyio
import pytest

from edge.errors import ChangedMeanwhile, NoSuchEntry, NotKept
from edge.ports import CountdownState, Recurrence
from tests.unit.act.conftest import Machine
from tests.virtual_time import settle

pytestmark = pytest.mark.anyio


async def test_a_timer_rings_when_its_changed_time_is_over(machine: Machine) -> None:
    async with machine.on() as running:
        timer = await running.timers.start(60, "the pasta", "Kitchen")
        assert (timer.name, timer.area, timer.length_s) == ("pasta", "Kitchen", 60)
        await running.timers.prolong(timer.id, 60)
        await machine.time.advance(119, 5)
        assert machine.heard == []
        await running.timers.hold(timer.id, still=True)
        await machine.time.advance(600, 60)
        assert machine.heard == []
        await running.timers.hold(timer.id, still=False)
        await machine.time.advance(2)
        assert len(machine.heard) == 1
        _, (ringing,) = await running.timers.countdowns(-1)
        assert ringing.state is CountdownState.RINGING
        # More time silences it until then.
        await running.timers.prolong(timer.id, 30)
        await settle()
        assert running.announcer.ringing is None
        await machine.time.advance(31)
        assert len(machine.heard) == 2
        await running.timers.cancel(timer.id)
        await settle()
        assert running.announcer.ringing is None
        with pytest.raises(NoSuchEntry):
            await running.timers.cancel(timer.id)


async def test_more_time_for_one_that_waits_behind_another_that_rings(machine: Machine) -> None:
    async with machine.on() as running:
        first, second = [await running.timers.start(60, name, None) for name in ("pasta", "tea")]
        await machine.time.advance(61)
        states = {timer.name: timer.state.value for timer in (await running.timers.countdowns(-1))[1]}
        assert states == {"pasta": "ringing", "tea": "ringing"}
        assert (await running.timers.prolong(second.id, 300)).state is CountdownState.RUNNING
        await running.timers.cancel(first.id)
        await settle()
        assert running.announcer.ringing is None
        await machine.time.advance(302, 30)
        assert len(machine.heard) == 2


async def test_what_was_changed_by_hand_survives_the_power_cut(machine: Machine) -> None:
    async with machine.on() as running:
        timer = await running.timers.start(600, None, None)
        await running.timers.rename(timer.id, "tea")
        alarm = await running.alarms.add("gym", "tomorrow at 7")
        await running.alarms.edit(alarm.id, text="swimming")
    async with machine.on() as running:
        _, (timer_again,) = await running.timers.countdowns(-1)
        assert (timer_again.id, timer_again.name) == (timer.id, "tea")
        (again,) = await running.alarms.entries()
        assert (again.id, again.text, again.at) == (alarm.id, "swimming", alarm.at)


async def test_an_alarm_that_comes_again_is_due_next_time_when_it_is_stopped(machine: Machine) -> None:
    async with machine.on() as running:
        at = machine.time.now().timestamp() + 60
        alarm = await running.alarms.add("", at, Recurrence("day"))
        await machine.time.advance(61)
        assert machine.heard == ["It is 5:31 PM."]
        await running.alarms.silence(alarm.id)
        await settle()
        (next_one,) = await running.alarms.entries()
        assert (next_one.at, next_one.ringing, next_one.again) == (at + 86_400, False, Recurrence("day"))


async def test_one_that_waits_behind_another_that_rings_is_snoozed_stopped_and_put_off(machine: Machine) -> None:
    async with machine.on() as running:
        now = machine.time.now().timestamp()
        first, second, third, fourth = [await running.alarms.add(name, now + 60) for name in ("a", "b", "c", "d")]
        await machine.time.advance(61)
        rings = {entry.text: entry.ringing for entry in await running.alarms.entries()}
        assert rings == {"a": True, "b": True, "c": True, "d": True}
        loud = running.announcer.ringing
        assert loud is not None
        assert loud.values["text"] == "a"
        await running.alarms.silence(second.id, 300)
        await running.alarms.silence(third.id)
        moved = await running.alarms.edit(fourth.id, when=now + 3600)
        assert moved.ringing is False
        await settle()
        assert running.announcer.ringing is loud
        await running.alarms.silence(first.id)
        await settle()
        assert running.announcer.ringing is None
        left = {entry.text: (entry.at - now, entry.snoozed) for entry in await running.alarms.entries()}
        assert left == {"b": (pytest.approx(361, abs=2), True), "d": (3600, False)}


async def test_the_one_that_rings_aloud_is_put_off_and_not_lost(machine: Machine) -> None:
    async with machine.on() as running:
        now = machine.time.now().timestamp()
        alarm = await running.alarms.add("a", now + 60)
        await machine.time.advance(61)
        await running.alarms.edit(alarm.id, when=now + 600)
        await settle()
        assert running.announcer.ringing is None
        (moved,) = await running.alarms.entries()
        assert (moved.at, moved.ringing) == (now + 600, False)
        await machine.time.advance(600, 30)
        assert len(machine.heard) == 2


async def test_only_what_was_seen_is_changed(machine: Machine) -> None:
    async with machine.on() as running:
        alarm = await running.alarms.add("gym", "tomorrow at 7")
        await running.say("set an alarm for half past eight tomorrow for work")
        changed = await running.alarms.edit(alarm.id, text="run", version=alarm.version)
        with pytest.raises(ChangedMeanwhile):
            await running.alarms.edit(alarm.id, text="swim", version=alarm.version)
        assert (await running.alarms.edit(alarm.id, text="swim", version=changed.version)).text == "swim"


@pytest.mark.parametrize(
    ("when", "again"),
    [
        ("whatever", None),
        ("", None),
        (0.0, None),
        (1e12, None),
        (-1e15, Recurrence("day")),
        (2e9 - 86_400 * 365 * 4, Recurrence("hour")),
        (1_780_000_000.0, Recurrence("week", days=(7,))),
        (1_780_000_000.0, Recurrence("day", interval=0)),
    ],
)
async def test_what_is_no_time_is_refused(machine: Machine, when: float | str, again: Recurrence | None) -> None:
    async with machine.on() as running:
        with pytest.raises(NotKept):
            await running.alarms.add("x", when, again)
        assert list(await running.alarms.entries()) == []


async def test_every_change_is_told_by_a_rising_number(machine: Machine) -> None:
    async with machine.on() as running:
        known = await running.alarms.changed(-1)
        alarm = await running.alarms.add("gym", "tomorrow at 7")
        after_adding = await running.alarms.changed(known)
        await running.say("cancel my alarm")
        assert await running.alarms.changed(after_adding) > after_adding > known
        with anyio.move_on_after(0.05):
            await running.alarms.changed(await running.alarms.changed(-1))
            raise AssertionError("nothing has changed")
        with pytest.raises(NoSuchEntry):
            await running.alarms.remove(alarm.id)
