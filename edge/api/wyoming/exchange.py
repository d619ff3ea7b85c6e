"""One command that Home Assistant takes: what has come back of it so far, told in the events of a turn."""

from typing import Final

import anyio

from edge.bus import Bus
from edge.chunk import Pcm
from edge.events import (
    Fault,
    Reply,
    ReplyReady,
    SpeakingEnded,
    SpeakingStarted,
    SpeechEnded,
    Timings,
    Transcribed,
    TurnEnded,
)
from edge.intents import Origin, OutcomeKind
from edge.session.clock import TurnClock

_TEXT_S: Final = 15.0
"""After the last sound that was sent, how long the words that were heard may take, and then those of the answer."""
_SOUND_S: Final = 30.0
"""After the answer's words, how long its sound may take."""


class Exchange:
    """From a wake word to the end of the answer."""

    def __init__(self, turn: str, bus: Bus, clock: TurnClock, origin: Origin) -> None:
        self.clock = clock
        self.sound: tuple[Pcm, int] | None = None
        """The answer, int16 mono, and its samples per second; None where there is none."""
        self._turn, self._bus, self._origin = turn, bus, origin
        self._text, self._reply, self._failed = "", "", False
        self._outcome = OutcomeKind.CANCELLED
        self._heard, self._transcribed, self._worded, self._sounded = (anyio.Event() for _ in range(4))

    @property
    def heard(self) -> bool:
        """Whether Home Assistant needs no more sound."""
        return self._heard.is_set()

    async def answered(self) -> bool:
        """Returns whether the answer's sound is there, once that is known."""
        for step, seconds in ((self._transcribed, _TEXT_S), (self._worded, _TEXT_S), (self._sounded, _SOUND_S)):
            with anyio.move_on_after(seconds) as waiting:
                await step.wait()
            if waiting.cancelled_caught and step is self._transcribed:
                self.fail("Home Assistant gave no answer")
            if waiting.cancelled_caught or self._failed:
                break
        return self.sound is not None

    # -- what comes back ------------------------------------------------------------------------------------------

    def speech_ended(self) -> None:
        """It heard the end of the command."""
        if not self.heard:
            self._heard.set()
            now = self.clock.now()
            self._bus.emit(SpeechEnded(turn=self._turn, at=now, speech_end=now))

    def transcribed(self, text: str) -> None:
        """What it heard."""
        self.speech_ended()
        self._text = text
        # It alone knows what became of it.
        self._outcome = OutcomeKind.UNCONFIRMED if text else OutcomeKind.SILENCE
        language = self._origin.language
        self._bus.emit(Transcribed(turn=self._turn, at=self.clock.now(), text=text, language=language, confidence=0.0))
        self._transcribed.set()

    def worded(self, reply: str) -> None:
        """What it answers."""
        self._reply = reply
        self._bus.emit(ReplyReady(turn=self._turn, at=self.clock.now(), text=reply))
        self._transcribed.set()
        self._worded.set()

    def sounded(self, pcm: Pcm, rate: int) -> None:
        """The sound of the answer, all of it."""
        self.speech_ended()
        self.sound = (pcm, rate)
        self._transcribed.set()
        self._worded.set()
        self._sounded.set()

    def fail(self, why: str) -> None:
        """There will be no answer."""
        self.speech_ended()
        self._failed, self._outcome = True, OutcomeKind.FAILED
        fault = Fault(turn=self._turn, at=self.clock.now(), code="home_assistant", stage="understand", message=why)
        self._bus.emit(fault)
        for step in (self._transcribed, self._worded, self._sounded):
            step.set()

    # -- what is done with it -------------------------------------------------------------------------------------

    def speaking(self) -> None:
        """The answer begins to sound."""
        self._bus.emit(SpeakingStarted(turn=self._turn, at=self.clock.now()))

    def spoken(self) -> None:
        """It has been heard."""
        self._bus.emit(SpeakingEnded(turn=self._turn, at=self.clock.now()))

    def end(self) -> TurnEnded:
        """The turn is over."""
        ended = TurnEnded(
            turn=self._turn,
            at=self.clock.now(),
            text=self._text,
            language=self._origin.language,
            intent=None,
            tier=None,
            confidence=0.0,
            outcome=self._outcome,
            actions=(),
            reply=Reply(text=self._reply),
            timings=Timings(),
            session=self._origin.session,
        )
        self._bus.emit(ended)
        return ended
