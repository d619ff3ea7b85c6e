"""The wake loop: a wake word opens a turn; another one, while that turn runs, ends it and opens the next.

That is all there is of barge-in: the wake engine goes on listening in its own thread, and a turn is a cancel scope.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from edge.bus import Bus
from edge.chunk import EndOfSound
from edge.engine_thread import EngineThread
from edge.events import TurnEnded, Woke
from edge.intents import Origin
from edge.ports import Sound, SoundReader, WakeEngine
from edge.session.clock import TurnClock
from edge.session.turn import Stages, Turn
from edge.wake.detector import Detection, Detector

PRE_ROLL_S = 0.25
"""Sound before the detection that belongs to the command: engines are sure of a word only some 100–250 ms after
its end, and what follows without a pause must not lose a syllable."""


@dataclass(frozen=True, slots=True)
class _Woken:
    """A detection, with the sound after it held fast."""

    detection: Detection
    command: SoundReader
    """From the pre-roll on. Made in the wake thread, at the moment of detection, so that nothing is overwritten."""
    at: float
    """``perf_counter`` when the chunk that completed the word had been read."""


class Loop:
    """Listens to one stream of sound until it ends."""

    def __init__(
        self, wake: EngineThread[WakeEngine], stages: Stages, bus: Bus, rules: "WakeRules", origin: Callable[[], Origin]
    ) -> None:
        """``origin`` is asked at each wake for the session that the turn belongs to."""
        self._wake, self._stages, self._bus, self._rules, self._origin = wake, stages, bus, rules, origin

    async def run(self, sound: Sound) -> list[TurnEnded]:
        """Follow ``sound`` to its end. Returns the turns of a recording; a microphone's never ends."""
        detector = await self._wake.call(self._rules.detector)
        reader = sound.reader()
        ended: list[TurnEnded] = []
        try:
            async with anyio.create_task_group() as turns:
                running: anyio.CancelScope | None = None
                while (woken := await self._wake.call(_watch, reader, detector, sound)) is not None:
                    if running is not None:
                        running.cancel()
                    running = anyio.CancelScope()
                    turns.start_soon(self._turn, woken, running, ended)
        finally:
            reader.close()
        return ended

    async def _turn(self, woken: _Woken, scope: anyio.CancelScope, ended: list[TurnEnded]) -> None:
        detection = woken.detection
        turn = Turn(self._stages, self._bus, self._origin(), TurnClock(detection.at))
        self._bus.emit(Woke(turn=turn.id, at=detection.at, word=detection.word, score=detection.score))
        try:
            with scope:
                wake_ms = (time.perf_counter() - woken.at) * 1000
                ended.append(await turn.spoken(aiter(woken.command), wake_ms))
        finally:
            woken.command.close()


@dataclass(frozen=True, slots=True)
class WakeRules:
    """When a score counts."""

    threshold: float | None
    """None: what each word's model was tuned for."""
    refractory_s: float

    def detector(self, engine: WakeEngine) -> Detector:
        """A detector for the words of ``engine``."""
        thresholds = {word: self.threshold or own for word, own in engine.words.items()}
        return Detector(thresholds, self.refractory_s)


def _watch(engine: WakeEngine, reader: SoundReader, detector: Detector, sound: Sound) -> _Woken | None:
    """Blocks in the wake thread until a wake word (or, None, the end of the sound)."""
    try:
        while True:
            chunk = reader.read(None)
            begun = time.perf_counter()
            detection = detector.feed(engine.score(chunk.pcm), chunk.end)
            if detection is not None:
                return _Woken(detection, sound.reader(detection.at - PRE_ROLL_S), begun)
    except EndOfSound:
        return None
