"""Several assistants that hear the same word, on a network that is as bad as a test wants it: all in virtual time."""

import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.session.arbitration import Arbitration, Bid, Contest, Standing, Timing

COMPUTE_S = 0.1
"""From the end of a command, or from taking one over, to the moment of acting on it."""


@dataclass(frozen=True)
class Hearing:
    """One assistant and what it hears of one wake word."""

    loudness_db: float
    heard_at: float
    """Seconds, true time: when its engine was sure of the word."""
    late: float = 0.0
    """Seconds that it took to say so."""
    dies_at: float = float("inf")
    word: str = "alexa"
    earshot: str = "house"


@dataclass
class Network:
    """What becomes of messages."""

    delay: Callable[[], float] = lambda: 0.002
    """Seconds that a copy takes."""
    lost: Callable[[], bool] = lambda: False
    """Asked for each copy."""
    twice: Callable[[], bool] = lambda: False


@dataclass
class Seen:
    """What became of it."""

    answered: list[tuple[float, int]] = field(default_factory=list)
    """When which of them began to act, true time."""
    standings: list[tuple[float, int, Standing]] = field(default_factory=list)
    """Each change."""
    sent: int = 0

    def decided_after(self, start: float, end: float) -> float:
        """Seconds from ``start`` to when all knew who leads; changes from ``end`` on do not count."""
        return max((at for at, _, _ in self.standings if at < end), default=start) - start


class World:
    """A discrete-event simulation. Every assistant's clock shows another time."""

    def __init__(
        self, network: Network, hearings: Sequence[Hearing], command_s: float, clocks: Sequence[float] = ()
    ) -> None:
        self.now = 0.0
        self.seen = Seen()
        self._network, self._hearings, self._command_s = network, hearings, command_s
        self._clocks = clocks or [1000.0 * number for number in range(len(hearings))]
        self._all = [Arbitration(f"id{number}", hearing.earshot, Timing()) for number, hearing in enumerate(hearings)]
        self._contests: dict[int, Contest] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._stood: dict[int, Standing] = {}
        self._ready: dict[int, float] = {}

    def run(self, until: float = 8.0) -> Seen:
        for number, hearing in enumerate(self._hearings):
            self._at(hearing.heard_at + hearing.late, lambda number=number: self._hears(number))
        while self._events and self._events[0][0] <= until:
            self.now, _, happens = heapq.heappop(self._events)
            happens()
        return self.seen

    def _at(self, when: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(when, self.now), next(self._number), happens))

    def _alive(self, number: int) -> bool:
        return self.now < self._hearings[number].dies_at

    def _clock(self, number: int) -> float:
        return self.now + self._clocks[number]

    def _hears(self, number: int) -> None:
        if not self._alive(number):
            return
        hearing, clock = self._hearings[number], self._clock(number)
        at = hearing.heard_at + self._clocks[number]
        self._contests[number] = self._all[number].claim("w", hearing.word, hearing.loudness_db, at, clock)
        self._pump(number)

    def _pump(self, number: int) -> None:
        if not self._alive(number):
            return
        arbitration = self._all[number]
        for bid in arbitration.advance(self._clock(number)):
            self._send(number, bid)
        self._follow(number)
        if (due := arbitration.next_at()) < float("inf"):
            self._at(due - self._clocks[number] + 1e-9, lambda: self._pump(number))

    def _send(self, sender: int, bid: Bid) -> None:
        self.seen.sent += 1
        for receiver in range(len(self._all)):
            copies = 2 if self._network.twice() else 1
            for _ in range(copies):
                if receiver == sender or not self._network.lost():
                    self._at(self.now + self._network.delay(), lambda receiver=receiver: self._take(receiver, bid))

    def _take(self, receiver: int, bid: Bid) -> None:
        if self._alive(receiver):
            self._all[receiver].hear(bid, self._clock(receiver))
            self._pump(receiver)

    def _follow(self, number: int) -> None:
        """The turn: it listens until the command is over, and then acts as soon as it may."""
        contest = self._contests.get(number)
        if contest is None:
            return
        if contest.standing is not self._stood.get(number, Standing.CONTENDING):
            self._stood[number] = contest.standing
            self.seen.standings.append((self.now, number, contest.standing))
            if contest.standing is Standing.LEADING:
                ends = self._hearings[number].heard_at + self._command_s
                self._ready[number] = max(ends, self.now) + COMPUTE_S
                self._at(self._ready[number], lambda: self._act(number))

    def _act(self, number: int) -> None:
        contest = self._contests[number]
        if not self._alive(number) or contest.standing is not Standing.LEADING:
            return
        if self.now < self._ready[number] - 1e-9:
            return  # it led, yielded, and leads again: this was for the first time
        if (may := contest.may_act_at()) > self._clock(number):
            self._at(may - self._clocks[number] + 1e-9, lambda: self._act(number))
            return
        self.seen.answered.append((self.now, number))
        self._all[number].settle(contest, self._clock(number), answered=True)
        self._pump(number)


def wake(chance: random.Random, count: int) -> list[Hearing]:
    """One wake word as ``count`` assistants hear it: by how loud and how far away the person is, and the model's whim."""
    first = chance.uniform(0.0, 0.05)
    return [
        Hearing(
            loudness_db=chance.uniform(6.0, 40.0),
            heard_at=first + abs(chance.gauss(0.0, 0.03)),
            late=chance.uniform(0.001, 0.02),
        )
        for _ in range(count)
    ]
