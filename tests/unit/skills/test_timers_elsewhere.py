"""A timer set in one room, known and changed from another, on a real broker."""

import datetime
import json
from pathlib import Path

import anyio
import pytest

from edge.act.skills.timers.elsewhere import Elsewhere
from edge.act.skills.timers.skill import Timers
from edge.bus import Bus
from edge.database import Database
from edge.errors import BrokerOffline
from edge.intents import Intent, OutcomeKind
from edge.session.announce import Announcements
from edge.session.floor import Floor
from edge.speak.wording import Wording
from tests.asked import SKILLS, Asked
from tests.brokers import Mosquitto
from tests.several import living, until
from tests.virtual_time import VirtualTime

pytestmark = pytest.mark.anyio
NOW = datetime.datetime(2026, 3, 4, 17, 30, tzinfo=datetime.UTC)


def announcer() -> Announcements:
    return Announcements(Floor(), Wording("en", [SKILLS / "timers" / "phrases"]), Bus(), None, None)


def row(**given: object) -> dict[str, object]:
    return {
        "id": "t1",
        "name": "pasta",
        "area": "Kitchen",
        "ends_at": NOW.timestamp() + 180,
        "left_s": 180.0,
        "state": "running",
        **given,
    }


async def test_it_is_known_everywhere_and_changed_by_its_owner(
    running: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = VirtualTime(NOW)
    monkeypatch.setattr("edge.act.skills.timers.elsewhere._WAIT_S", 30.0)
    async with (
        living(running, "a", "kitchen", "Kitchen") as kitchen,
        living(running, "b", "bedroom", "Bedroom") as bedroom,
        Database(tmp_path / "a.db") as of_kitchen,
        Database(tmp_path / "b.db") as of_bedroom,
    ):
        theirs = Timers(of_kitchen, announcer(), time, None, kitchen.neighbours)
        elsewhere = Elsewhere(bedroom.house.post, bedroom.neighbours, time)
        await elsewhere.listen()
        ours = Timers(of_bedroom, announcer(), time, elsewhere, bedroom.neighbours)
        here, there = Asked("timers", ours), Asked("timers", theirs)
        there.origin = there.origin.__class__("s", "Kitchen")
        assert await here.ask("how long is left on the pasta timer") == "There is no pasta timer."
        await there.ask("set a pasta timer for 3 minutes")
        (timer,) = theirs._countdowns.all()
        await kitchen.house.post.publish("hearthside/kitchen/timers", json.dumps([row(id=timer.id)]), retain=True)
        await until(elsewhere._known)
        await until(bedroom.neighbours.known)
        await bedroom.neighbours.survey()
        assert (
            await here.ask("how long is left on the pasta timer") == "3 minutes left on the pasta timer in the Kitchen."
        )
        assert await here.ask("what timers are running") == "3 minutes left on the pasta timer in the Kitchen."
        assert await here.ask("add 2 minutes to the pasta timer") == "5 minutes left on the pasta timer in the Kitchen."
        assert await here.ask("pause the pasta timer") == "Pasta timer in the kitchen paused, 5 minutes left."
        assert await here.ask("resume the pasta timer") == "Pasta timer in the kitchen goes on, 5 minutes left."
        assert await here.ask("cancel the pasta timer") == "Pasta timer in the kitchen cancelled."
        assert here.outcome is not None
        assert here.outcome.kind is OutcomeKind.DONE
        assert list(theirs._countdowns.all()) == []
        # Its list still has it, but its owner does not.
        assert await here.ask("cancel the pasta timer") == "There is no pasta timer."
        await kitchen.house.post.publish("hearthside/kitchen/timers", "[]", retain=True)
        await until(lambda: not elsewhere._known())


async def test_ours_go_first_and_several_are_asked_about(running: Mosquitto, tmp_path: Path) -> None:
    time = VirtualTime(NOW)
    async with living(running, "b", "bedroom", "Bedroom") as bedroom, Database(tmp_path / "b.db") as storage:
        elsewhere = Elsewhere(bedroom.house.post, bedroom.neighbours, time)
        await elsewhere.listen()
        asked = Asked("timers", Timers(storage, announcer(), time, elsewhere, bedroom.neighbours))
        rows = [row(), row(id="t2", name=None, ends_at=None, left_s=60.0)]
        await bedroom.house.post.publish("hearthside/kitchen/timers", json.dumps(rows), retain=True)
        await bedroom.house.post.publish(
            "hearthside/attic/timers", json.dumps([row(id="t3", area="Attic")]), retain=True
        )
        await until(lambda: len(elsewhere._known()) == 3)
        assert await asked.ask("cancel the pasta timer") == "Which one: pasta or pasta?"
        assert await asked.ask("how long is left on the kitchen timer") == (
            "2 timers: 3 minutes left on the pasta timer in the Kitchen; and 1 minute left on the timer in the Kitchen, which is paused."
        )
        await asked.ask("set a pasta timer for 9 minutes")
        assert await asked.ask("how long is left on the pasta timer") == "9 minutes left on the pasta timer."
        assert await asked.ask("cancel the pasta timer") == "Pasta timer cancelled."


async def test_an_owner_that_is_away_is_said_to_be(running: Mosquitto, tmp_path: Path) -> None:
    time = VirtualTime(NOW)
    async with living(running, "b", "bedroom", "Bedroom") as bedroom, Database(tmp_path / "b.db") as storage:
        elsewhere = Elsewhere(bedroom.house.post, bedroom.neighbours, time)
        await elsewhere.listen()
        asked = Asked("timers", Timers(storage, announcer(), time, elsewhere, bedroom.neighbours))
        await bedroom.house.post.publish("hearthside/kitchen/timers", json.dumps([row()]), retain=True)
        await until(elsewhere._known)
        away = "The pasta timer in the Kitchen cannot be changed now: the assistant in the Kitchen does not answer."
        assert await asked.ask("cancel the pasta timer") == away
        assert asked.outcome is not None
        assert asked.outcome.kind is OutcomeKind.FAILED
        # It is connected, but its skill says nothing.
        async with living(running, "a", "kitchen", "Kitchen"):
            await until(bedroom.neighbours.known)
            assert await asked.ask("cancel the pasta timer") == away
            running.stop()
            await until(lambda: not bedroom.house.online)
            with pytest.raises(BrokerOffline):
                await asked.ask("cancel the pasta timer")


async def test_nonsense_is_no_timer_and_no_change(running: Mosquitto, tmp_path: Path) -> None:
    time = VirtualTime(NOW)
    async with (
        living(running, "a", "kitchen", "Kitchen") as kitchen,
        living(running, "b", "bedroom", "Bedroom") as bedroom,
        Database(tmp_path / "a.db") as storage,
    ):
        theirs = Timers(storage, announcer(), time, None, kitchen.neighbours)
        asked = Asked("timers", theirs)
        await asked.ask("set a pasta timer for 3 minutes")
        (timer,) = theirs._countdowns.all()
        await until(bedroom.neighbours.known)
        await bedroom.neighbours.survey()
        for body in (
            {}, {"intent": "HassStartTimer", "id": timer.id, "seconds": 1}, {"intent": "HassCancelTimer", "id": 5, "seconds": 0},
            {"intent": "HassCancelTimer", "id": "another", "seconds": 0}, {"intent": "HassIncreaseTimer", "id": timer.id, "seconds": -9},
            {"intent": "HassIncreaseTimer", "id": timer.id, "seconds": 1e12}, {"intent": "HassUnpauseTimer", "id": timer.id, "seconds": 0},
        ):  # fmt: skip
            (answer,) = await bedroom.neighbours.ask("timer", body, 60.0, to=[kitchen.neighbours.me])
            assert answer.body == {"done": False}, body
        assert theirs._countdowns.all()[0] == timer
        elsewhere = Elsewhere(bedroom.house.post, bedroom.neighbours, time)
        await elsewhere.listen()
        for payload in (
            "",
            "5",
            "{}",
            "[5]",
            '[{"id": "x"}]',
            json.dumps([row(ends_at="soon")]),
            json.dumps([row(name="x" * 999)]),
            "[" * 10_000,
        ):
            await bedroom.house.post.publish("hearthside/attic/timers", payload)
        await bedroom.house.post.publish("hearthside/cellar/timers", json.dumps([row()]))
        await until(elsewhere._known)
        assert set(elsewhere._known().values()) == {"cellar"}
        assert await elsewhere.run(Intent("HassStartTimer", {"minutes": 1}), []) is None
        await anyio.lowlevel.checkpoint()
