"""One utterance: from the sound after the wake word to a transcript.

Transcription starts at the first short pause, while it is still open whether the person goes on. What was heard tells
how long to wait for more: not at all when the sentence is whole, long when it has only begun. When the endpoint comes
and nothing was added, the result is there; otherwise it is thrown away.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from edge.chunk import RATE, AudioChunk, Pcm
from edge.engine_thread import EngineQueue
from edge.intents import Transcript
from edge.listen.endpoint import Endpoint, EndpointRules, Heard
from edge.listen.level import levelled
from edge.ports import Sayable, SpeechStream, SttEngine, VadEngine

_LEAD_S = 0.3
"""Sound kept before the first speech: Whisper drops a first word that begins at sample zero."""
_TAIL_S = 0.3
"""Sound kept after the last speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What was heard in one turn."""

    transcript: Transcript | None
    """None when nobody spoke."""
    speech_start: float
    speech_end: float
    """Time of the last speech, in seconds on the clock of the sound."""
    decided_at: float
    """Time of the sound at which its end was decided."""
    capped: bool
    """Cut because it never ended."""
    stt_ms: float
    """Transcription that remained after the decision."""
    pcm: Pcm | None = None
    """Its sound: int16, 16 kHz; None where nobody spoke."""


@dataclass(frozen=True, slots=True)
class Started:
    """Speech began at ``at``."""

    at: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What was said up to a pause at ``at``, if it ended here."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The end was decided at ``at``; the last speech was at ``speech_end``."""

    at: float
    speech_end: float
    capped: bool


Progress: TypeAlias = Started | Hypothesis | Ended


class Listener:
    """Turns sound into one utterance at a time."""

    def __init__(
        self,
        vad: EngineQueue[VadEngine],
        stt: EngineQueue[SttEngine],
        rules: EndpointRules,
        language: str,
        sayable: Callable[[], Sayable | None],
    ) -> None:
        """``sayable`` gives the start of every sentence that means something now."""
        self._vad, self._stt, self._rules, self._language, self._sayable = vad, stt, rules, language, sayable

    def adopt(self, rules: EndpointRules) -> None:
        """Go by ``rules`` from the next utterance on."""
        self._rules = rules

    async def ready(self) -> None:
        """Returns when both engines are loaded and have worked once, as the first time takes longer."""
        await self._vad.ready()
        await self.prepare()
        await self._words().transcribe(np.zeros(RATE, np.int16))

    def prepare(self) -> "asyncio.Future[None]":
        """Have the engine made ready for what can be said now, behind whatever it does already."""
        return self._words().ahead()

    async def listen(
        self,
        sound: AsyncIterator[AudioChunk],
        report: Callable[[Progress], None],
        within_s: float | None = None,
        *,
        message: bool = False,
    ) -> Utterance:
        """Read ``sound`` until the command ends and return what was said. ``report`` is told on the way.

        Speech must begin within ``within_s`` seconds, None: what the rules say. A ``message`` is no command: its words
        don't tell when it ends.
        """
        rules = self._rules if within_s is None else replace(self._rules, no_speech_s=within_s)
        if message:
            rules = replace(rules, silence_s=rules.open_s, whole_s=rules.open_s, closed_s=rules.open_s)
        words = self._words()
        hearing = _Hearing(words, report)
        # While the person speaks, there is time for it.
        prepared = words.ahead()
        try:
            return await self._follow(sound, hearing, rules, report)
        finally:
            prepared.cancel()
            hearing.withdraw()

    async def whole(self, pcm: Pcm) -> Utterance:
        """Take a recording as one utterance, without endpointing. ``pcm``: int16, 16 kHz."""
        begun = time.perf_counter()
        transcript = await self._words().transcribe(pcm)
        end = len(pcm) / RATE
        return Utterance(
            transcript=transcript if transcript.text else None, speech_start=0.0, speech_end=end, decided_at=end,
            capped=False, stt_ms=_ms_since(begun),
        )  # fmt: skip

    def _words(self) -> "_Words":
        return _Words(self._stt, self._language, self._sayable())

    async def _follow(
        self,
        sound: AsyncIterator[AudioChunk],
        hearing: "_Hearing",
        rules: EndpointRules,
        report: Callable[[Progress], None],
    ) -> Utterance:
        endpoint: Endpoint | None = None
        speech = await self._vad.call(lambda engine: engine.stream())
        async for window, at, until in self._windows(sound, hearing):
            endpoint = endpoint or Endpoint(rules, at)
            if (guess := hearing.news()) is not None:
                endpoint.expect(guess)
            probability = await self._vad.call(_probability, speech, window)
            match heard := endpoint.feed(probability, at, until):
                case Heard.STARTED:
                    report(Started(endpoint.speech_start or at))
                case Heard.PAUSED:
                    hearing.guess(endpoint)
                case Heard.RESUMED:
                    hearing.withdraw()
                case Heard.SILENCE:
                    break
                case Heard.ENDED | Heard.CAPPED:
                    begun = time.perf_counter()
                    capped = heard is Heard.CAPPED
                    transcript = await hearing.settle(endpoint)
                    if transcript.text or capped:
                        report(Ended(until, endpoint.speech_end, capped))
                        return _utterance(endpoint, until, transcript, hearing, capped, begun)
                    # A cough, or the end of the wake word: the command may still come.
                    endpoint.restart(until)
                case Heard.NOTHING:
                    pass
        return await self._at_end_of_sound(endpoint, hearing, report)

    async def _windows(
        self, sound: AsyncIterator[AudioChunk], hearing: "_Hearing"
    ) -> AsyncIterator[tuple[Pcm, float, float]]:
        """Chunks of 20 ms, regrouped to the windows that the VAD takes, with begin and end times."""
        size = await self._vad.call(lambda engine: engine.window)
        pending: Pcm = np.zeros(0, np.int16)
        async for chunk in sound:
            hearing.add(chunk)
            pending = np.concatenate([pending, chunk.pcm])
            while len(pending) >= size:
                until = chunk.end - (len(pending) - size) / RATE
                yield pending[:size], until - size / RATE, until
                pending = pending[size:]

    async def _at_end_of_sound(
        self, endpoint: Endpoint | None, hearing: "_Hearing", report: Callable[[Progress], None]
    ) -> Utterance:
        """Silence, or a recording that ended in mid-sentence."""
        begun = time.perf_counter()
        if endpoint is None or endpoint.speech_start is None:
            return Utterance(
                transcript=None, speech_start=hearing.end, speech_end=hearing.end, decided_at=hearing.end,
                capped=False, stt_ms=0.0,
            )  # fmt: skip
        transcript = await hearing.settle(endpoint)
        report(Ended(hearing.end, endpoint.speech_end, False))
        return _utterance(endpoint, hearing.end, transcript, hearing, False, begun)


@dataclass(frozen=True, slots=True)
class _Words:
    """The engine, and what can be said while this utterance lasts."""

    stt: EngineQueue[SttEngine]
    language: str
    sayable: Sayable | None

    def ahead(self) -> "asyncio.Future[None]":
        """Have the engine prepared for what can be said."""
        sayable = self.sayable
        return self.stt.submit(lambda engine: None if sayable is None else engine.prepare(sayable))

    def transcribe(self, pcm: Pcm) -> "asyncio.Future[Transcript]":
        return self.stt.submit(lambda engine: engine.transcribe(levelled(pcm), self.language, self.sayable))


class _Hearing:
    """The sound of one utterance so far, and the transcription that was started on a guess."""

    def __init__(self, words: _Words, report: Callable[[Progress], None]) -> None:
        self._words, self._report = words, report
        self._chunks: list[AudioChunk] = []
        self._guess: asyncio.Future[Transcript] | None = None
        self._guessed_end = 0.0
        self._fresh = False

    @property
    def end(self) -> float:
        """Time just after the last sample."""
        return self._chunks[-1].end if self._chunks else 0.0

    def add(self, chunk: AudioChunk) -> None:
        self._chunks.append(chunk)

    def guess(self, endpoint: Endpoint) -> None:
        """Start transcribing, in case that the command ends here."""
        self.withdraw()
        self._guessed_end = endpoint.speech_end
        self._guess = self._words.transcribe(self.sound_of(endpoint))
        self._guess.add_done_callback(self._tell)
        self._fresh = True

    def news(self) -> Transcript | None:
        """The guess, once, as soon as it is there and as long as it holds."""
        if self._guess is None or not self._fresh or not self._guess.done() or self._guess.exception() is not None:
            return None
        self._fresh = False
        return self._guess.result()

    def withdraw(self) -> None:
        """Speech went on, or nobody waits any more: the guess is worthless."""
        if self._guess is not None:
            self._guess.cancel()
            self._guess = None

    async def settle(self, endpoint: Endpoint) -> Transcript:
        """The transcript of everything up to the endpoint: the guess if it still holds, else a new one."""
        if self._guess is None or self._guessed_end != endpoint.speech_end:
            self.guess(endpoint)
        assert self._guess is not None
        return await self._guess

    def sound_of(self, endpoint: Endpoint) -> Pcm:
        """What was said, with a little of the quiet around it."""
        start = max(endpoint.sound_start, (endpoint.speech_start or 0.0) - _LEAD_S)
        end = endpoint.speech_end + _TAIL_S
        return np.concatenate([chunk.pcm for chunk in self._chunks if chunk.end > start and chunk.at < end])

    def _tell(self, guess: "asyncio.Future[Transcript]") -> None:
        # Asking for the exception also marks it as seen: a failed guess that was withdrawn concerns nobody.
        if not guess.cancelled() and guess.exception() is None:
            self._report(Hypothesis(self._guessed_end, guess.result().text))


def _utterance(
    endpoint: Endpoint, until: float, transcript: Transcript, hearing: _Hearing, capped: bool, begun: float
) -> Utterance:
    assert endpoint.speech_start is not None
    return Utterance(
        # Speech without end was heard, even if no words could be made of it: that is not silence.
        transcript=transcript if transcript.text or capped else None, speech_start=endpoint.speech_start,
        speech_end=endpoint.speech_end, decided_at=until, capped=capped, stt_ms=_ms_since(begun),
        pcm=hearing.sound_of(endpoint),
    )  # fmt: skip


def _probability(_: VadEngine, speech: SpeechStream, window: Pcm) -> float:
    return speech.probability(window)


def _ms_since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000
