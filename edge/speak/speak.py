"""Speaks an answer sentence by sentence; cancelling the caller stops the sound.

The next sentence is synthesised while the last one plays, so only the first is waited for.
"""

from collections.abc import Callable
from typing import Final

import anyio

from edge.chunk import Pcm
from edge.engine_thread import EngineThread
from edge.ports import AudioSink, TtsEngine
from edge.speak.loudness import VoiceLoudness
from edge.speak.wording import sentences

_LET_GO_S: Final = 0.5


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
