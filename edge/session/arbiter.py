"""The rules of :mod:`edge.session.arbitration` over the house's broker: who answers, when several have heard the word.

Each says what it has to say on ``hearthside/<its site>/wake``, and hears the others on ``hearthside/+/wake``: JSON,
quality of service 0, never retained. What is lost is said again before it matters.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup

from edge import outside
from edge.errors import BrokerOffline
from edge.ports import Post, Taken
from edge.session.arbitration import Arbitration, Bid, Contest, Standing, Step

_log = logging.getLogger(__name__)
TOPICS: Final = "hearthside/+/wake"
_LONGEST: Final = 1000
"""Bytes of a message."""
_OLDEST_S: Final = 60.0
_PLACES: Final = 256
"""Assistants whose rooms are remembered: each start of one counts, and whoever makes them up."""
_IN_FLIGHT: Final = 8
"""Messages that wait for a broker which takes none; more would be stale when it does."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the others are told of where this assistant is."""

    who: str
    """Its name among all assistants, which no other has."""
    site: str
    """Its name in topics."""
    area: str | None = None
    """The room it stands in."""
    earshot: str = "house"
    """Only those within the same earshot can hear the same person."""


class Arbiter:
    """All claims of one assistant; :meth:`serve` does what is due."""

    def __init__(
        self, post: Post, place: Place, alone: Callable[[], bool], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        """``alone``: whether it is known that there is no other assistant, so that nobody need be waited for.

        ``now``: seconds, on a clock that nobody sets.
        """
        self._post, self._place, self._alone, self._now = post, place, alone, now
        self._arbitration = Arbitration(place.who, place.earshot)
        self._claims: list[Claim] = []
        self._places: dict[str, str] = {}
        self._changed = anyio.Event()
        self._in_flight = 0

    def claim(self, word: str, loudness_db: float, age_s: float) -> "Claim":
        """``word`` was heard ``age_s`` ago, ``loudness_db`` over the noise. A context manager: open while it matters.

        Where no broker is, or no other assistant, it falls to us at once.
        """
        # Whoever was heard of is there, whatever is known otherwise.
        alone = not self._post.online or (not self._places and self._alone())
        return self._open(word, loudness_db, age_s, alone=alone)

    def own(self, age_s: float) -> "Claim":
        """A press of this assistant's own button, ``age_s`` ago: nobody else noticed it, and it is ours at once."""
        return self._open(f"button of {self._place.who}", 0.0, age_s, alone=True)

    def _open(self, word: str, loudness_db: float, age_s: float, *, alone: bool) -> "Claim":
        now = self._now()
        contest = self._arbitration.claim(uuid.uuid4().hex[:8], word, loudness_db, now - age_s, now, alone=alone)
        claim = Claim(self, contest)
        self._claims.append(claim)
        self.wake()
        return claim

    async def serve(self) -> None:
        """Runs as long as the assistant."""
        await self._post.listen([TOPICS], self._take)
        async with anyio.create_task_group() as sending:
            while True:
                changed = self._changed
                self._advance(sending)
                # Sleeping for what is left until the next message is due, or until something was heard.
                with anyio.move_on_after(max(0.0, self._arbitration.next_at() - self._now())):
                    await changed.wait()

    def wake(self) -> None:
        """Something changed that :meth:`serve` has to look at."""
        self._changed.set()
        self._changed = anyio.Event()

    # -- for claims -----------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """Seconds."""
        return self._now()

    def settle(self, contest: Contest, *, answered: bool) -> None:
        """We act on it, or it is over."""
        self._arbitration.settle(contest, self._now(), answered=answered)
        self.wake()

    def drop(self, claim: "Claim") -> None:
        """Nobody asks for it any more."""
        self._claims.remove(claim)

    def name_of(self, bid: Bid | None) -> str:
        """The room, or else the site, of whoever made ``bid``."""
        return self._places.get(bid.who, "") if bid is not None else ""

    # -- the broker -----------------------------------------------------------------------------------------------

    def _advance(self, sending: TaskGroup) -> None:
        for bid in self._arbitration.advance(self._now()):
            if self._post.online and self._in_flight < _IN_FLIGHT:
                self._in_flight += 1
                sending.start_soon(self._send, bid)
        self._tell()

    async def _send(self, bid: Bid) -> None:
        try:
            with suppress(BrokerOffline):
                await self._post.publish(f"hearthside/{self._place.site}/wake", encode(bid, self._place.area), qos=0)
        finally:
            self._in_flight -= 1

    def _take(self, taken: Taken) -> None:
        try:
            bid, area = decode(taken.payload)
        except ValueError as error:
            _log.debug("no claim on %s: %s", taken.topic, error)
            return
        if taken.retained or bid.who == self._place.who:
            return
        self._places[bid.who] = area or taken.topic.split("/")[1]
        if len(self._places) > _PLACES:
            del self._places[next(iter(self._places))]
        self._arbitration.hear(bid, self._now())
        self._tell()
        self.wake()

    def _tell(self) -> None:
        for claim in list(self._claims):
            claim.look()


class Claim:
    """One wake word that this assistant would answer."""

    def __init__(self, arbiter: Arbiter, contest: Contest) -> None:
        self._arbiter, self._contest = arbiter, contest
        self._changed = anyio.Event()
        self._stood = contest.standing
        self._give_way: Callable[[str], None] | None = None

    def __enter__(self) -> "Claim":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._arbiter.settle(self._contest, answered=False)
        self._arbiter.drop(self)

    @property
    def standing(self) -> Standing:
        """Where we stand."""
        return self._contest.standing

    @property
    def since(self) -> float:
        """When that began, in seconds of the arbiter's clock."""
        return self._contest.since

    @contextmanager
    def giving_way(self, give_way: Callable[[str], None]) -> Iterator[None]:
        """``give_way`` is called, with the name of who answers, as soon as another one does; it must not block."""
        self._give_way = give_way
        try:
            self._yield()
            yield
        finally:
            self._give_way = None

    async def permit(self) -> None:
        """Returns when it is ours for good: from then on nobody else answers. Never, while it is not."""
        while (may := self._contest.may_act_at()) > (now := self._arbiter.clock()):
            changed = self._changed
            with anyio.move_on_after(may - now):
                await changed.wait()
        if self.standing is not Standing.SETTLED:
            self._arbiter.settle(self._contest, answered=True)

    async def falls_to_us(self) -> bool:
        """Returns True when whoever answered fell silent and we are to take over, False once it is over."""
        while self.standing in (Standing.CONTENDING, Standing.YIELDED):
            await self._changed.wait()
        return self.standing is Standing.LEADING

    def look(self) -> None:
        """Something was heard, or time has passed."""
        if self._stood is not self.standing:
            self._stood = self.standing
            self._changed.set()
            self._changed = anyio.Event()
            self._yield()

    def _yield(self) -> None:
        if self._give_way is not None and self.standing in (Standing.YIELDED, Standing.LOST):
            give_way, self._give_way = self._give_way, None
            give_way(self._arbiter.name_of(self._contest.leader))


def encode(bid: Bid, area: str | None) -> str:
    """The message that says ``bid``."""
    body = {
        "who": bid.who,
        "wake": bid.wake,
        "word": bid.word,
        "earshot": bid.earshot,
        "score_db": bid.score,
        "step": bid.step.value,
        "age_ms": round(bid.age_s * 1000, 1),
        "area": area,
    }
    return json.dumps(body, ensure_ascii=False)


def decode(payload: bytes) -> tuple[Bid, str | None]:
    """A bid, and the room of whoever made it. Raises ValueError for anything else."""
    if len(payload) > _LONGEST:
        raise ValueError("it is too long")
    body = parsed(payload)
    who, wake, word, earshot = (_text(body, key) for key in ("who", "wake", "word", "earshot"))
    age_s = _number(body, "age_ms") / 1000
    if not 0 <= age_s <= _OLDEST_S:
        raise ValueError("it is too old")
    area = body.get("area")
    bid = Bid(who, wake, word, earshot, _number(body, "score_db"), Step(_text(body, "step")), age_s)
    return bid, area if isinstance(area, str) else None


def parsed(payload: bytes) -> dict[str, Any]:
    """The JSON object in ``payload``. Raises ValueError for anything else."""
    try:
        body = outside.json_of(payload)
    except RecursionError:
        raise ValueError("it is too deep") from None
    if not isinstance(body, dict):
        raise ValueError("it is no object")
    return body


def _text(body: Mapping[str, Any], key: str) -> str:
    if not isinstance(value := body.get(key), str) or not value:
        raise ValueError(f"{key} is no text")
    return value


def _number(body: Mapping[str, Any], key: str) -> float:
    try:
        return outside.number_of(body.get(key))
    except ValueError:
        raise ValueError(f"{key} is no number") from None
