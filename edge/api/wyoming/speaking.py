"""Text to speech for a guest, sentence by sentence: the first sounds while the second is still being made."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from wyoming.event import Event
from wyoming.tts import SynthesizeStopped

from edge.api.wyoming.guests import Guest
from edge.chunk import Pcm
from edge.ports import TtsEngine
from edge.speak.wording import sentences
from edge.wyoming.frames import Malformed
from edge.wyoming.sound import chunks, started, stopped

Send = Callable[[Event], Awaitable[None]]

_LONGEST: Final = 4000
"""Characters that wait for the end of their sentence."""
_ENDED: Final = re.compile(r"[.!?…]\s+(?=\S)")


class Mouth:
    """The voice for one connection."""

    def __init__(self, tts: Guest[TtsEngine], send: Send) -> None:
        self._tts, self._send = tts, send
        self._written: str | None = None
        """Text that came in pieces and is not spoken yet; None where none is being written."""
        self._speaking = False

    async def speak(self, text: str) -> None:
        """``synthesize``. While text comes in pieces, it is the whole of it again, for those that take no pieces."""
        if self._written is None:
            await self._say(sentences(text))
            await self._end()

    async def begin(self) -> None:
        """``synthesize-start``: text will come in pieces."""
        self._written = ""
        await self._tts.thread()

    async def add(self, text: str) -> None:
        """``synthesize-chunk``. Whole sentences are spoken at once. Raises Malformed for a sentence without end."""
        written = (self._written or "") + text
        ends = [match.end() for match in _ENDED.finditer(written)]
        whole, self._written = (written[: ends[-1]], written[ends[-1] :]) if ends else ("", written)
        if len(self._written) > _LONGEST:
            raise Malformed(f"a sentence is longer than {_LONGEST} characters")
        await self._say(sentences(whole))

    async def end(self) -> None:
        """``synthesize-stop``: no more text comes."""
        rest, self._written = self._written or "", None
        await self._say(sentences(rest))
        await self._end()
        await self._send(SynthesizeStopped().event())

    async def _say(self, parts: Sequence[str]) -> None:
        async for pcm, rate in self._spoken(parts):
            if not self._speaking:
                self._speaking = True
                await self._send(started(rate))
            for chunk in chunks(pcm, rate):
                await self._send(chunk)

    async def _end(self) -> None:
        if not self._speaking:
            # A client waits for the end of the sound even where nothing could be pronounced.
            await self._send(started(await self._rate()))
        self._speaking = False
        await self._send(stopped())

    async def _rate(self) -> int:
        thread = await self._tts.thread()
        return await thread.call(lambda engine: engine.rate)

    async def _spoken(self, parts: Sequence[str]) -> AsyncIterator[tuple[Pcm, int]]:
        """Each part's sound. The next one is being made while the client takes this one, and no more than that."""
        thread = await self._tts.thread()
        ahead: asyncio.Future[tuple[Pcm, int]] | None = None
        try:
            for number in range(len(parts)):
                current = ahead or thread.submit(_synthesize, parts[number])
                ahead = thread.submit(_synthesize, parts[number + 1]) if number + 1 < len(parts) else None
                yield await current
        finally:
            if ahead is not None:
                ahead.cancel()


def _synthesize(engine: TtsEngine, sentence: str) -> tuple[Pcm, int]:
    return engine.synthesize(sentence), engine.rate
