"""What is known of a turn so far, the events that tell of it, and the one that closes it."""

import time
import uuid
from dataclasses import replace
from typing import Final

from edge.bus import Emitter
from edge.devices import Confirmation
from edge.dialogue import Exchange
from edge.errors import AssistantError
from edge.events import (
    Acted,
    ActionFailed,
    AnyEvent,
    Asked,
    Fault,
    NotUnderstood,
    Partial,
    Reply,
    ReplyPart,
    ReplyReady,
    SpeakingEnded,
    SpeakingStarted,
    SpeechEnded,
    SpeechStarted,
    Timings,
    Transcribed,
    TurnEnded,
    Understood,
)
from edge.intents import Origin, Outcome, OutcomeKind, Phrase, Transcript, Understanding
from edge.listen.listen import Ended, Hypothesis, Progress, Started, Utterance
from edge.session.clock import TurnClock
from edge.understand.router import Routed

CANCELLED: Final = Outcome(OutcomeKind.CANCELLED, Phrase("nothing"))


class Story:
    """One turn's."""

    def __init__(self, bus: Emitter, clock: TurnClock, origin: Origin) -> None:
        self.id: Final = uuid.uuid4().hex[:12]
        self._bus, self._clock = bus, clock
        self.origin = replace(origin, turn=self.id)
        """From where it is said, in the language that it goes on in."""
        self.transcript = Transcript("", origin.language)
        """As events may tell it."""
        self.understanding: Understanding | None = None
        self.done: list[Outcome] = []
        """What was acted on so far."""
        self.outcome = CANCELLED
        """All of it together, from when it is answered."""
        self.reply = Reply(text="")
        self.timings = Timings()
        self._speech_end = clock.now()

    # -- as it goes on -------------------------------------------------------------------------------------------

    def progressed(self, progress: Progress) -> None:
        """Somebody speaks. A hypothesis is public."""
        match progress:
            case Started(at):
                self._emit(SpeechStarted(turn=self.id, at=at))
            case Hypothesis(at, text):
                self._emit(Partial(turn=self.id, at=at, text=text))
            case Ended(at, speech_end, capped):
                self._speech_end = speech_end
                self._emit(SpeechEnded(turn=self.id, at=at, speech_end=speech_end, capped=capped))

    def ended_speaking(self, at: float) -> None:
        """The last of what was said was at ``at``, in seconds on the clock of the sound."""
        self._speech_end = at

    def heard(self, utterance: Utterance, public: str) -> None:
        """The sound became text, ``public`` as events may tell it."""
        self.note(endpoint_ms=(utterance.decided_at - utterance.speech_end) * 1000, stt_ms=utterance.stt_ms)
        if (said := utterance.transcript) is not None:
            self.take(said, public)
            now = self._clock.now()
            self._emit(
                Transcribed(turn=self.id, at=now, text=public, language=said.language, confidence=said.confidence)
            )

    def take(self, transcript: Transcript, public: str) -> None:
        """What was said is known, and with it the language that the turn goes on in."""
        self.transcript = replace(transcript, text=public)
        self.origin = replace(self.origin, language=transcript.language)

    def understood(self, routed: Routed) -> None:
        """Some tier knows what is meant, or none."""
        self.note(understand_ms=routed.ms)
        found = self.understanding = routed.understanding
        now = self._clock.now()
        if found is None:
            self._emit(NotUnderstood(turn=self.id, at=now, ms=routed.ms, asked=routed.asked))
            return
        self._emit(
            Understood(
                turn=self.id,
                at=now,
                intent=found.intent,
                further=found.further,
                tier=found.tier,
                confidence=found.confidence,
                ms=routed.ms,
                asked=routed.asked,
            )
        )

    def acted(self, outcome: Outcome) -> None:
        """One of the things that were asked for is done, or was tried."""
        self.done.append(outcome)
        self.reported(outcome)

    def reported(self, outcome: Outcome) -> None:
        """What devices did in ``outcome``."""
        for report in outcome.actions:
            done = report.confirmation in (Confirmation.CONFIRMED, Confirmation.ASSUMED)
            self._emit((Acted if done else ActionFailed)(turn=self.id, at=self._clock.now(), report=report))

    def told(self, sentence: str) -> None:
        """A sentence of an answer that is still being made goes out."""
        self.reply = replace(self.reply, text=f"{self.reply.text} {sentence}".lstrip())
        self._emit(ReplyPart(turn=self.id, at=self._clock.now(), text=sentence))

    def answered(self, text: str) -> None:
        """All that is said is known."""
        self.reply = Reply(text=text, next_actions=self.outcome.next_actions)
        self._emit(ReplyReady(turn=self.id, at=self._clock.now(), text=text))

    def first_sample(self) -> None:
        """The answer begins to sound."""
        now = self._clock.now()
        if self.timings.first_audio_ms is None:
            self.note(first_audio_ms=(now - self._speech_end) * 1000)
        self._emit(SpeakingStarted(turn=self.id, at=now))

    def spoken(self) -> None:
        """The answer was heard to its end."""
        self._emit(SpeakingEnded(turn=self.id, at=self._clock.now()))

    def fault(self, error: AssistantError) -> None:
        """Something expected went wrong."""
        self._emit(
            Fault(
                turn=self.id,
                at=self._clock.now(),
                code=error.code,
                stage=error.stage,
                message=str(error),
                permanent=error.permanent,
            )
        )

    def note(self, **timings: float) -> None:
        """Where milliseconds went, by the fields of Timings."""
        self.timings = replace(self.timings, **timings)

    # -- at its end ----------------------------------------------------------------------------------------------

    def end(self) -> TurnEnded:
        """The whole turn; nothing comes after it."""
        found, asked = self.understanding, self.outcome.question
        ended = TurnEnded(
            turn=self.id,
            at=self._clock.now(),
            text=self.transcript.text,
            language=self.transcript.language,
            intent=found.intent if found else None,
            further=found.further if found else (),
            tier=found.tier if found else None,
            confidence=found.confidence if found else 0.0,
            outcome=self.outcome.kind,
            actions=self.outcome.actions,
            reply=self.reply,
            timings=self.timings,
            session=self.origin.session,
            question=Asked(slot=asked.slot, choices=asked.choices) if asked else None,
        )
        self._emit(ended)
        return ended

    def exchange(self) -> Exchange:
        """What a person remembers of it."""
        return Exchange(
            at=time.time(),
            text=self.transcript.text,
            intents=self.understanding.intents if self.understanding else (),
            outcome=self.outcome.kind,
            actions=self.outcome.actions,
            reply=self.reply.text,
        )

    def _emit(self, event: AnyEvent) -> None:
        self._bus.emit(event)
