"""What people do with timers, and what they hear of them."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio
from anyio.abc import TaskGroup

from edge.act.skills.timers.by_hand import TimersByHand
from edge.act.skills.timers.countdown import Countdowns
from edge.act.skills.timers.elsewhere import TIMER, Elsewhere, asked
from edge.act.skills.timers.store import TimerStore
from edge.act.skills.timers.timer import LONGEST_S, MOST, Timer, bare, every, meant, span_of
from edge.act.timekeeping import LONGEST_SLEEP_S, Time
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.ports import (
    Announcer,
    Countdown,
    CountdownState,
    Neighbour,
    Neighbours,
    RingingEnd,
    Silenced,
    Storage,
)

_STALE_S: Final = 600.0
"""What was over for longer than this is only told, for its ringing would have ended."""
_SNOOZE_S: Final = 300.0

_SIGNS: Final = {"HassIncreaseTimer": 1, "HassDecreaseTimer": -1}

_Ask = Callable[[Intent, Origin], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class _Ringing:
    """What is heard of a timer that is over."""

    phrase: Phrase
    scope: anyio.CancelScope


class Timers:
    """Starts, changes, tells and rings them."""

    deadline_s = 5.0

    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        time: Time,
        elsewhere: Elsewhere | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:
        """``elsewhere``: the timers of other assistants, ``neighbours``; None where there can be none."""
        self._announcer, self._time, self._elsewhere = announcer, time, elsewhere
        if neighbours is not None:
            neighbours.respond(TIMER, self._asked)
        self._countdowns = Countdowns(TimerStore(storage), time)
        self._ringing: dict[str, _Ringing] = {}
        self.by_hand = TimersByHand(self._countdowns, self._shown, self._end, self._prolong)
        self._does: Mapping[str, _Ask] = {
            "HassStartTimer": self._start,
            "HassCancelTimer": self._cancel,
            "HassCancelAllTimers": self._cancel_all,
            "HassIncreaseTimer": lambda intent, origin: self._change(intent, origin, 1),
            "HassDecreaseTimer": lambda intent, origin: self._change(intent, origin, -1),
            "HassPauseTimer": self._pause,
            "HassUnpauseTimer": self._resume,
            "HassTimerStatus": self._status,
        }
        self.intents = frozenset(self._does)

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """What was asked, done and on disk. Raises StorageError."""
        await self._countdowns.load()
        if self._elsewhere is not None:
            theirs = await self._elsewhere.run(intent, self._countdowns.all())
            if theirs is not None:
                return theirs
        return await self._does[intent.name](intent, origin)

    async def serve(self) -> None:
        """Rings what is over. Raises StorageError."""
        await self._countdowns.load()
        if self._elsewhere is not None:
            await self._elsewhere.listen()
        async with anyio.create_task_group() as ringing:
            while True:
                await self._countdowns.mind_the_clock()
                over, wait = self._due()
                for timer in over:
                    self._ring(timer, ringing)
                await self._countdowns.changed.wait(wait, self._time.sleep)

    async def countdowns(self, after: int) -> tuple[int, Sequence[Countdown]]:
        """All timers, once they have changed since the change number ``after``. Raises StorageError."""
        return await self.by_hand.countdowns(after)

    def _shown(self, timer: Timer) -> Countdown:
        left, ago = self._countdowns.left(timer), self._countdowns.ago(timer)
        ends = None if timer.ends is None else self._time.now().timestamp() + left - ago
        state = CountdownState.RUNNING if timer.ends is not None else CountdownState.PAUSED
        if timer.id in self._ringing:
            state = CountdownState.RINGING
        return Countdown(timer.id, timer.name, timer.area, ends, left, state, timer.length_s)

    def _due(self) -> tuple[list[Timer], float]:
        """The timers that are over and do not ring yet, and the seconds until the next one is."""
        running = [t for t in self._countdowns.all() if t.ends is not None and t.id not in self._ringing]
        over = [timer for timer in running if self._countdowns.left(timer) <= 0]
        left = [self._countdowns.left(timer) for timer in running if timer not in over]
        return over, min([LONGEST_SLEEP_S, *left])

    def _ring(self, timer: Timer, ringing: TaskGroup) -> None:
        ago = self._countdowns.ago(timer)
        phrase = Phrase("timers_over", {**_described(timer), "ago": ago if ago >= LONGEST_SLEEP_S else 0})
        self._ringing[timer.id] = _Ringing(phrase, anyio.CancelScope())
        ringing.start_soon(self._tell if ago > _STALE_S else self._sound, timer)
        self._countdowns.changed.set()

    async def _tell(self, timer: Timer) -> None:
        heard = self._ringing[timer.id]
        with heard.scope:
            await self._announcer.announce(heard.phrase)
            await self._countdowns.remove([timer])
        self._ringing.pop(timer.id, None)

    async def _sound(self, timer: Timer) -> None:
        async def over(silenced: Silenced) -> None:
            if silenced.how is RingingEnd.SNOOZED:
                await self._countdowns.start(replace(timer, left_s=silenced.snooze_s or _SNOOZE_S))
            else:
                await self._countdowns.remove([timer])
            self._ringing.pop(timer.id, None)

        heard = self._ringing[timer.id]
        with heard.scope:
            await self._announcer.ring(heard.phrase, over)
        if heard.scope.cancelled_caught:
            self._ringing.pop(timer.id, None)

    # -- what is asked --------------------------------------------------------------------------------------------

    async def _start(self, intent: Intent, origin: Origin) -> Outcome:
        length = span_of(intent.slots)
        if not length:
            ask = Question(intent, "minutes")
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("timers_how_long"), question=ask)
        if length > LONGEST_S:
            return _failed("timers_too_long")
        if len(self._countdowns.all()) >= MOST:
            return _failed("timers_too_many", count=MOST)
        name = bare(str(intent.slots["name"])) if intent.slots.get("name") else None
        timer = Timer(uuid.uuid4().hex, name, origin.area, length, None, length)
        await self._countdowns.start(timer)
        return _done("timers_set", **_described(timer))

    async def _cancel(self, intent: Intent, origin: Origin) -> Outcome:
        if every(intent.slots):
            return await self._cancel_all(replace(intent, slots={}), origin)
        ringing = [timer for timer in self._countdowns.all() if timer.id in self._ringing]
        chosen = self._choose(intent, origin, ringing if ringing and not intent.slots else self._countdowns.all())
        if isinstance(chosen, Outcome):
            return chosen
        await self._end([chosen])
        return _done("timers_cancelled", **_described(chosen))

    async def _cancel_all(self, intent: Intent, origin: Origin) -> Outcome:
        timers = meant(intent.slots, self._countdowns.all())
        if not timers:
            return _failed("timers_none", slots=dict(intent.slots))
        await self._end(timers)
        return _done("timers_all_cancelled", count=len(timers), area=intent.slots.get("area"))

    async def _end(self, timers: Sequence[Timer]) -> None:
        """Cancel ``timers``; one that rings is silenced."""
        await self._countdowns.remove(timers)
        for timer in timers:
            heard = self._ringing.get(timer.id)
            if heard is not None and self._announcer.ringing is heard.phrase:
                await self._announcer.silence(Silenced(RingingEnd.STOPPED))
            elif heard is not None:
                heard.scope.cancel()  # it waits behind another that rings

    async def _change(self, intent: Intent, origin: Origin, sign: int) -> Outcome:
        seconds = span_of(intent.slots)
        if not seconds:
            ask = Question(intent, "minutes")
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("timers_by_how_much"), question=ask)
        chosen = self._choose(intent, origin, self._countdowns.all())
        if isinstance(chosen, Outcome):
            return chosen
        return _done("timers_changed", **_described(chosen), left=await self._prolong(chosen, sign * seconds))

    async def _prolong(self, timer: Timer, seconds: float) -> float:
        """Give ``timer`` so much more, or less; one that rings is silenced until then. Returns what is left."""
        heard = self._ringing.get(timer.id)
        if heard is not None and self._announcer.ringing is heard.phrase and seconds > 0:
            await self._announcer.silence(Silenced(RingingEnd.SNOOZED, seconds))
            return seconds
        changed = await self._countdowns.change(timer, seconds)
        if heard is not None and seconds > 0 and self._ringing.pop(timer.id, None) is heard:
            heard.scope.cancel()  # it waits behind another that rings
        return self._countdowns.left(changed)

    async def _asked(self, by: Neighbour, body: Mapping[str, object]) -> Mapping[str, object]:
        """Another assistant asks for a change to one of ours. Raises StorageError."""
        await self._countdowns.load()
        try:
            what, ident, seconds = asked(body)
        except ValueError:
            return {"done": False}
        timer = self._countdowns.get().get(ident)
        wrong = {"HassPauseTimer": True, "HassUnpauseTimer": False}  # whether it stands still already
        if timer is None or wrong.get(what) is (timer.ends is None):
            return {"done": False}
        match what:
            case "HassCancelTimer":
                await self._end([timer])
                return {"done": True}
            case "HassPauseTimer":
                await self._countdowns.pause([timer])
            case "HassUnpauseTimer":
                await self._countdowns.resume([timer])
            case _:
                return {"done": True, "left": await self._prolong(timer, seconds * _SIGNS[what])}
        return {"done": True, "left": self._countdowns.left(self._countdowns.get()[ident])}

    async def _pause(self, intent: Intent, origin: Origin) -> Outcome:
        running = [timer for timer in self._countdowns.all() if timer.ends is not None]
        chosen = self._choose(intent, origin, running)
        if isinstance(chosen, Outcome):
            return chosen
        (timer,) = await self._countdowns.pause([chosen])
        return _done("timers_paused", **_described(timer), left=timer.left_s)

    async def _resume(self, intent: Intent, origin: Origin) -> Outcome:
        paused = [timer for timer in self._countdowns.all() if timer.ends is None]
        chosen = self._choose(intent, origin, paused)
        if isinstance(chosen, Outcome):
            return chosen
        (timer,) = await self._countdowns.resume([chosen])
        return _done("timers_resumed", **_described(timer), left=self._countdowns.left(timer))

    async def _status(self, intent: Intent, origin: Origin) -> Outcome:
        timers = meant(intent.slots, self._countdowns.all())
        if not timers:
            return _failed("timers_none", slots=dict(intent.slots))
        rows = [
            {**_described(timer), "left": self._countdowns.left(timer), "paused": timer.ends is None}
            for timer in timers
        ]
        return _done("timers_left", timers=rows)

    def _choose(self, intent: Intent, origin: Origin, timers: Sequence[Timer]) -> Timer | Outcome:
        """The one timer that is meant; else what to say or ask instead."""
        found = meant(intent.slots, timers)
        if not found:
            return _failed("timers_none", slots=dict(intent.slots))
        here = [timer for timer in found if origin.area and timer.area == origin.area]
        for few in (found, here):
            if len(few) == 1:
                return few[0]
        choices = tuple(dict.fromkeys(timer.name or _length_name(timer) for timer in found))
        if len(choices) == 1:
            return found[0]  # the same name and length: the one that ends first
        say = Phrase("timers_which", {"timers": [_described(timer) for timer in found]})
        return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, "name", choices))


def _described(timer: Timer) -> dict[str, object]:
    return {"name": timer.name, "length": timer.length_s}


def _length_name(timer: Timer) -> str:
    """As :func:`edge.act.spans.parse_span` understands it."""
    hours, minutes, seconds = int(timer.length_s // 3600), int(timer.length_s // 60 % 60), int(timer.length_s % 60)
    parts = ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _done(key: str, **values: object) -> Outcome:
    return Outcome(OutcomeKind.DONE, Phrase(key, values))


def _failed(key: str, **values: object) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phrase(key, values))
