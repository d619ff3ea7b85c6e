"""Speaks an answer sentence by sentence; cancelling the caller stops the sound.

The next sentence is synthesised while the last one plays, so only the first is waited for.
"""

import re
from asyncio import Future
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from edge.chunk import Pcm
from edge.engine_thread import EngineQueue
from edge.errors import AssistantError
from edge.ports import AudioSink, TtsEngine
from edge.speak.loudness import VoiceLoudness
from edge.speak.wording import sentences

_LET_GO_S: Final = 0.5
_AHEAD: Final = 4
"""Sentences that are synthesised before they are played: as much as a person may break off again."""

_CLAUSE: Final = re.compile(r"(?<=[,;:])\s")
_SHORT: Final = 40
"""Characters of a sentence that is made whole before it sounds."""
_FEWEST: Final = 10
"""Characters that are worth being said alone."""
_Coming: TypeAlias = tuple[str, list[Future[Pcm]]]
"""A sentence, and its sound in parts."""


class Voice:
    """Text to sound to loudspeaker."""

    def __init__(self, tts: EngineQueue[TtsEngine], sink: AudioSink, loudness: VoiceLoudness | None = None) -> None:
        """``loudness`` None: as loud as the engine speaks."""
        self._tts, self._sink = tts, sink
        self._loudness = loudness or VoiceLoudness()

    async def ready(self) -> None:
        """Returns when the voice is loaded and has cleared its throat; raises what loading it raised.

        The first sentence of a fresh ONNX session takes several times as long as the second.
        """
        await self._tts.call(_synthesize, "Ready.")

    async def speak(self, text: str, started: Callable[[], None]) -> None:
        """Returns when ``text`` has been heard to its end. ``started`` is called as its first sample goes out.

        Raises AudioError when the loudspeaker is gone, EngineError or ModelError when there is no voice.
        """
        rate = await self._tts.call(lambda engine: engine.rate)
        coming = [self._tts.submit(_synthesize, sentence) for sentence in sentences(text)]
        try:
            for number, future in enumerate(coming):
                pcm = await future
                if number == 0:
                    started()
                await self._sink.play(self._loudness.of_speech(pcm), rate)
        except anyio.get_cancelled_exc_class():
            # Cut off in mid-sentence: nothing of this answer may stay behind for the next.
            with anyio.move_on_after(_LET_GO_S, shield=True):
                await self._sink.finish()
            raise
        finally:
            for future in coming:
                future.cancel()

    async def tell(
        self, sentences: AsyncIterator[str], started: Callable[[], None], told: Callable[[str], None]
    ) -> None:
        """Speak each of ``sentences`` as soon as it is there; returns when the last was heard to its end.

        ``started`` is called as the first sample goes out, ``told`` with each sentence as it begins to sound. Raises as
        :meth:`speak`, and whatever AssistantError ``sentences`` raises, once those before it were heard.
        """
        rate = await self._tts.call(lambda engine: engine.rate)
        made, coming = anyio.create_memory_object_stream[_Coming](_AHEAD)
        failed: list[AssistantError] = []
        submitted: list[Future[Pcm]] = []

        async def synthesize() -> None:
            async with made:
                try:
                    async for sentence in sentences:
                        parts = [sentence] if submitted else _begun(sentence)
                        futures = [self._tts.submit(_synthesize, part) for part in parts]
                        submitted.extend(futures)
                        await made.send((sentence, futures))
                except AssistantError as error:
                    failed.append(error)

        try:
            async with coming, anyio.create_task_group() as ahead:
                ahead.start_soon(synthesize)
                try:
                    await self._play_each(coming, rate, started, told)
                except AssistantError as error:
                    failed.append(error)
                    ahead.cancel_scope.cancel()
        finally:
            for future in submitted:
                future.cancel()
        if failed:
            raise failed[0]

    async def _play_each(
        self,
        coming: MemoryObjectReceiveStream[_Coming],
        rate: int,
        started: Callable[[], None],
        told: Callable[[str], None],
    ) -> None:
        begun = False
        try:
            async for sentence, futures in coming:
                for number, future in enumerate(futures):
                    pcm = await future
                    if not begun:
                        started()
                        begun = True
                    if number == 0:
                        told(sentence)
                    await self._sink.play(self._loudness.of_speech(pcm), rate)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(_LET_GO_S, shield=True):
                await self._sink.finish()
            raise

    async def play(self, pcm: Pcm, rate: int) -> None:
        """Play what another voice spoke, ``pcm`` (int16, mono), to its end. Raises AudioError."""
        try:
            await self._sink.play(self._loudness.of_speech(pcm), rate)
        finally:
            with anyio.move_on_after(_LET_GO_S, shield=True):
                await self._sink.finish()

    async def sound(self, make: Callable[[int], Pcm]) -> None:
        """Play what ``make`` gives for the voice's rate in samples a second: int16, mono. Raises as :meth:`speak`."""
        rate = await self._tts.call(lambda engine: engine.rate)
        try:
            await self._sink.play(self._loudness.of_ringing(make(rate)), rate)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(_LET_GO_S, shield=True):
                await self._sink.finish()
            raise

    async def finish(self) -> str | None:
        """The answer is complete. Returns the path of its recording, where one was made."""
        return await self._sink.finish()


def _begun(sentence: str) -> list[str]:
    """The first sentence of an answer: if it is long, in two parts, so that its beginning is heard sooner."""
    found = _CLAUSE.search(sentence, _FEWEST)
    if len(sentence) <= _SHORT or found is None or len(sentence) - found.end() < _FEWEST:
        return [sentence]
    return [sentence[: found.start()], sentence[found.end() :]]


def _synthesize(engine: TtsEngine, sentence: str) -> Pcm:
    return engine.synthesize(sentence)
