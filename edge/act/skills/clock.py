"""What time and what day it is."""

import datetime
from collections.abc import Callable

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import SkillContext

Now = Callable[[], datetime.datetime]


class Clock:
    """Answers from the system's clock, in its time zone."""

    intents = frozenset({"HassGetCurrentTime", "HassGetCurrentDate"})
    deadline_s = 1.0

    def __init__(self, now: Now) -> None:
        self._now = now

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """The moment, to be put into words in the asker's language."""
        key = "time" if intent.name == "HassGetCurrentTime" else "date"
        return Outcome(OutcomeKind.DONE, Phrase(key, {"now": self._now()}))


def build(context: SkillContext) -> Clock:
    """A clock in the machine's own time zone."""
    return Clock(lambda: datetime.datetime.now().astimezone())
