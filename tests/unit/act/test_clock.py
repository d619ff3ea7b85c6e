"""Questions about time. It is Wednesday, 4 March 2026, half past five in the afternoon in Berlin."""

import pytest

from tests.unit.act.conftest import Machine

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("what time is it", "It is 5:30 PM."),
        ("what's the date", "It is Wednesday, March 4, 2026."),
        ("what is the date and time", "It is Wednesday, March 4, 2026, 5:30 PM."),
        ("what time is it in tokyo", "It is 1:30 AM on Thursday in Tokyo."),
        ("what time is it in new york", "It is 11:30 AM in New York."),
        ("what is the time in india", "It is 10:00 PM in India."),
        ("what's the time in orlando fl", "It is 11:30 AM in Orlando Fl."),
        ("what time is it in paris texas", "It is 10:30 AM in Paris Texas."),
        ("what time is it in tokyo japan", "It is 1:30 AM on Thursday in Tokyo Japan."),
        ("what time is it in this city", "It is 5:30 PM."),
        ("what time is it in narnia", "I don't know what time it is in Narnia."),
        ("what day is christmas", "That is Friday, December 25, 2026."),
        ("when is easter", "That is Sunday, April 5, 2026."),
        ("when is thanksgiving this year", "That is Thursday, November 26, 2026."),
        ("what day of the week is the twenty second of march", "That is Sunday, March 22, 2026."),
        ("what day is it on the first of may", "That is Friday, May 1, 2026."),
        ("what is the date tomorrow", "That is Thursday, March 5, 2026."),
        ("what day was yesterday", "That is Tuesday, March 3, 2026."),
        ("when is the third monday of this month", "That is Monday, March 16, 2026."),
        ("when is the last friday of may", "That is Friday, May 29, 2026."),
        ("how many days are left in this year", "303 days until Friday, January 1, 2027."),
        ("how many days until friday", "2 days until Friday, March 6, 2026."),
        ("how many weeks until christmas", "42 weeks and 2 days until Friday, December 25, 2026."),
        ("what week number is it", "It is week 10."),
        ("eight am in manila is what in new york", "It is 7:00 PM on Wednesday in New York then."),
        ("what is four pm gmt here", "It is 5:00 PM here then."),
        ("it is nine here what time is it in california", "It is 12:00 AM in California then."),
        ("what is the time difference between new york and lagos", "It is 6 hours later in Lagos."),
    ],
)
async def test_questions(machine: Machine, asked: str, said: str) -> None:
    async with machine.on() as running:
        assert await running.say(asked) == said


async def test_a_stopwatch_goes_on_over_a_restart(machine: Machine) -> None:
    async with machine.on() as running:
        assert await running.say("check the stopwatch") == "The stopwatch is not running."
        assert await running.say("start the stopwatch") == "Stopwatch started."
        await machine.time.advance(75, 15)
        assert await running.say("lap") == "Lap: 1 minute and 15 seconds, 1 minute and 15 seconds in all."
    await machine.time.advance(15, 15)
    async with machine.on() as running:
        assert await running.say("lap") == "Lap: 15 seconds, 1 minute and 30 seconds in all."
        assert await running.say("stop the stopwatch") == "Stopped at 1 minute and 30 seconds."
        await machine.time.advance(60, 15)
        assert await running.say("check the stopwatch") == "1 minute and 30 seconds, stopped."
        assert await running.say("resume the stopwatch") == "Stopwatch goes on from 1 minute and 30 seconds."
        assert await running.say("reset the stopwatch") == "Stopwatch reset."
