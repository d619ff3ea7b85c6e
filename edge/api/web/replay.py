"""``/v1/turns/{turn}/audio`` and ``/replay``: what was said once more, and what would come of it today."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response
from pydantic import Field

from edge.api.web.access import Member
from edge.api.web.bodies import Body
from edge.api.web.problems import Refusal, not_found
from edge.api.web.turns import IntentBody, Turns, WholeTurn
from edge.assistant import Assistant
from edge.events import TurnEnded
from edge.intents import Intent, Tier, Transcript
from edge.session.discretion import UNWRITTEN

_FLAC: Final = "audio/flac"
_NO_WORDS: Final = frozenset({"", UNWRITTEN})
"""Texts of turns that there is nothing to be understood of."""


class Again(Body):
    """How it is replayed."""

    act: bool = False
    """Whether it is really done, as a new turn."""


class Understood(Body):
    """What something meant."""

    intents: list[IntentBody] = Field(default_factory=list)
    tier: Tier | None = None
    """null: no tier was sure enough."""
    confidence: float = 0.0


class Replayed(Body):
    """What would come of the turn today."""

    heard: str
    """What is heard in its recording now; where there is none, what was heard then."""
    from_sound: bool
    then: Understood
    now: Understood
    same: bool
    """Whether it means the same."""
    turn: str | None = None
    """The new turn, where it was really done."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["turns"])
    turns = Turns(assistant)

    @routes.get(
        "/turns/{turn}/audio",
        summary="The sound of what was said",
        response_class=Response,
        responses={200: {"content": {_FLAC: {}}, "description": "FLAC, 16 kHz, mono."}},
    )
    async def audio(turn: str, _: Member) -> Response:
        """There where `memory.keep_audio_days` is set."""
        sound = await assistant.recordings.sound(turn) if await turns.one(turn) is not None else None
        if sound is None:
            raise not_found("recording of that turn")
        return Response(sound, media_type=_FLAC, headers={"Cache-Control": "no-store"})

    @routes.post("/turns/{turn}/replay", summary="What would come of a turn today")
    async def replay(turn: str, again: Again, _: Member) -> Replayed:
        """It is heard anew where its sound is kept, and understood anew; nothing is done unless `act` says so."""
        before = await turns.one(turn)
        if before is None:
            raise not_found("such turn")
        said = await _heard(assistant, before)
        found = await assistant.understand(said)
        now = Understood()
        if found is not None:
            now = Understood(
                intents=[_body(each) for each in found.intents], tier=found.tier, confidence=found.confidence
            )
        then = Understood(
            intents=[*([before.intent] if before.intent else []), *before.further],
            tier=before.tier,
            confidence=before.confidence,
        )
        acted = await _done(assistant, said.text) if again.act else None
        from_sound = before.recorded
        same = now.intents == then.intents
        return Replayed(heard=said.text, from_sound=from_sound, then=then, now=now, same=same, turn=acted)

    return routes


async def _heard(assistant: Assistant, before: WholeTurn) -> Transcript:
    """Raises Refusal where there is nothing to be understood."""
    sound = await assistant.recordings.pcm(before.id) if before.recorded else None
    if sound is not None:
        return await assistant.hear(sound) or Transcript("", before.language)
    if before.text in _NO_WORDS:
        what = "nothing is kept of what was said"
        raise Refusal(HTTPStatus.CONFLICT, what, code="nothing_said", remedy="set memory.keep_audio_days")
    return Transcript(before.text, before.language)


async def _done(assistant: Assistant, text: str) -> str | None:
    if not text:
        return None
    ended = (await assistant.ask(text))[-1]
    return ended.turn if isinstance(ended, TurnEnded) else None


def _body(intent: Intent) -> IntentBody:
    return IntentBody(name=intent.name, slots=dict(intent.slots))
