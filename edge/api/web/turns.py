"""``/v1/turns``: what was said, understood, done and answered, and where the time went.

Turns come from the journal; those that nobody said a word in are only in memory, until the assistant stops. Where no
journal is kept, so are all the others.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import anyio
from fastapi import APIRouter, Query
from pydantic import Field

from edge.api.web.access import Member
from edge.api.web.bodies import Body
from edge.api.web.listing import Listed, Page, followed
from edge.api.web.problems import not_found
from edge.assistant import Assistant
from edge.events import Timings, Yielded, as_json
from edge.intents import OutcomeKind, Tier
from edge.memory.episodes import SECRETS, Episodes, Kept
from edge.memory.feedback import Verdict, Verdicts
from edge.session.recent import RecentTurn
from edge.session.waterfall import Kind, from_events, from_timings
from edge.session.waterfall import Stage as Span

_MICROSECONDS: Final = 1_000_000
_WRITTEN_S: Final = 1.0
_LOOK_S: Final = 0.02


class IntentBody(Body):
    """A request in Home Assistant's vocabulary."""

    name: str
    slots: dict[str, Any] = Field(default_factory=dict)


class Action(Body):
    """What a device was told, and what it said to it."""

    device: str
    name: str = ""
    """What people call it; empty where it is gone."""
    command: dict[str, Any]
    confirmed: bool
    result: str = ""
    """``confirmed``, ``assumed``, … of its report."""
    ms: float | None = None


class Question(Body):
    """What the answer asks."""

    slot: str | None = None
    choices: list[str] = Field(default_factory=list)


class Wake(Body):
    """The wake word that opened it."""

    word: str
    score: float


class VerdictBody(Body):
    """What somebody said of it afterwards."""

    wrong: str
    """``wake``, ``heard``, ``understood``, ``done``; empty: it was right."""
    meant: str = ""
    intent: IntentBody | None = None
    learnt: bool = False
    """Whether what was heard means that now."""

    @classmethod
    def of(cls, verdict: Verdict) -> "VerdictBody":
        """As it is told."""
        intent = verdict.intent
        body = IntentBody(name=intent.name, slots=dict(intent.slots)) if intent is not None else None
        return cls(wrong=verdict.wrong, meant=verdict.meant, intent=body, learnt=verdict.learnt)


class Turn(Body):
    """One turn."""

    id: str
    at: float
    """When it ended, seconds since the epoch."""
    text: str
    """What was heard."""
    language: str
    intent: IntentBody | None
    further: list[IntentBody] = Field(default_factory=list)
    tier: Tier | None
    confidence: float
    outcome: OutcomeKind
    actions: list[Action]
    said: str
    """The answer."""
    question: Question | None = None
    timings: dict[str, float | None]
    """Milliseconds, by stage."""
    session: str
    wake: Wake | None = None
    """Known of the last turns only."""
    answered_in: str = ""
    """The room of the assistant that answered in its place, if one did."""
    kept: bool = True
    """Whether it is in the journal; else it is forgotten when the assistant stops."""
    recorded: bool = False
    """Whether the sound of what was said is kept."""
    feedback: VerdictBody | None = None


class Stage(Body):
    """A part of a turn."""

    kind: Kind
    of: str = ""
    """The tier, the device or the wake word."""
    start_ms: float
    end_ms: float


class WholeTurn(Turn):
    """One turn, with where its time went."""

    stages: list[Stage]
    whole: bool
    """Whether the stages begin with the wake word; else, with older turns, after the last syllable."""
    events: list[dict[str, Any]] = Field(default_factory=list)
    """All that was told of it, of the last turns; see ``/v1/events``."""


class Turns:
    """Finds turns, wherever they are."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant, self._recent = assistant, assistant.recent
        self._episodes = Episodes(assistant.storage, assistant.settings.memory.keep_turns_days)
        self._recordings, self._house = assistant.recordings, assistant.house
        self._verdicts = Verdicts(assistant.storage)

    @property
    def _journal(self) -> bool:
        """Whether one is kept: it may be switched on and off while we run."""
        return self._assistant.settings.memory.keep_turns_days > 0

    async def latest(
        self, limit: int, before: int | None, *, session: str = "", outcome: str = "", text: str = ""
    ) -> list[tuple[int, Turn]]:
        """The newest of before that place, each with its place. Raises StorageError."""
        rows = await self._episodes.latest(limit, before, session=session, outcome=outcome, text=text)
        found = [(row.n, self._of(row)) for row in rows]
        known = {turn.id for _, turn in found}
        for recent in self._recent.turns():
            place = _place(recent)
            turn = self._unkept(recent)
            if turn is None or turn.id in known or (before is not None and place >= before):
                continue
            if session in ("", turn.session) and outcome in ("", turn.outcome) and _has(turn, text):
                found.append((place, turn))
        newest = sorted(found, key=lambda pair: pair[0], reverse=True)[:limit]
        await self._complete([turn for _, turn in newest])
        return newest

    async def one(self, ident: str) -> WholeTurn | None:
        """That turn with all that is known of it. Raises StorageError."""
        recent = self._recent.turn(ident)
        row = await self._written(ident, recent)
        if row is not None:
            turn = self._of(row)
        elif recent is None or (found := self._unkept(recent)) is None:
            return None
        else:
            turn = found
        await self._complete([turn])
        if recent is None or recent.ended is None:
            assert row is not None
            spans = from_timings(_timings_of(row))
            return WholeTurn(**turn.model_dump(), stages=_stages(spans), whole=False)
        events = [_public(as_json(event)) for event in recent.events]
        return WholeTurn(**turn.model_dump(), stages=_stages(from_events(recent.events)), whole=True, events=events)

    async def _written(self, ident: str, recent: RecentTurn | None) -> Kept | None:
        """From the journal, which has a turn some milliseconds after it was told of."""
        row = await self._episodes.one(ident)
        while row is None and recent is not None and self._journal and _fresh(recent):
            await anyio.sleep(_LOOK_S)
            row = await self._episodes.one(ident)
        return row

    async def _complete(self, turns: Sequence[Turn]) -> None:
        """What is kept elsewhere."""
        ids = [turn.id for turn in turns]
        recorded, verdicts = await self._recordings.those_of(ids), await self._verdicts.of(ids)
        names = {device.id: device.name for device in self._house.devices()}
        for turn in turns:
            turn.recorded = turn.id in recorded
            turn.feedback = VerdictBody.of(verdicts[turn.id]) if turn.id in verdicts else None
            for action in turn.actions:
                action.name = names.get(action.device, "")

    def _of(self, row: Kept) -> Turn:
        recent = self._recent.turn(str(row.turn["turn"]))
        return _turn(row.turn, row.at, recent, kept=True)

    def _unkept(self, recent: RecentTurn) -> Turn | None:
        """A turn that no journal has, as far as it may be shown: never one that was erased, or has a secret."""
        ended = recent.ended
        if ended is None or recent.ended_at is None or (ended.text and self._journal):
            return None
        intents = [intent for intent in (ended.intent, *ended.further) if intent is not None]
        if any(SECRETS & intent.slots.keys() for intent in intents):
            return None
        return _turn(as_json(ended), recent.ended_at, recent, kept=False)


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["turns"])
    turns = Turns(assistant)

    @routes.get("/turns", summary="The last turns, newest first")
    async def latest(
        asked: Listed,
        _: Member,
        session: Annotated[str, Query(max_length=64, description="Only those of this conversation.")] = "",
        outcome: Annotated[OutcomeKind | None, Query(description="Only those that ended so.")] = None,
        text: Annotated[str, Query(max_length=200, description="Only those with this in what was said.")] = "",
    ) -> Page[Turn]:
        found = await turns.latest(
            asked.limit + 1, asked.key(int), session=session, outcome=outcome.value if outcome else "", text=text
        )
        items, after = followed(found, lambda pair: pair[0], asked)
        return Page(items=[turn for _, turn in items], next=after)

    @routes.get("/turns/{turn}", summary="One turn, with the stages that its time went to")
    async def one(turn: str, _: Member) -> WholeTurn:
        found = await turns.one(turn)
        if found is None:
            raise not_found("such turn")
        return found

    return routes


def _turn(told: Mapping[str, Any], at: float, recent: RecentTurn | None, *, kept: bool) -> Turn:
    woke = recent.woke if recent is not None else None
    yielded = next((event.to for event in recent.events if isinstance(event, Yielded)), "") if recent else ""
    return Turn(
        id=told["turn"],
        at=at,
        text=told["text"],
        language=told["language"],
        intent=told["intent"],
        further=told.get("further") or [],
        tier=told["tier"],
        confidence=told["confidence"],
        outcome=told["outcome"],
        actions=told["actions"],
        said=told["reply"]["text"],
        question=told.get("question"),
        timings=told["timings"],
        session=told["session"],
        wake=Wake(word=woke.word, score=woke.score) if woke is not None else None,
        answered_in=yielded,
        kept=kept,
    )


def _fresh(recent: RecentTurn) -> bool:
    ended = recent.ended
    return ended is not None and bool(ended.text) and time.time() - (recent.ended_at or 0.0) < _WRITTEN_S


def _place(recent: RecentTurn) -> int:
    """Where it would be in the journal."""
    return round((recent.ended_at or recent.began) * _MICROSECONDS)


def _has(turn: Turn, text: str) -> bool:
    return text.casefold() in f"{turn.text} {turn.said}".casefold()


def _stages(spans: Iterable[Span]) -> list[Stage]:
    return [Stage(kind=each.kind, of=each.of, start_ms=each.start_ms, end_ms=each.end_ms) for each in spans]


def _timings_of(row: Kept) -> Timings:
    return Timings(**row.turn["timings"])


def _public(told: dict[str, Any]) -> dict[str, Any]:
    """Without the place of a file on the device."""
    if "reply" in told:
        told["reply"].pop("audio", None)
    return told
