"""The wake loop: a wake word opens a turn; another one, while that turn runs, ends it and opens the next.

That is all there is of barge-in: the wake engine goes on listening in its own thread, and a turn is a cancel scope.
When an answer asks something, the turn that takes the reply follows in the same scope, without a wake word.

Whether this assistant or another one in the house answers is found out while the turn listens already. A turn that
gives way ends unheard; should the other one fall silent, the sound that is kept makes another turn.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import anyio

from edge.bus import Bus
from edge.chunk import CHUNK_SECONDS, EndOfSound, SoundCut
from edge.engine_thread import EngineThread, judge_by
from edge.events import Fault, FollowUp, TurnEnded, Woke, Yielded
from edge.intents import Origin, OutcomeKind
from edge.ports import Delegate, Sound, SoundReader, WakeEngine
from edge.session.arbiter import Arbiter, Claim
from edge.session.clock import TurnClock
from edge.session.conversation import Conversations
from edge.session.floor import Floor
from edge.session.turn import Stages, Turn
from edge.wake.detector import Detection, Detector
from edge.wake.gauge import Gauge
from edge.wake.verify import Verifier
from edge.wake.watch import CHUNKS_AT_ONCE, Watch

BUTTON: Final = "button"
"""What a press is called where a wake word would stand."""


@dataclass(frozen=True, slots=True)
class _Woken:
    """A detection, with the sound after it held fast."""

    detection: Detection
    command: SoundReader
    """From the end of the wake word on; made in the wake thread at once, so that nothing is overwritten."""
    command_start: float
    loudness_db: float
    """Over the noise of the room."""
    at: float
    """``perf_counter`` when the chunk that completed the word had been read."""
    before_s: float
    """How much sound after that chunk had been read with it, in seconds."""

    @property
    def age_s(self) -> float:
        """Seconds since the word was heard."""
        return time.perf_counter() - self.at + self.before_s


class _Renewed:
    """The watch is to begin anew, by other rules."""


class Loop:
    """Listens to one stream of sound until it ends."""

    def __init__(
        self,
        wake: EngineThread[WakeEngine],
        stages: Stages,
        bus: Bus,
        rules: "WakeRules",
        origin: Callable[[], Origin],
        conversations: Conversations,
        floor: Floor,
        follow_up: "FollowUpRules",
        arbiter: Arbiter,
        delegate: Delegate | None = None,
        press: threading.Event | None = None,
        gauge: Gauge | None = None,
    ) -> None:
        """``origin`` is asked at each turn for the session that it belongs to; ``floor`` is taken by turns.
        ``arbiter``: through which it agrees with other assistants on who answers; ``delegate``, while it is there,
        takes what is said in place of a turn; ``press``, set, opens one without a wake word, at most 60 ms later;
        ``gauge`` shows what is heard.
        """
        self._wake, self._stages, self._bus, self._rules, self._origin = wake, stages, bus, rules, origin
        self._conversations, self._floor, self._follow_up = conversations, floor, follow_up
        self._arbiter, self._delegate, self._press = arbiter, delegate, press or threading.Event()
        self._gauge = gauge or Gauge()
        self._renewed = threading.Event()

    def adopt(self, rules: "WakeRules", follow_up: "FollowUpRules") -> None:
        """Go by these from the next wake word on, and listen for the words that the engine has by then."""
        self._rules, self._follow_up = rules, follow_up
        self._renewed.set()

    async def run(self, sound: Sound) -> list[TurnEnded]:
        """Follow ``sound`` to its end. Returns the turns of a recording; a microphone's never ends."""
        watch = await self._wake.call(self._rules.watch, self._gauge)
        reader = sound.reader()
        ended: list[TurnEnded] = []
        try:
            async with anyio.create_task_group() as turns:
                running: anyio.CancelScope | None = None
                lost = 0
                while (woken := await self._woken(reader, watch, sound)) is not None:
                    if isinstance(woken, _Renewed):
                        watch = await self._wake.call(self._rules.watch, self._gauge)
                        continue
                    lost = self._tell_of_losses(lost, reader.lost, woken)
                    if running is not None:
                        running.cancel()
                    running = anyio.CancelScope()
                    turns.start_soon(self._turns, woken, sound, running, ended)
        finally:
            reader.close()
        return ended

    async def _woken(self, reader: SoundReader, watch: Watch, sound: Sound) -> "_Woken | _Renewed | None":
        return await self._wake.call(_watch, reader, watch, sound, self._press, self._renewed)

    def _tell_of_losses(self, before: int, lost: int, woken: _Woken) -> int:
        if lost > before:
            seconds = (lost - before) * CHUNK_SECONDS
            message = f"{seconds:.1f} s of sound came faster than they could be listened to"
            self._bus.emit(Fault(turn="", at=woken.detection.at, code="overrun", stage="audio", message=message))
        return lost

    async def _turns(self, woken: _Woken, sound: Sound, scope: anyio.CancelScope, ended: list[TurnEnded]) -> None:
        """The turn that a wake word opens, and those that follow from its answer, where it falls to us to answer."""
        reader = woken.command
        with scope, self._claim(woken) as claim:
            while not await self._answered(woken, claim, reader, sound, ended):
                if not await claim.falls_to_us():
                    return
                reader = sound.reader(woken.command_start)

    def _claim(self, woken: _Woken) -> Claim:
        if woken.detection.word == BUTTON:
            return self._arbiter.own(woken.age_s)
        return self._arbiter.claim(woken.detection.word, woken.loudness_db, woken.age_s)

    async def _answered(
        self, woken: _Woken, claim: Claim, reader: SoundReader, sound: Sound, ended: list[TurnEnded]
    ) -> bool:
        """Listen to ``reader`` and answer. False when another assistant does instead."""
        detection = woken.detection
        turn = self._turn(detection.at)
        self._bus.emit(Woke(turn=turn.id, at=detection.at, word=detection.word, score=detection.score))

        def give_way(to: str) -> None:
            turn.withdraw()
            self._bus.emit(Yielded(turn=turn.id, at=detection.at + woken.age_s, to=to))
            attempt.cancel()

        try:
            with self._floor.turn(), anyio.CancelScope() as attempt, claim.giving_way(give_way):
                if self._delegate is not None and self._delegate.here:
                    await claim.permit()
                    await self._delegate.take(turn.id, detection.word, detection.at, aiter(reader), self._origin())
                    return True
                wake_ms = (time.perf_counter() - woken.at) * 1000
                last = await turn.spoken(aiter(reader), wake_ms, claim.permit)
                ended.append(last)
                while self._follow_up.invites(last):
                    # The answer has been heard to its end: what comes from now on is not our own voice.
                    before, reader = reader, sound.reader()
                    before.close()
                    last = await self._followed_up(reader, last)
                    ended.append(last)
        finally:
            reader.close()
        return not attempt.cancelled_caught

    async def _followed_up(self, reader: SoundReader, before: TurnEnded) -> TurnEnded:
        """A turn without a wake word, after the one ``before``."""
        turn = self._turn(before.at)
        within_s = self._follow_up.within_s
        self._bus.emit(FollowUp(turn=turn.id, at=before.at, for_s=within_s))
        return await turn.followed_up(aiter(reader), within_s, before.question)

    def _turn(self, at: float) -> Turn:
        origin = self._origin()
        return Turn(self._stages, self._bus, origin, TurnClock(at), self._conversations.of(origin.session))


@dataclass(frozen=True, slots=True)
class FollowUpRules:
    """When one may go on without a wake word."""

    within_s: float
    """Seconds from the end of an answer in which speech must begin; 0: never."""
    always: bool = False
    """After every answer; else only after those that ask something."""

    def invites(self, last: TurnEnded) -> bool:
        """Whether it listens on after that turn."""
        if self.within_s <= 0 or last.outcome in (OutcomeKind.SILENCE, OutcomeKind.CANCELLED):
            return False
        return last.question is not None or (self.always and bool(last.reply.text))


@dataclass(frozen=True, slots=True)
class WakeRules:
    """When a score counts."""

    threshold: float | None
    """None: what each word's model was tuned for."""
    refractory_s: float
    second: Callable[[], Verifier] | None = None
    """Builds what gives a second opinion on detections, in the wake thread; None: there is none."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """For single words, which outrank the one for all."""

    def watch(self, engine: WakeEngine, gauge: Gauge | None = None) -> Watch:
        """A watch for the words of ``engine``, which ``gauge`` shows. Raises ModelError."""
        verifier = self.second() if self.second else None
        thresholds = self._thresholds(engine, verifier)
        if gauge is not None:
            gauge.thresholds = thresholds
        return Watch(engine, Detector(thresholds, self.refractory_s), verifier, gauge)

    def _thresholds(self, engine: WakeEngine, verifier: Verifier | None) -> dict[str, float]:
        verified = verifier.first_thresholds if verifier else {}
        usual = {name: verified.get(name, word.threshold) for name, word in engine.words.items()}
        if self.threshold is not None:
            usual = dict.fromkeys(engine.words, self.threshold)
        return {name: self.thresholds.get(name, threshold) for name, threshold in usual.items()}


def _watch(
    engine: WakeEngine,
    reader: SoundReader,
    watch: Watch,
    sound: Sound,
    press: threading.Event,
    renewed: threading.Event,
) -> _Woken | _Renewed | None:
    """Blocks in the wake thread until a wake word or a press, or other rules (or, None, the end of the sound)."""
    judge_by(lambda: reader.passed_s)
    while True:
        try:
            chunks = reader.read_some(CHUNKS_AT_ONCE)
        except EndOfSound:
            return None
        except SoundCut:
            watch.forget()
            press.clear()
            continue
        begun = time.perf_counter()
        # All of them are fed, so that none is missing when the watch goes on; only one of them can wake, since
        # the refractory time is longer than they are together.
        wakes = [wake for chunk in chunks if (wake := watch.feed(chunk)) is not None]
        if press.is_set():
            press.clear()
            start = chunks[0].at
            return _Woken(Detection(BUTTON, 1.0, chunks[-1].end), sound.reader(start), start, 0.0, begun, 0.0)
        if wakes:
            wake = wakes[0]
            start, before_s = wake.command_start, chunks[-1].end - wake.detection.at
            return _Woken(wake.detection, sound.reader(start), start, wake.loudness_db, begun, before_s)
        if renewed.is_set():
            renewed.clear()
            return _Renewed()
