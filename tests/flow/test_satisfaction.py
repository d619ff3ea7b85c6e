"""How satisfied one is, asked aloud and answered, with real ears and a real voice."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from edge.act.skills.satisfaction.skill import Satisfaction
from edge.assistant import Assistant
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.observe.kpi_store import KpiStore
from edge.sections import KpiSettings
from tests.brokers import Mosquitto
from tests.flow.test_conversation import hear, spoken, talking
from tests.sounds import Say

pytestmark = pytest.mark.anyio
NOON = datetime.now().replace(hour=12)


async def used_for_days(running: Assistant) -> None:
    store = KpiStore(running.storage)
    await store.add({(NOON - timedelta(day)).date(): {"tasks": 3} for day in (1, 2, 3)}, NOON.date())
    for skill in running.skills:
        if isinstance(skill, Satisfaction):
            skill._now = lambda: NOON


async def kept(running: Assistant) -> dict[str, float]:
    return dict((await KpiStore(running.storage).since(NOON.date())).get(NOON.date(), {}))


async def test_it_is_asked_after_a_command_and_the_answer_is_kept(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = spoken(say, "Alexa, turn on the kitchen light.", 2.0, "Four.", 1.5)
    async with talking(broker, tmp_path, hears=True, kpi=KpiSettings(ask_satisfaction=True)) as running:
        await used_for_days(running)
        turns, _ = await hear(running, sound)
        counts = await kept(running)
    asked, answered = turns[:2]
    assert asked.outcome is OutcomeKind.DONE
    assert asked.reply.text == "Kitchen Light is on. By the way: from one to five, how satisfied are you with me?"
    assert [report.device for report in asked.actions] == ["light.kitchen_light"]
    assert (answered.outcome, answered.reply.text) == (OutcomeKind.DONE, "Thank you."), answered.text
    assert (counts["asked"], counts["answered"], counts["score"]) == (1, 1, 4)


async def test_who_says_something_else_has_it_done_and_is_not_asked_again(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = spoken(say, "Alexa, turn on the kitchen light.", 2.0, "Turn on the bedroom light.", 2.0)
    async with talking(broker, tmp_path, hears=True, kpi=KpiSettings(ask_satisfaction=True)) as running:
        await used_for_days(running)
        turns, _ = await hear(running, sound)
        running._conversations._sessions.clear()
        again, _ = await hear(running, spoken(say, "Alexa, turn off the kitchen light.", 1.0))
        counts = await kept(running)
    assert home.state("bedroom_light")["state"] == "ON", turns[-1].text
    assert (again[0].outcome, again[0].question) == (OutcomeKind.DONE, None)
    assert "answered" not in counts
    assert counts["asked"] == 1


async def test_where_nobody_wants_that_nobody_is_asked(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    async with talking(broker, tmp_path, hears=True) as running:
        await used_for_days(running)
        (turn,), _ = await hear(running, spoken(say, "Alexa, turn on the kitchen light.", 1.0))
    assert turn.reply.text == "Kitchen Light is on."


async def test_what_is_written_is_answered_without_a_question(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with talking(broker, tmp_path, hears=True, kpi=KpiSettings(ask_satisfaction=True)) as running:
        await used_for_days(running)
        events = await running.ask("turn on the kitchen light")
    assert events[-1].question is None  # type: ignore[union-attr]
