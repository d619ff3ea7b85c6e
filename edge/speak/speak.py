"""Speaks an answer sentence by sentence; cancelling the caller stops the sound.

The next sentence is synthesised while the last one plays, so only the first is waited for.
"""

from asyncio import Future
from collections.abc import AsyncIterator, Callable
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from edge.chunk import Pcm
from edge.engine_thread import EngineThread
from edge.errors import AssistantError
from edge.ports import AudioSink, TtsEngine
from edge.speak.loudness import VoiceLoudness
from edge.speak.wording import sentences

_LET_GO_S: Final = 0.5
_AHEAD: Final = 4
"""Sentences that are synthesised before they are played: as much as a person may break off again."""


class Voice:
    """Text to sound to loudspeaker."""

    def __init__(self, tts: EngineThread[TtsEngine], sink: AudioSink, loudness: VoiceLoudness | None = None) -> None:
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
        made, coming = anyio.create_memory_object_stream[tuple[str, Future[Pcm]]](_AHEAD)
        failed: list[AssistantError] = []
        submitted: list[Future[Pcm]] = []

        async def synthesize() -> None:
            async with made:
                try:
                    async for sentence in sentences:
                        submitted.append(self._tts.submit(_synthesize, sentence))
                        await made.send((sentence, submitted[-1]))
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
        coming: MemoryObjectReceiveStream[tuple[str, Future[Pcm]]],
        rate: int,
        started: Callable[[], None],
        told: Callable[[str], None],
    ) -> None:
        begun = False
        try:
            async for sentence, future in coming:
                pcm = await future
                if not begun:
                    started()
                    begun = True
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


def _synthesize(engine: TtsEngine, sentence: str) -> Pcm:
    return engine.synthesize(sentence)
