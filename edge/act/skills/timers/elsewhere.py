"""Timers of other assistants: known here, and changed by whoever has them.

Each assistant publishes its own on ``hearthside/<site>/timers``, retained: a JSON list of objects with ``id``,
``name``, ``area``, ``ends_at`` (seconds since the epoch, null while it is paused), ``left_s`` and ``state``. What is to
become of one is asked of its owner, and told as the owner confirms it.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from edge import outside
from edge.act.skills.timers.timer import Timer, meant, span_of
from edge.act.timekeeping import Time
from edge.intents import Intent, Outcome, OutcomeKind, Phrase, Question
from edge.ports import Neighbours, Post, Taken

_log = logging.getLogger(__name__)
TIMER: Final = "timer"
"""The kind of question that asks for a change."""
CHANGES: Final = frozenset(
    {"HassCancelTimer", "HassPauseTimer", "HassUnpauseTimer", "HassIncreaseTimer", "HassDecreaseTimer"}
)
_WAIT_S: Final = 1.5
"""How long the owner has to confirm."""
_MOST: Final = 50
"""Timers of one assistant."""
_SITES: Final = 100
_LONGEST: Final = 200
"""Characters of an id or a name."""
_LONGEST_S: Final = 400_000.0
_SAID: Final = {
    "HassCancelTimer": "timers_cancelled",
    "HassPauseTimer": "timers_paused",
    "HassUnpauseTimer": "timers_resumed",
    "HassIncreaseTimer": "timers_changed",
    "HassDecreaseTimer": "timers_changed",
}


@dataclass(frozen=True, slots=True)
class _Theirs:
    timer: Timer
    """``ends`` is None where it is paused; its starting length is not known (0)."""
    site: str


class Elsewhere:
    """The timers of all other assistants."""

    def __init__(self, post: Post, neighbours: Neighbours, time: Time) -> None:
        self._post, self._neighbours, self._time = post, neighbours, time
        self._by_site: dict[str, list[_Theirs]] = {}

    async def listen(self) -> None:
        """From now on they are known."""
        await self._post.listen(["hearthside/+/timers"], self._take)

    async def run(self, intent: Intent, ours: Sequence[Timer]) -> Outcome | None:
        """What becomes of ``intent``, where it means a timer of another assistant; None where it does not.

        ``ours`` go before those of others. Raises BrokerOffline.
        """
        if intent.name not in CHANGES | {"HassTimerStatus"} or meant(intent.slots, ours):
            return None
        theirs = self._known()
        found = meant(intent.slots, list(theirs))
        if not found:
            return None
        if intent.name == "HassTimerStatus":
            rows = [self._described(timer) for timer in found]
            return Outcome(OutcomeKind.DONE, Phrase("timers_left", {"timers": rows}))
        if len(found) > 1:
            return _which(intent, found)
        if intent.name in ("HassIncreaseTimer", "HassDecreaseTimer") and not span_of(intent.slots):
            return None
        return await self._change(intent, found[0], theirs[found[0]])

    async def _change(self, intent: Intent, timer: Timer, owner: str) -> Outcome:
        """Ask the ``owner`` of ``timer``."""
        to = [neighbour for neighbour in self._neighbours.known() if neighbour.site == owner]
        body = {"intent": intent.name, "id": timer.id, "seconds": span_of(intent.slots) or 0.0}
        answers = await self._neighbours.ask(TIMER, body, _WAIT_S, to=to) if to else ()
        values = {**self._described(timer), "site": owner}
        if not answers:
            return Outcome(OutcomeKind.FAILED, Phrase("timers_owner_away", values))
        done = next((answer.body for answer in answers if answer.body.get("done") is True), None)
        if done is None:
            return Outcome(OutcomeKind.FAILED, Phrase("timers_none", {"slots": dict(intent.slots)}))
        with suppress(ValueError):
            values["left"] = outside.number_of(done.get("left"))
        return Outcome(OutcomeKind.DONE, Phrase(_SAID[intent.name], values))

    def _known(self) -> Mapping[Timer, str]:
        """All of them, the next to end first, and whose they are."""
        everyone = [theirs for all_of_one in self._by_site.values() for theirs in all_of_one]
        everyone.sort(key=lambda one: (one.timer.ends is None, one.timer.ends or one.timer.left_s))
        return {one.timer: one.site for one in everyone}

    def _described(self, timer: Timer) -> dict[str, object]:
        left = timer.left(self._time.now().timestamp())
        return {"name": timer.name, "length": 0, "left": left, "paused": timer.ends is None, "area": timer.area}

    def _take(self, taken: Taken) -> None:
        site = taken.topic.split("/")[1]
        if site == self._neighbours.me.site or (site not in self._by_site and len(self._by_site) >= _SITES):
            return
        try:
            rows = outside.json_of(taken.payload) if taken.payload else []
            self._by_site[site] = [_Theirs(_timer(row), site) for row in rows[:_MOST]]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            _log.debug("no timers on %s: %s", taken.topic, error)
            return
        if not self._by_site[site]:
            del self._by_site[site]


def _which(intent: Intent, timers: Sequence[Timer]) -> Outcome:
    rows = [{"name": timer.name, "length": 0, "area": timer.area} for timer in timers]
    choices = tuple(dict.fromkeys(timer.name or timer.area or "" for timer in timers))
    question = Question(intent, "name", choices) if len(choices) > 1 and all(choices) else None
    return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("timers_which", {"timers": rows}), question=question)


def _timer(row: Any) -> Timer:
    """Raises ValueError, TypeError, KeyError for what is none."""
    ends = row["ends_at"]
    return Timer(
        id=_text(row["id"]),
        name=None if row["name"] is None else _text(row["name"]),
        area=None if row["area"] is None else _text(row["area"]),
        length_s=0.0,
        ends=None if ends is None else outside.number_of(ends),
        left_s=outside.number_of(row["left_s"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise ValueError("it is no name")
    return value


def asked(body: Mapping[str, object]) -> tuple[str, str, float]:
    """The change, the timer's id, and the seconds that another assistant asks for. Raises ValueError."""
    what, seconds = body.get("intent"), outside.number_of(body.get("seconds"))
    if not isinstance(what, str) or what not in CHANGES or not 0 <= seconds <= _LONGEST_S:
        raise ValueError("it is no change to a timer")
    return what, _text(body.get("id")), seconds
