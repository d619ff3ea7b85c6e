"""Speech to text for a guest: sound in, a transcript out."""

from collections.abc import Awaitable, Callable
from typing import Final

import numpy as np
from wyoming.asr import Transcript as TranscriptEvent
from wyoming.event import Event

from edge.api.wyoming.guests import Guest
from edge.chunk import RATE, Pcm
from edge.intents import Transcript
from edge.listen.level import levelled
from edge.ports import Sayable, SttEngine
from edge.wyoming.frames import Malformed
from edge.wyoming.messages import SoundFormat, Transcribe
from edge.wyoming.sound import Incoming

_LONGEST_S: Final = 30
"""The window of Whisper, beyond which no engine hears."""


class Ears:
    """What every connection shares."""

    def __init__(self, stt: Guest[SttEngine], language: str, sayable: Callable[[], Sayable | None]) -> None:
        """``sayable`` gives the start of every sentence that means something in this house now."""
        self._stt, self.language, self._sayable = stt, language, sayable

    async def load(self) -> None:
        """Begin to load the engine, while the sound is still coming."""
        await self._stt.thread()

    async def hear(self, pcm: Pcm) -> Transcript:
        """``pcm``: int16, 16 kHz. Raises ModelError, EngineError."""
        thread, sayable = await self._stt.thread(), self._sayable()
        return await thread.call(lambda engine: engine.transcribe(levelled(pcm), self.language, sayable))


class Dictation:
    """One utterance of one connection."""

    def __init__(self, ears: Ears, asked: Transcribe, send: Callable[[Event], Awaitable[None]]) -> None:
        # It hears one language, whichever was asked for: others are not among those that it says it has.
        self._ears, self._asked, self._send = ears, asked, send
        self._incoming: Incoming | None = None
        self._pieces: list[Pcm] = []
        self._samples = 0

    async def start(self, form: SoundFormat) -> None:
        """Sound in that format follows, from the beginning."""
        self._incoming, self._pieces, self._samples = Incoming(form), [], 0
        await self._ears.load()

    async def take(self, form: SoundFormat, payload: bytes) -> None:
        """The next sound. Raises Malformed for more than anybody could hear at once."""
        self._incoming = self._incoming or Incoming(form)
        self._add(self._incoming.take(payload))

    async def stop(self) -> None:
        """That was all: transcribe it."""
        if self._incoming is not None:
            self._add(self._incoming.rest())
        pcm = np.concatenate([np.zeros(0, np.int16), *self._pieces])
        self._incoming, self._pieces, self._samples = None, [], 0
        heard = await self._ears.hear(pcm)
        await self._send(TranscriptEvent(text=heard.text, language=heard.language).event())

    async def close(self) -> None:
        """Nothing is kept."""

    def _add(self, pcm: Pcm) -> None:
        if not len(pcm):
            # Frames without sound are not counted, and so not kept either.
            return
        self._samples += len(pcm)
        if self._samples > _LONGEST_S * RATE:
            raise Malformed(f"an utterance is longer than {_LONGEST_S} s")
        self._pieces.append(pcm)
