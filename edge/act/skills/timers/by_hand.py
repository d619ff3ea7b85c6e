"""Timers as they are seen and changed by hand."""

import math
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from edge.act.skills.timers.countdown import Countdowns
from edge.act.skills.timers.timer import LONGEST_S, MOST, Timer, bare
from edge.errors import NoSuchEntry, NotKept
from edge.ports import Countdown, CountdownState

_LONGEST_NAME: Final = 60


class TimersByHand:
    """The one :class:`edge.ports.EditableTimers`."""

    keeps: Final = "timers"

    def __init__(
        self,
        countdowns: Countdowns,
        shown: Callable[[Timer], Countdown],
        end: Callable[[Sequence[Timer]], Awaitable[None]],
        prolong: Callable[[Timer, float], Awaitable[float]],
    ) -> None:
        """``shown``, ``end`` and ``prolong`` know what rings."""
        self._countdowns, self._shown, self._end, self._prolong = countdowns, shown, end, prolong

    async def changed(self, after: int) -> int:
        """The number of the last change, once it is greater than ``after``."""
        return await self._countdowns.changed.later(after)

    async def countdowns(self, after: int) -> tuple[int, Sequence[Countdown]]:
        """All timers, once they have changed since the change number ``after``. Raises StorageError."""
        await self._countdowns.load()
        change = await self._countdowns.changed.later(after)
        return change, [self._shown(timer) for timer in self._countdowns.all()]

    async def emptied(self) -> None:
        """None runs or rings any more. Raises StorageError."""
        await self._end(self._countdowns.all())

    async def start(self, length_s: float, name: str | None, area: str | None) -> Countdown:
        """It runs from now on. Raises NotKept, StorageError."""
        await self._countdowns.load()
        _check_length(length_s)
        if len(self._countdowns.all()) >= MOST:
            raise NotKept(f"there are {MOST} timers already", "cancel one")
        timer = Timer(uuid.uuid4().hex, _named(name), area, length_s, None, length_s)
        await self._countdowns.start(timer)
        return self._shown(self._countdowns.get()[timer.id])

    async def timer(self, ident: str) -> Countdown:
        """That of this id. Raises NoSuchEntry, StorageError."""
        return self._shown(await self._timer(ident))

    async def rename(self, ident: str, name: str | None) -> Countdown:
        """It is called otherwise. Raises NoSuchEntry, NotKept, StorageError."""
        return self._shown(await self._countdowns.rename(await self._timer(ident), _named(name)))

    async def prolong(self, ident: str, seconds: float) -> Countdown:
        """It ends later, or earlier. Raises NoSuchEntry, NotKept, StorageError."""
        timer = await self._timer(ident)
        _check_length(self._countdowns.left(timer) + max(seconds, 0.0) or 1.0)
        await self._prolong(timer, seconds)
        return self._shown(await self._timer(ident))

    async def hold(self, ident: str, *, still: bool) -> Countdown:
        """It stands still, or goes on; nothing changes where it does. Raises NoSuchEntry, NotKept, StorageError."""
        timer = await self._timer(ident)
        if self._shown(timer).state is CountdownState.RINGING:
            raise NotKept("it rings", "stop it, or give it more time")
        if still is not (timer.ends is None):
            await (self._countdowns.pause([timer]) if still else self._countdowns.resume([timer]))
        return self._shown(await self._timer(ident))

    async def cancel(self, ident: str) -> None:
        """It is gone. Raises NoSuchEntry, StorageError."""
        await self._end([await self._timer(ident)])

    async def _timer(self, ident: str) -> Timer:
        await self._countdowns.load()
        if (timer := self._countdowns.get().get(ident)) is None:
            raise NoSuchEntry("there is no such timer", "it may be over")
        return timer


def _check_length(length_s: float) -> None:
    if not math.isfinite(length_s) or not 0 < length_s <= LONGEST_S:
        raise NotKept("a timer runs for a second to a hundred hours", "set an alarm or a reminder")


def _named(name: str | None) -> str | None:
    given = bare(name) if name is not None else ""
    if len(given) > _LONGEST_NAME:
        raise NotKept(f"a timer's name has at most {_LONGEST_NAME} characters", "shorten it")
    return given or None
