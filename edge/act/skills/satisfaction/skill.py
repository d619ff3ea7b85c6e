"""Asks, at most once a week, how satisfied one is: after something went well, when nobody is in the midst of anything.

The question is the end of an answer, so that it is heard only by somebody who has just been answered. Who says nothing,
or something else, is not asked again that week.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from edge.errors import StorageError
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.observe.kpi_store import KpiStore
from edge.observe.kpis import SATISFACTION, SATISFACTION_SLOT, What
from edge.ports import Announcer, History, Storage

_EVERY: Final = timedelta(7)
_HOURS: Final = range(9, 21)
"""Hours of the day in which one may be asked."""
_KNOWN_FOR: Final = timedelta(30)
_USED_DAYS: Final = 3
"""On so many days of the last thirty it must have been used: whoever has just come can't say yet."""
_GOOD: Final = 4
"""From here on one is thanked."""
_WORDS: Final[Mapping[str, str]] = {
    "en": "one two three four five bad good",
    "de": "eins zwei drei vier fünf schlecht gut",
    "fr": "un deux trois quatre cinq mauvais bien",
    "es": "uno dos tres cuatro cinco mal bien",
    "it": "uno due tre quattro cinque male bene",
    "nl": "een twee drie vier vijf slecht goed",
}
"""By language: the answers for 1 to 5, and one for 2 and one for 4."""


class Satisfaction:
    """The question, and its answers."""

    intents = frozenset({SATISFACTION})
    deadline_s = 3.0

    def __init__(
        self, storage: Storage, history: History, announcer: Announcer, now: Callable[[], datetime] = datetime.now
    ) -> None:
        """``now``: what the clock on the wall shows."""
        self._store, self._history, self._announcer, self._now = KpiStore(storage), history, announcer, now
        self._asked: datetime | None = None

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Keep the answer. Raises StorageError."""
        score = scores(origin.language).get(str(intent.slots.get(SATISFACTION_SLOT, "")))
        if score is None:
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("not_understood"))
        await self._store.add({self._now().date(): {What.ANSWERED: 1, What.SCORE: score}}, self._now().date())
        return Outcome(OutcomeKind.DONE, Phrase("satisfaction_thanks" if score >= _GOOD else "satisfaction_sorry"))

    async def afterthought(self, outcomes: Sequence[Outcome], origin: Origin) -> Outcome | None:
        """What to ask after ``outcomes``; None where this is not the time."""
        now = self._now()
        if not self._is_quiet(outcomes, origin, now) or not (choices := tuple(scores(origin.language))):
            return None
        try:
            if not await self._is_due(now):
                return None
            await self._store.add({now.date(): {What.ASKED: 1}}, now.date())
        except StorageError:
            # It would not be known that it has asked.
            return None
        self._asked = now
        question = Question(Intent(SATISFACTION), SATISFACTION_SLOT, choices)
        return Outcome(OutcomeKind.DONE, Phrase("satisfaction_ask"), question=question)

    def _is_quiet(self, outcomes: Sequence[Outcome], origin: Origin, now: datetime) -> bool:
        """Whether something went well, and nothing else goes on."""
        went_well = bool(outcomes) and all(
            each.kind is OutcomeKind.DONE and each.question is None and each.telling is None for each in outcomes
        )
        in_passing = not self._history.context(origin.session).exchanges and self._announcer.ringing is None
        return went_well and in_passing and now.hour in _HOURS

    async def _is_due(self, now: datetime) -> bool:
        if self._asked is not None and now - self._asked < _EVERY:
            return False
        days = await self._store.since((now - _KNOWN_FOR).date())
        asked = any(What.ASKED in of_day for day, of_day in days.items() if now.date() - day < _EVERY)
        return not asked and sum(What.TASKS in of_day for of_day in days.values()) >= _USED_DAYS


def scores(language: str) -> Mapping[str, int]:
    """What may be answered in ``language``, with what it counts for; empty where that is not known."""
    words = _WORDS.get(language[:2])
    if words is None:
        return {}
    *numbers, bad, good = words.split()
    digits = {str(number): number for number in range(1, 6)}
    return {**digits, **{word: number for number, word in enumerate(numbers, 1)}, bad: 2, good: 4}
