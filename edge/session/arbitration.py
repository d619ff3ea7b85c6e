"""Who answers when several assistants hear the same wake word: the rules, without a clock and without a network.

Each assistant that heard the word claims it, more than once, for messages get lost. 100 ms after the first of them
heard it, the best claim leads, says so, and goes on saying so while the command is spoken. All others yield to that and
stand by. A leader that falls silent is replaced by the next best. Before the leader acts it settles the matter, after
which nobody takes over: who is cut off in the middle of an action may have done it.

What is compared is in the messages, so that all who compare come to the same result. A message says how long ago the
word was heard, never when: the clocks of two boards have nothing to do with each other.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

FAVOUR_DB: Final = 3.0
"""What the one that answered last has ahead, so that a conversation does not wander between two rooms."""
FAVOUR_S: Final = 60.0
"""For so long after its last answer."""
_LATE_DB_PER_S: Final = 50.0
"""What being later than another costs: 1 dB for each 20 ms."""
_KEPT_S: Final = 30.0
"""How long is remembered what others said; longer than any command."""
_REPLIES_S: Final = 5.0
"""For how long after it is settled those are answered who do not know."""
_REPLY_S: Final = 0.02
"""At most so often a leader answers those who do not know of it yet."""


class Step(StrEnum):
    """How far a claim has come; each outranks those before it."""

    CLAIM = "claim"
    """I heard it."""
    LEAD = "lead"
    """I have it, and listen to the command."""
    SETTLED = "settled"
    """I act on it, or it came to nothing: nobody else need."""


_ORDER: Final = {step: place for place, step in enumerate(Step)}


@dataclass(frozen=True, slots=True)
class Bid:
    """What one assistant says of one wake word."""

    who: str
    """The assistant; no two are called the same."""
    wake: str
    """Which of its wakes this is."""
    word: str
    earshot: str
    """Only those within the same earshot can hear the same person."""
    score: float
    """How good its claim is, in dB; said once and for all with the first message."""
    step: Step
    age_s: float
    """Seconds from the word to this message, by the sender's clock."""

    def before(self, other: "Bid") -> bool:
        """Whether this claim is better than ``other``, both having come equally far. Of two, exactly one is."""
        return (self.score, self.who) > (other.score, other.who)


@dataclass(frozen=True, slots=True)
class Timing:
    """All that the rules have of time, in seconds."""

    claims: tuple[float, ...] = (0.0, 0.025, 0.05, 0.075)
    """After the word: when it is claimed."""
    decide: float = 0.1
    """After the first of all heard the word: when the best one leads."""
    latecomer: float = 0.02
    """Who hears it late waits for so long at least, to hear from the others."""
    take_over: float = 0.15
    """After the first of all heard the word: when the second best no longer waits for the best to say that it leads."""
    rank: float = 0.05
    """So much later for each other that is better."""
    leads: tuple[float, ...] = (0.0, 0.015, 0.03)
    """After beginning to lead, and to settle: when it is said at first."""
    beat: float = 0.15
    """And then so often."""
    silence: float = 0.75
    """A leader that was not heard for so long is no more: five beats."""
    sure: float = 0.2
    """Before it acts, a leader has led for so long without being contradicted."""
    same: float = 0.3
    """Words that were heard further apart are two utterances."""
    settled: float = 0.35
    """For so long it is repeated that the matter is settled."""


class Standing(StrEnum):
    """Where an assistant stands in one contest."""

    CONTENDING = "contending"
    LEADING = "leading"
    YIELDED = "yielded"
    """Another leads, and may still fall silent."""
    SETTLED = "settled"
    """It is ours for good."""
    LOST = "lost"
    """It is another's for good, or nobody's."""


@dataclass(slots=True)
class _Rival:
    bid: Bid
    start: float
    """When it heard the word, by our clock: at the latest then, for a message takes time to come."""
    heard: float
    """When it was heard of last."""


class Contest:
    """One wake word that this assistant heard."""

    def __init__(self, own: Bid, at: float, *, alone: bool = False, timing: Timing | None = None) -> None:
        """``own``: what is said at first; ``at``: when the word was heard, in seconds by any clock, which all times
        here are by. ``alone``: there is nobody to wait for.
        """
        self.own, self.at, self._alone, self._timing = own, at, alone, timing or Timing()
        self.standing = Standing.CONTENDING
        self._rivals: dict[tuple[str, str], _Rival] = {}
        self._leader: _Rival | None = None
        self._said = [at + after for after in self._timing.claims]
        """When to say again what our step is."""
        self.since = at
        """When the present standing began."""
        self._replied = -math.inf

    @property
    def leader(self) -> Bid | None:
        """Who has it, if that is another."""
        return self._leader.bid if self._leader is not None else None

    def concerns(self, bid: Bid, start: float) -> bool:
        """Whether ``bid``, of a word heard at ``start``, is about the same utterance."""
        same = bid.word == self.own.word and bid.earshot == self.own.earshot
        return same and abs(start - self.at) <= self._timing.same

    def hear(self, bid: Bid, start: float, now: float) -> None:
        """Another one's ``bid``, which concerns this contest, came in; it heard the word at ``start``."""
        rival = self._rivals.setdefault((bid.who, bid.wake), _Rival(bid, start, now))
        if _ORDER[bid.step] >= _ORDER[rival.bid.step]:  # a message that was overtaken by a later one says nothing new
            rival.bid = bid
        rival.start, rival.heard = min(rival.start, start), now
        match self.standing:
            case Standing.SETTLED:
                if bid.step is not Step.SETTLED:
                    self._reply(now)
            case Standing.LOST:
                pass
            case _ if rival.bid.step is Step.SETTLED:
                self._stand(Standing.LOST, now, rival)
            case Standing.CONTENDING if rival.bid.step is Step.LEAD:
                self._stand(Standing.YIELDED, now, rival)
            case Standing.LEADING if rival.bid.step is Step.LEAD and rival.bid.before(self.own):
                self._stand(Standing.YIELDED, now, rival)
            case Standing.CONTENDING if rival.bid.before(self.own):
                self._said = self._said[:1] if len(self._said) == len(self._timing.claims) else []  # once is enough
            case Standing.LEADING if rival.bid.step is Step.LEAD or now - self.since > self._timing.rank:
                self._reply(now)
            case Standing.YIELDED if rival.bid.step is Step.LEAD and self._outdone(rival, now):
                self._leader = rival

    def advance(self, now: float) -> list[Bid]:
        """Do what is due at ``now``. Returns what to send."""
        if self.standing in (Standing.CONTENDING, Standing.YIELDED) and now >= self._lead_at():
            self._lead(now)
        return self._due(now)

    def next_at(self) -> float:
        """When :meth:`advance` is to be called again; infinity: when something was heard."""
        said = self._said[0] if self._said else math.inf
        if self.standing in (Standing.CONTENDING, Standing.YIELDED):
            return min(said, self._lead_at())
        return said

    def may_act_at(self) -> float:
        """From when on it may act, as things stand; infinity: not while another may."""
        if self.standing is Standing.SETTLED:
            return self.since
        if self.standing is not Standing.LEADING:
            return math.inf
        return self.since + (0.0 if self._alone and not self._rivals else self._timing.sure)

    def settle(self, now: float) -> None:
        """It acts, or has ended without. Who does not lead leaves it to the others."""
        if self.standing is Standing.LEADING:
            self._stand(Standing.SETTLED, now, None)
            self.own = replace(self.own, step=Step.SETTLED)
            steady = int((self._timing.settled - self._timing.leads[-1]) / self._timing.beat)
            beats = [self._timing.leads[-1] + self._timing.beat * number for number in range(1, steady + 1)]
            self._said = [now + after for after in (*self._timing.leads, *beats)]
        elif self.standing is not Standing.SETTLED:
            self._stand(Standing.LOST, now, self._leader)

    def forgotten(self, now: float) -> bool:
        """Whether it has nothing more to say to anybody."""
        settled = self.standing is Standing.SETTLED and now - self.since > _REPLIES_S
        return settled or self.standing is Standing.LOST

    # -- the rules ------------------------------------------------------------------------------------------------

    def _lead_at(self) -> float:
        """When to lead, as things stand."""
        if self.standing is Standing.YIELDED:
            assert self._leader is not None
            return self._leader.heard + self._timing.silence + self._timing.rank * self._better(besides=self._leader)
        if self._alone and not self._rivals:
            return self.at
        first = min([self.at, *(rival.start for rival in self._rivals.values())])
        better = self._better()
        if better == 0:
            return max(first + self._timing.decide, self.at + self._timing.latecomer)
        waits = self._timing.take_over + self._timing.rank * (better - 1)
        return max(first + waits, self.at + self._timing.latecomer)

    def _better(self, besides: _Rival | None = None) -> int:
        """How many others are better."""
        return sum(rival.bid.before(self.own) for rival in self._rivals.values() if rival is not besides)

    def _outdone(self, rival: _Rival, now: float) -> bool:
        """Whether the one that leads will yield to ``rival``, or has fallen silent."""
        leader = self._leader
        return leader is None or rival.bid.before(leader.bid) or now - leader.heard > 2 * self._timing.beat

    def _lead(self, now: float) -> None:
        self._stand(Standing.LEADING, now, None)
        self.own = replace(self.own, step=Step.LEAD)
        self._said = [now + after for after in self._timing.leads]

    def _stand(self, standing: Standing, now: float, leader: _Rival | None) -> None:
        self.standing, self._leader, self.since = standing, leader, now
        if standing in (Standing.YIELDED, Standing.LOST):
            self._said = []

    def _reply(self, now: float) -> None:
        """Say to somebody who does not seem to know how things stand."""
        if now - self._replied >= _REPLY_S:
            self._replied = now
            self._said = [now, *self._said]

    def _due(self, now: float) -> list[Bid]:
        if not self._said or now < self._said[0]:
            return []
        while self._said and now >= self._said[0]:
            self._said.pop(0)
        if not self._said and self.standing is Standing.LEADING:
            self._said = [now + self._timing.beat]
        return [replace(self.own, age_s=max(0.0, now - self.at))]


class Arbitration:
    """All contests of one assistant, and what it knows of the others."""

    def __init__(self, who: str, earshot: str, timing: Timing | None = None) -> None:
        self.who, self._earshot, self._timing = who, earshot, timing or Timing()
        self._others: dict[tuple[str, str], _Rival] = {}
        self._contests: list[Contest] = []
        self._favoured_until = -math.inf

    def claim(self, wake: str, word: str, loudness_db: float, at: float, now: float, *, alone: bool = False) -> Contest:
        """This assistant heard ``word`` at ``at``, ``loudness_db`` over the noise where it stands.

        ``wake``: a name for this wake that it gives no other; ``alone``: there is no other assistant.
        """
        self._others = {key: other for key, other in self._others.items() if now - other.heard < _KEPT_S}
        own = Bid(self.who, wake, word, self._earshot, 0.0, Step.CLAIM, 0.0)
        contest = Contest(own, at, alone=alone, timing=self._timing)
        known = [other for other in self._others.values() if contest.concerns(other.bid, other.start)]
        late = max([0.0, *(at - other.start for other in known)])
        favour = FAVOUR_DB if now < self._favoured_until else 0.0
        contest.own = replace(own, score=round(loudness_db - _LATE_DB_PER_S * late + favour, 1))
        for other in known:
            contest.hear(other.bid, other.start, other.heard)
        self._contests.append(contest)
        return contest

    def hear(self, bid: Bid, now: float) -> None:
        """``bid`` came in. Our own, which a broker sends back, is no news."""
        if bid.who == self.who:
            return
        start = now - bid.age_s
        other = self._others.setdefault((bid.who, bid.wake), _Rival(bid, start, now))
        if _ORDER[bid.step] >= _ORDER[other.bid.step]:
            other.bid = bid
        # A message takes time to come, never less than none: of several, the quickest tells best when it was.
        other.start, other.heard = min(other.start, start), now
        if bid.step is Step.SETTLED and bid.earshot == self._earshot:
            self._favoured_until = -math.inf
        for contest in self._concerned(other):
            contest.hear(bid, other.start, now)

    def settle(self, contest: Contest, now: float, *, answered: bool) -> None:
        """``contest`` is over for us; ``answered``: we act on it."""
        contest.settle(now)
        if answered:
            self._favoured_until = now + FAVOUR_S

    def advance(self, now: float) -> list[Bid]:
        """What to send now, of all contests."""
        self._forget(now)
        return [bid for contest in self._contests for bid in contest.advance(now)]

    def next_at(self) -> float:
        """When :meth:`advance` is to be called again, if nothing comes in before."""
        return min((contest.next_at() for contest in self._contests), default=math.inf)

    def _concerned(self, other: _Rival) -> Iterator[Contest]:
        return (contest for contest in self._contests if contest.concerns(other.bid, other.start))

    def _forget(self, now: float) -> None:
        self._contests = [contest for contest in self._contests if not contest.forgotten(now)]
