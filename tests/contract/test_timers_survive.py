"""A timer, an alarm and a reminder that were confirmed are there after kill -9, each by a process of its own."""

import datetime
import os
import signal
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio
import pytest

from edge.act.skills.alarms.skill import Alarms, AlarmSettings
from edge.act.skills.reminders.skill import Reminders
from edge.act.skills.timers.skill import Timers
from edge.act.timekeeping import SystemTime
from edge.bus import Bus
from edge.database import Database
from edge.intents import Intent, Origin, Outcome
from edge.ports import Skill
from edge.session.announce import Announcements
from edge.session.floor import Floor
from edge.speak.wording import Wording

ZONE = ZoneInfo("Europe/Berlin")
ORDERS = {
    "timer": Intent("HassStartTimer", {"minutes": 10, "name": "pasta"}),
    "alarm": Intent("HearthSetAlarm", {"when": "every weekday at 7"}),
    "reminder": Intent("HearthSetReminder", {"task": "call mum tomorrow at six"}),
    "snoozed": Intent("HassIncreaseTimer", {"minutes": 5}),
}
QUESTIONS = {
    "timer": Intent("HassTimerStatus"),
    "alarm": Intent("HearthAlarmStatus"),
    "reminder": Intent("HearthReminderStatus"),
}


def skills(storage: Database) -> dict[str, Skill]:
    """Each in the machine's own time."""
    announcer = Announcements(Floor(), Wording("en"), Bus(), None, None)
    time = SystemTime(ZONE)
    timers = Timers(storage, announcer, time)
    return {
        "timer": timers,
        "snoozed": timers,
        "alarm": Alarms(storage, announcer, time, AlarmSettings()),
        "reminder": Reminders(storage, announcer, time),
    }


async def confirm(file: Path) -> None:
    """Carry out all orders, say so, and wait for the end."""
    async with Database(file) as storage:
        takers = skills(storage)
        for name, intent in ORDERS.items():
            await takers[name].run(intent, Origin("test"))
        sys.stdout.write("confirmed\n")
        sys.stdout.flush()
        await anyio.sleep_forever()


def confirmed_and_killed(file: Path) -> None:
    """A process of its own confirms all orders, and dies at once."""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, __file__, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "confirmed\n"
        os.kill(process.pid, signal.SIGKILL)


@pytest.mark.anyio
async def test_what_was_confirmed_survives_kill_9(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    confirmed_and_killed(file)
    async with Database(file) as storage:
        takers = skills(storage)
        answers: dict[str, Outcome] = {
            name: await takers[name].run(intent, Origin("test")) for name, intent in QUESTIONS.items()
        }
    (timer,) = answers["timer"].say.values["timers"]  # type: ignore[misc]
    assert timer["name"] == "pasta"
    assert 14 * 60 < timer["left"] <= 15 * 60
    (alarm,) = answers["alarm"].say.values["alarms"]  # type: ignore[misc]
    assert (alarm["at"].hour, alarm["every"]["days"]) == (7, [0, 1, 2, 3, 4])
    (reminder,) = answers["reminder"].say.values["reminders"]  # type: ignore[misc]
    assert reminder["text"] == "call mum"
    assert reminder["at"].date() == datetime.datetime.now(ZONE).date() + datetime.timedelta(days=1)


if __name__ == "__main__":
    anyio.run(confirm, Path(sys.argv[1]))
