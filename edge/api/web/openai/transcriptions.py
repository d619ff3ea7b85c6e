"""``/v1/audio/transcriptions``: the assistant's ears."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Final, Literal

import anyio.to_thread
from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel

from edge.api.web.access import Guest
from edge.api.web.openai.errors import RESPONSES, Invalid, OpenAiRoute
from edge.api.web.openai.sound_files import Unreadable, read
from edge.assistant import Assistant
from edge.chunk import RATE, Pcm
from edge.intents import Transcript
from edge.listen.level import levelled
from edge.listen.pieces import WINDOWS_AT_ONCE, Piece, pieces
from edge.ports import SpeechStream, SttEngine, VadEngine

_LONGEST_S: Final = 600.0


class Segment(BaseModel):
    """What was said in one go."""

    id: int
    start: float
    end: float
    text: str


class Verbose(BaseModel):
    """``verbose_json``."""

    task: Literal["transcribe"] = "transcribe"
    language: str
    duration: float
    """Seconds of the sound."""
    text: str
    segments: list[Segment]


class Plain(BaseModel):
    """``json``."""

    text: str


def router(assistant: Assistant) -> APIRouter:
    """Its route."""
    routes = APIRouter(prefix="/v1/audio", tags=["openai"], route_class=OpenAiRoute, responses=RESPONSES)

    @routes.post("/transcriptions", summary="Speech to text", response_model=Plain | Verbose)
    async def transcriptions(
        _: Guest,
        file: Annotated[UploadFile, File(description="WAV, FLAC, OGG or MP3, ten minutes at most")],
        model: Annotated[str, Form(description="There is one, whatever is asked for.")] = "",
        language: Annotated[str | None, Form()] = None,
        response_format: Annotated[Literal["json", "text", "verbose_json"], Form()] = "json",
    ) -> Response:
        own = assistant.settings.understand.language
        if language is not None and language != own[:2]:
            raise Invalid(f"this assistant hears one language: {own[:2]}", "language")
        try:
            pcm = await anyio.to_thread.run_sync(read, file.file, _LONGEST_S)
        except Unreadable as error:
            raise Invalid(str(error), "file") from None
        segments = [segment async for segment in _segments(assistant, pcm)]
        text = " ".join(segment.text for segment in segments)
        match response_format:
            case "text":
                return PlainTextResponse(text + "\n")
            case "verbose_json":
                whole = Verbose(language=own[:2], duration=len(pcm) / RATE, text=text, segments=segments)
                return JSONResponse(whole.model_dump())
            case _:
                return JSONResponse(Plain(text=text).model_dump(), HTTPStatus.OK)

    return routes


async def _segments(assistant: Assistant, pcm: Pcm) -> AsyncIterator[Segment]:
    """What is said in ``pcm``, a call of the engine for each, so that whoever speaks in the room waits for none.

    Raises ModelError, EngineError.
    """
    stt, number = assistant.engines.stt.behind, 0
    for piece in await _pieces(assistant, pcm):
        sound = pcm[round(piece.start * RATE) : round(piece.end * RATE)]
        heard = await stt.call(_transcribe, sound, assistant.settings.understand.language)
        if heard.text:
            yield Segment(id=number, start=round(piece.start, 2), end=round(piece.end, 2), text=heard.text)
            number += 1


async def _pieces(assistant: Assistant, pcm: Pcm) -> list[Piece]:
    vad = assistant.engines.vad.behind
    size, stream = await vad.call(lambda engine: (engine.window, engine.stream()))
    windows = pcm[: len(pcm) // size * size].reshape(-1, size)
    speech: list[float] = []
    for at in range(0, len(windows), WINDOWS_AT_ONCE):
        speech += await vad.call(_probabilities, stream, windows[at : at + WINDOWS_AT_ONCE])
    return pieces(speech, size / RATE)


def _probabilities(_: VadEngine, stream: SpeechStream, windows: Pcm) -> list[float]:
    return [stream.probability(window) for window in windows]


def _transcribe(engine: SttEngine, pcm: Pcm, language: str) -> Transcript:
    return engine.transcribe(levelled(pcm), language)
