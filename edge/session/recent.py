"""What the assistant does now, and the last turns as their events told them.

They are only in memory: the journal keeps what was said and done (see :mod:`edge.memory.episodes`), which is all that a
person asks for later; where the milliseconds went is looked at today, and would double what each turn writes.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.bus import Bus
from edge.events import AnyEvent, Feedback, Partial, ReplyPart, TurnEnded, Woke
from edge.session.phase import Phase, Status, after

_TURNS: Final = 100
_EVENTS: Final = 200
"""Of one turn."""
_PHASES: Final = 16


@dataclass(slots=True)
class RecentTurn:
    """A turn that has ended, or goes on."""

    id: str
    began: float
    """Seconds since the epoch, when its first event came."""
    events: list[AnyEvent] = field(default_factory=list)
    ended_at: float | None = None
    """Likewise, when it ended; None: it goes on."""

    @property
    def ended(self) -> TurnEnded | None:
        """The whole turn."""
        last = self.events[-1] if self.events else None
        return last if isinstance(last, TurnEnded) else None

    @property
    def woke(self) -> Woke | None:
        """The wake word that opened it."""
        first = self.events[0] if self.events else None
        return first if isinstance(first, Woke) else None


class Recent:
    """Follows the events of the assistant."""

    def __init__(self, bus: Bus, now: Callable[[], float] = time.time, *, listening: bool = True) -> None:
        """``now``: seconds since the epoch. ``listening``: whether the microphone is on."""
        self._bus, self._now = bus, now
        self._turns: OrderedDict[str, RecentTurn] = OrderedDict()
        self.status = Status(listening=listening)
        """What the phase comes from."""
        self.changes = 0
        """How often the phase was another one than before."""
        self._phases = deque([self.status.phase], maxlen=_PHASES)

    async def serve(self) -> None:
        """Runs until it is cancelled."""
        with self._bus.subscribe(listener="recent") as events:
            while True:
                self.take(await events.next())

    def take(self, event: AnyEvent) -> None:
        """``event`` has happened."""
        self.status = after(self.status, event)
        if self.status.phase is not self._phases[-1]:
            self._phases.append(self.status.phase)
            self.changes += 1
        if not event.turn or isinstance(event, Partial | ReplyPart | Feedback):
            return
        turn = self._turns.get(event.turn)
        if turn is None:
            turn = self._turns[event.turn] = RecentTurn(event.turn, self._now())
            while len(self._turns) > _TURNS:
                self._turns.popitem(last=False)
        is_last = isinstance(event, TurnEnded)
        if turn.ended_at is None and (is_last or len(turn.events) < _EVENTS):
            turn.events.append(event)
            turn.ended_at = self._now() if is_last else None

    def phases(self, after: int) -> Sequence[Phase]:
        """Those since ``changes`` was ``after``, oldest first; the present one alone where it is still that.

        Of many only the last: they are for showing what is only there for a moment.
        """
        return list(self._phases)[-max(1, self.changes - after) :]

    def turn(self, ident: str) -> RecentTurn | None:
        """The turn of that id, as long as it is among the last."""
        return self._turns.get(ident)

    def forget(self, ids: Collection[str]) -> None:
        """Those are erased."""
        for ident in ids:
            self._turns.pop(ident, None)

    def turns(self) -> Sequence[RecentTurn]:
        """The last turns, oldest first."""
        return list(self._turns.values())
