"""``/v1/turns/{turn}/feedback``: a turn was right, or what was wrong with it; and what is learnt from that."""

import io
import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

import yaml
from anyio.to_thread import run_sync
from fastapi import APIRouter, Response
from pydantic import Field

from edge.api.web.access import Member, Owner
from edge.api.web.bodies import Body
from edge.api.web.listing import Listed, Page, cut
from edge.api.web.problems import Refusal, not_found
from edge.api.web.turns import Turns, VerdictBody, WholeTurn
from edge.assistant import Assistant
from edge.events import Feedback
from edge.explained import plain
from edge.intents import Intent, Tier
from edge.memory.feedback import Verdict, Verdicts

_ZIP: Final = "application/zip"
_BYTES_A_SECOND: Final = 16_000
"""Of a FLAC file, about: only the evaluation's progress bar wants to know."""


class Opinion(Body):
    """What somebody says of a turn."""

    wrong: Literal["", "wake", "heard", "understood", "done"]
    """``wake``: nobody had called it; ``heard``: other words were said; ``understood``: they mean something else;
    ``done``: what came of it; empty: nothing, it was right."""
    meant: Annotated[str, Field(max_length=500, examples=["turn on the kitchen light"])] = ""
    """The right sentence: what was said, if that was misheard; else one that means what was meant."""


class Learnt(StrEnum):
    """What came of a right sentence."""

    LEARNT = "learnt"
    """What was heard means that from now on."""
    NOTHING = "nothing"
    """No sentence was given, or nothing had been heard."""
    SAME = "same"
    """It is what was heard: said again, it is understood."""
    HAS_MEANING = "has_meaning"
    """What was heard means something of its own, that must not be lost. It is kept for evaluation."""
    NOT_UNDERSTOOD = "not_understood"
    """The right sentence is not understood, either. It is kept for evaluation."""


class Given(VerdictBody):
    """What is kept of it."""

    result: Learnt


class Pair(VerdictBody):
    """What was heard and what was meant."""

    turn: str
    at: float
    heard: str
    language: str
    recorded: bool
    """Whether its sound is kept."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["turns"])
    verdicts = Verdicts(assistant.storage)
    turns = Turns(assistant)

    @routes.post("/turns/{turn}/feedback", summary="Say that a turn was right, or what was wrong")
    async def give(turn: str, opinion: Opinion, _: Member) -> Given:
        """A right sentence that the assistant understands becomes the meaning of what it had heard."""
        about = await turns.one(turn)
        if about is None:
            raise not_found("such turn")
        intent, result = await _learnt(assistant, about, opinion)
        verdict = await verdicts.give(
            turn,
            opinion.wrong,
            heard=about.text,
            language=about.language,
            meant=opinion.meant.strip(),
            intent=intent,
            learn=result is Learnt.LEARNT,
        )
        assistant.bus.emit(Feedback(turn=turn, at=time.monotonic(), wrong=opinion.wrong))
        return Given(**VerdictBody.of(verdict).model_dump(), result=result)

    @routes.delete("/turns/{turn}/feedback", status_code=HTTPStatus.NO_CONTENT, summary="Take that back")
    async def take_back(turn: str, _: Member) -> None:
        """What was learnt from it is unlearnt."""
        given = await verdicts.take_back(turn)
        if given is None:
            raise not_found("feedback on that turn")
        assistant.bus.emit(Feedback(turn=turn, at=time.monotonic(), wrong=given, withdrawn=True))

    @routes.get("/feedback", summary="What was heard and what was meant")
    async def listed(asked: Listed, _: Member) -> Page[Pair]:
        found = await verdicts.all()
        recorded = await assistant.recordings.those_of([verdict.turn for verdict in found])
        pairs = [_pair(verdict, recorded) for verdict in found]
        items, after = cut(pairs, lambda pair: pair.at, asked, descending=True)
        return Page(items=items, next=after)

    @routes.get(
        "/feedback/evaluation", summary="Recordings and the right sentences, for `hearth eval`", response_class=Response
    )
    async def evaluation(_: Owner) -> Response:
        """A ZIP archive: unpack it, and `hearth eval commands --data FOLDER` tells how well it hears you."""
        clips = []
        for verdict in await verdicts.all():
            said = verdict.meant if verdict.wrong == "heard" else verdict.heard
            sound = await assistant.recordings.sound(verdict.turn) if said else None
            if sound is not None and verdict.wrong != "wake":
                clips.append((verdict, said, sound))
        archive = await run_sync(_archive, clips, _house(assistant))
        return Response(archive, media_type=_ZIP, headers={"Content-Disposition": 'attachment; filename="own.zip"'})

    return routes


async def _learnt(assistant: Assistant, about: WholeTurn, opinion: Opinion) -> tuple[Intent | None, Learnt]:
    """What the right sentence means, and what is to be made of it. Raises Refusal."""
    meant = opinion.meant.strip()
    if opinion.wrong not in ("heard", "understood") or not meant:
        return None, Learnt.NOTHING
    found = await assistant.understand(meant)
    understood = found is not None and found.tier is Tier.GRAMMAR and not found.further and not found.intent.later
    if found is None or not understood:
        if opinion.wrong == "understood":
            what = f"“{meant}” is not understood, either"
            remedy = "say one thing that it knows, such as “turn on the kitchen light”"
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, what, code="not_understood", remedy=remedy)
        return None, Learnt.NOT_UNDERSTOOD
    if not plain(about.text):
        return found.intent, Learnt.NOTHING
    if plain(about.text) == plain(meant):
        return found.intent, Learnt.SAME
    if opinion.wrong == "heard":
        # "Turn on the bathroom light", misheard once, must go on to mean the bathroom's.
        own = await assistant.understand(about.text)
        if own is not None and own.tier is Tier.GRAMMAR:
            return found.intent, Learnt.HAS_MEANING
    return found.intent, Learnt.LEARNT


def _pair(verdict: Verdict, recorded: set[str]) -> Pair:
    return Pair(
        **VerdictBody.of(verdict).model_dump(),
        turn=verdict.turn,
        at=verdict.at,
        heard=verdict.heard,
        language=verdict.language,
        recorded=verdict.turn in recorded,
    )


def _house(assistant: Assistant) -> Mapping[str, Any]:
    """What sentences can speak about, as :func:`edge.evaluation.fixtures.furniture` takes it."""
    house = assistant.house
    entities = [
        {
            "name": device.name,
            "domain": device.domain,
            "area": device.area,
            "aliases": list(device.aliases),
            "options": list(device.options),
            "attributes": {"device_class": device.device_class, "unit_of_measurement": device.unit},
        }
        for device in house.devices()
    ]
    return {"areas": [{"name": name} for name in house.areas()], "entities": entities}


def _archive(clips: Sequence[tuple[Verdict, str, bytes]], house: Mapping[str, Any]) -> bytes:
    """In the form that :mod:`edge.evaluation.clips` reads."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        lines = []
        for verdict, said, sound in clips:
            path = f"commands/own/{verdict.turn}.flac"
            archive.writestr(path, sound)
            clip = {
                "path": path,
                "task": "commands",
                "seconds": round(len(sound) / _BYTES_A_SECOND, 2),
                "lang": verdict.language.split("-")[0],
                "text": said,
                "oov": False,
                "fixtures": "own.yaml",
                "source": "own",
                "licence": "own",
            }
            lines.append(json.dumps(clip, ensure_ascii=False))
        archive.writestr("audio.jsonl", "".join(f"{line}\n" for line in lines))
        archive.writestr("commands/fixtures/own.yaml", yaml.safe_dump({"fixtures": dict(house)}, allow_unicode=True))
    return packed.getvalue()
