"""``/v1/audio/speech``: the assistant's voice."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Literal

import anyio.to_thread
import numpy as np
import soxr
from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from edge.api.web.access import Guest
from edge.api.web.openai.errors import RESPONSES, Invalid, OpenAiRoute
from edge.api.web.openai.sound_files import ANSWER_RATE, MEDIA_TYPES, written
from edge.assistant import Assistant
from edge.chunk import Pcm
from edge.ports import TtsEngine
from edge.speak.wording import sentences


class Wanted(BaseModel):
    """What is to be spoken. Fields of OpenAI's that are not here are passed over."""

    input: Annotated[str, Field(min_length=1, max_length=4096)]
    model: str = ""
    """There is one voice, whatever is asked for."""
    voice: Any = None
    """Likewise."""
    response_format: Literal["mp3", "opus", "flac", "wav", "pcm"] = "mp3"
    speed: float = 1.0
    stream_format: Literal["audio"] = "audio"


def router(assistant: Assistant) -> APIRouter:
    """Its route."""
    routes = APIRouter(prefix="/v1/audio", tags=["openai"], route_class=OpenAiRoute, responses=RESPONSES)
    files = {"description": "The sound.", "content": {kind: {} for kind in MEDIA_TYPES.values()}}

    @routes.post(
        "/speech",
        summary="Text to speech",
        response_class=Response,
        responses={HTTPStatus.OK: files},
    )
    async def speech(wanted: Wanted, _: Guest) -> Response:
        if wanted.speed != 1.0:
            raise Invalid("this voice speaks at one speed: 1.0", "speed")
        spoken = _spoken(assistant, wanted.input)
        media_type = MEDIA_TYPES[wanted.response_format]
        if wanted.response_format == "pcm":
            # The first sentence is there before it is known whether the last can be spoken; a failure ends the stream.
            first = await anext(spoken, np.zeros(0, np.int16))
            return StreamingResponse(_bytes(first, spoken), media_type=media_type)
        pcm = np.concatenate([np.zeros(0, np.int16), *[piece async for piece in spoken]])
        return Response(await anyio.to_thread.run_sync(written, pcm, wanted.response_format), media_type=media_type)

    return routes


async def _spoken(assistant: Assistant, text: str) -> AsyncIterator[Pcm]:
    """Sentence by sentence, each once the one before is taken. Raises ModelError, EngineError."""
    tts = assistant.engines.tts.behind
    rate = await tts.call(lambda engine: engine.rate)
    resampler = soxr.ResampleStream(rate, ANSWER_RATE, 1, dtype="int16")
    for sentence in sentences(text):
        yield resampler.resample_chunk(await tts.call(_synthesize, sentence))
    yield resampler.resample_chunk(np.zeros(0, np.int16), last=True)


def _synthesize(engine: TtsEngine, sentence: str) -> Pcm:
    return engine.synthesize(sentence)


async def _bytes(first: Pcm, rest: AsyncIterator[Pcm]) -> AsyncIterator[bytes]:
    yield written(first, "pcm")
    async for pcm in rest:
        yield written(pcm, "pcm")
