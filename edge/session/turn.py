"""One turn: from the first sound after the wake word to the last sample of the answer.

Read :meth:`Turn._run` from top to bottom: that is the product. Stages are called in order and know nothing of one
another; events report outward and steer nothing. Cancelling the turn (a new wake word, shutting down) stops whatever
stage it is in, and the turn still ends with an event that says so.
"""

import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import anyio

from edge.act.dispatch import Dispatch
from edge.bus import Bus
from edge.chunk import AudioChunk, Pcm, SoundCut
from edge.devices import Confirmation
from edge.dialogue import SECRET, VOICE, Exchange
from edge.errors import AssistantError
from edge.events import (
    Acted,
    ActionFailed,
    Asked,
    Fault,
    NotUnderstood,
    Partial,
    Reply,
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
from edge.intents import Origin, Outcome, OutcomeKind, Phrase, Transcript, Understanding, together
from edge.listen.listen import Ended, Hypothesis, Listener, Progress, Started, Utterance
from edge.ports import Journal
from edge.session.clock import TurnClock
from edge.session.conversation import Conversation
from edge.speak.speak import Voice
from edge.speak.wording import Wording
from edge.understand.digits import hidden
from edge.understand.router import Routed, Router

NOT_UNDERSTOOD = Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("not_understood"))
SILENCE = Outcome(OutcomeKind.SILENCE, Phrase("nothing"))
CANCELLED = Outcome(OutcomeKind.CANCELLED, Phrase("nothing"))
UNWRITTEN = "…"
"""What events and the journal have for the words of a message in a person's own voice."""

Permit = Callable[[], Awaitable[None]]
"""Returns once a turn may act and be heard."""


async def _at_once() -> None:
    """There is nobody to ask."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Everything a turn passes through."""

    router: Router
    dispatch: Dispatch
    wording: Wording
    listener: Listener | None = None
    """None where only text comes in."""
    voice: Voice | None = None
    """None where answers are only written."""
    journal: Journal | None = None
    """None where nothing is kept."""


@dataclass(slots=True)
class _Story:
    """What is known of the turn so far; it becomes the closing event."""

    transcript: Transcript
    understanding: Understanding | None = None
    done: list[Outcome] = field(default_factory=list)
    """What was acted on so far."""
    outcome: Outcome = CANCELLED
    """All of it together, from when it is answered."""
    reply: Reply = field(default_factory=lambda: Reply(text=""))
    timings: Timings = field(default_factory=Timings)


class Turn:
    """One command, spoken or written."""

    def __init__(
        self, stages: Stages, bus: Bus, origin: Origin, clock: TurnClock, conversation: Conversation | None = None
    ) -> None:
        """``conversation``: the one that this turn goes on with; None: it begins one."""
        self.id = uuid.uuid4().hex[:12]
        self._stages, self._bus, self._origin, self._clock = stages, bus, origin, clock
        self._conversation = conversation or Conversation()
        self._not_understood = NOT_UNDERSTOOD
        self._permit: Permit = _at_once
        self._withdrawn = False
        self._takes_message = False
        self._story = _Story(Transcript("", origin.language))
        self._speech_end = clock.now()

    async def spoken(
        self, sound: AsyncIterator[AudioChunk], wake_ms: float, permit: "Permit | None" = None
    ) -> TurnEnded:
        """Listen to ``sound`` until the command ends, and carry it out. ``wake_ms``: compute since the wake word.

        ``permit`` returns when anything may be done or said; until then the turn only listens.
        """
        self._note(wake_ms=wake_ms)
        self._permit = permit or _at_once
        return await self._run(lambda: self._listen(sound))

    def withdraw(self) -> None:
        """Another assistant answers. Whoever calls this then cancels the turn, which leaves no trace."""
        self._withdrawn = True

    async def followed_up(
        self, sound: AsyncIterator[AudioChunk], within_s: float, asked: Asked | None = None
    ) -> TurnEnded:
        """Listen to ``sound``, which nobody was asked for by a wake word, and carry out what is said in it.

        Speech must begin within ``within_s`` seconds. Where the assistant had asked nothing, what it does not
        understand was not meant for it, and it says nothing. ``asked``: what the turn just before this one asked; only
        if that was for somebody's voice is the sound of the answer given to a skill.
        """
        self._takes_message = asked is not None and asked.slot == VOICE
        if self._conversation.context().question is None:
            self._not_understood = Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("nothing"))
        return await self._run(lambda: self._listen(sound, within_s))

    async def recorded(self, pcm: Pcm) -> TurnEnded:
        """Take ``pcm`` (int16, 16 kHz) as one whole utterance, and carry it out."""
        return await self._run(lambda: self._transcribe(pcm))

    async def written(self, text: str) -> TurnEnded:
        """Carry out ``text``."""
        return await self._run(lambda: self._read(text))

    async def _run(self, hear: Callable[[], Awaitable[Transcript | None]]) -> TurnEnded:
        try:
            transcript = await hear()
            if transcript is None:
                self._story.outcome = SILENCE
            else:
                self._take(transcript)
                await self._permit()
                understood = await self._understand(transcript)
                if understood.understanding is not None:
                    await self._answer(await self._act(understood.understanding))
                else:
                    await self._answer([understood.answer or self._not_understood])
        except SoundCut:
            # The microphone was switched off in mid-sentence: what was heard until then is not acted on.
            self._story.outcome = CANCELLED
        except AssistantError as error:
            await self._permit()
            await self._apologise(error)
        finally:
            ended = self._end()
            await self._keep(ended)
        return ended

    # -- the stages, in the order of the story -------------------------------------------------------------------

    async def _listen(self, sound: AsyncIterator[AudioChunk], within_s: float | None = None) -> Transcript | None:
        assert self._stages.listener is not None
        utterance = await self._stages.listener.listen(
            self._followed(sound), self._on_progress, within_s, message=self._takes_message
        )
        if self._takes_message:
            self._origin = replace(self._origin, voice=utterance.pcm)
        self._heard(utterance)
        return utterance.transcript

    async def _transcribe(self, pcm: Pcm) -> Transcript | None:
        assert self._stages.listener is not None
        utterance = await self._stages.listener.whole(pcm)
        self._speech_end = utterance.speech_end
        self._heard(utterance)
        return utterance.transcript

    async def _read(self, text: str) -> Transcript | None:
        stripped = text.strip()
        return Transcript(stripped, self._origin.language) if stripped else None

    async def _understand(self, transcript: Transcript) -> Routed:
        routed = await self._stages.router.understand(transcript, self._origin, self._conversation.context())
        self._note(understand_ms=routed.ms)
        found = routed.understanding
        self._story.understanding = found
        if found is None:
            self._bus.emit(NotUnderstood(turn=self.id, at=self._clock.now(), ms=routed.ms, asked=routed.asked))
            return routed
        self._bus.emit(
            Understood(
                turn=self.id,
                at=self._clock.now(),
                intent=found.intent,
                further=found.further,
                tier=found.tier,
                confidence=found.confidence,
                ms=routed.ms,
                asked=routed.asked,
            )
        )
        return routed

    async def _act(self, understanding: Understanding) -> list[Outcome]:
        """One outcome for each thing that the sentence asked for, done in that order; after a question, no more."""
        begun = time.perf_counter()
        done = self._story.done
        try:
            for intent in understanding.intents:
                done.append(await self._stages.dispatch.run(intent, self._origin, understanding.confidence))
                self._tell(done[-1])
                if done[-1].question is not None:
                    break
        finally:
            self._note(act_ms=(time.perf_counter() - begun) * 1000)
        return done

    def _tell(self, outcome: Outcome) -> None:
        for report in outcome.actions:
            done = report.confirmation in (Confirmation.CONFIRMED, Confirmation.ASSUMED)
            self._bus.emit((Acted if done else ActionFailed)(turn=self.id, at=self._clock.now(), report=report))

    async def _answer(self, outcomes: Sequence[Outcome]) -> None:
        outcome = self._story.outcome = together(outcomes)
        text = " ".join(filter(None, (self._stages.wording.say(each.say, self._origin.language) for each in outcomes)))
        self._story.reply = Reply(text=text, next_actions=outcome.next_actions)
        self._bus.emit(ReplyReady(turn=self.id, at=self._clock.now(), text=text))
        if text and self._stages.voice is not None:
            await self._stages.voice.speak(text, self._on_first_sample)
            self._bus.emit(SpeakingEnded(turn=self.id, at=self._clock.now()))
            self._story.reply = replace(self._story.reply, audio=await self._stages.voice.finish())

    async def _apologise(self, error: AssistantError) -> None:
        """Where an expected failure of any stage ends: reported, said aloud, and the loop goes on."""
        self._fault(error)
        if self._story.outcome is not CANCELLED:
            # The failure was the voice itself: what was done stays done, and only the telling is missing.
            return
        key = error.code if self._stages.wording.knows(error.code) else "fault"
        failed = Outcome(OutcomeKind.FAILED, Phrase(key))
        try:
            await self._answer([*self._story.done, failed])
        except AssistantError as unspoken:
            self._fault(unspoken)

    async def _keep(self, ended: TurnEnded) -> None:
        """Also what was cancelled or went wrong is kept, but for what another assistant has to keep."""
        if self._stages.journal is None or self._withdrawn:
            return
        try:
            with anyio.CancelScope(shield=True):
                await self._stages.journal.write(ended)
        except AssistantError as error:
            self._fault(error)

    # -- reporting ------------------------------------------------------------------------------------------------

    async def _followed(self, sound: AsyncIterator[AudioChunk]) -> AsyncIterator[AudioChunk]:
        async for chunk in sound:
            self._clock.follow(chunk.end)
            yield chunk

    def _on_progress(self, progress: Progress) -> None:
        match progress:
            case Started(at):
                self._bus.emit(SpeechStarted(turn=self.id, at=at))
            case Hypothesis(at, text):
                self._bus.emit(Partial(turn=self.id, at=at, text=self._public(text)))
            case Ended(at, speech_end, capped):
                self._speech_end = speech_end
                self._bus.emit(SpeechEnded(turn=self.id, at=at, speech_end=speech_end, capped=capped))

    def _heard(self, utterance: Utterance) -> None:
        self._note(
            endpoint_ms=(utterance.decided_at - utterance.speech_end) * 1000,
            stt_ms=utterance.stt_ms,
        )
        if utterance.transcript is not None:
            self._take(utterance.transcript)
            self._bus.emit(
                Transcribed(
                    turn=self.id,
                    at=self._clock.now(),
                    text=self._story.transcript.text,
                    language=utterance.transcript.language,
                    confidence=utterance.transcript.confidence,
                )
            )

    def _take(self, transcript: Transcript) -> None:
        """What was said is known, and with it the language that the turn goes on in."""
        self._story.transcript = replace(transcript, text=self._public(transcript.text))
        self._origin = replace(self._origin, language=transcript.language)

    def _public(self, text: str) -> str:
        """``text`` as events may tell it: where a PIN was asked for, without numbers; nothing of a message."""
        if self._takes_message:
            return UNWRITTEN
        asked = self._conversation.context().question
        secret = asked is not None and asked.slot == SECRET
        return hidden(text, self._origin.language) if secret else text

    def _on_first_sample(self) -> None:
        now = self._clock.now()
        if self._story.timings.first_audio_ms is None:
            self._note(first_audio_ms=(now - self._speech_end) * 1000)
        self._bus.emit(SpeakingStarted(turn=self.id, at=now))

    def _fault(self, error: AssistantError) -> None:
        self._bus.emit(
            Fault(
                turn=self.id,
                at=self._clock.now(),
                code=error.code,
                stage=error.stage,
                message=str(error),
                permanent=error.permanent,
            )
        )

    def _note(self, **timings: float) -> None:
        self._story.timings = replace(self._story.timings, **timings)

    def _end(self) -> TurnEnded:
        story = self._story
        found, asked = story.understanding, story.outcome.question
        ended = TurnEnded(
            turn=self.id,
            at=self._clock.now(),
            text=story.transcript.text,
            language=story.transcript.language,
            intent=found.intent if found else None,
            further=found.further if found else (),
            tier=found.tier if found else None,
            confidence=found.confidence if found else 0.0,
            outcome=story.outcome.kind,
            actions=story.outcome.actions,
            reply=story.reply,
            timings=story.timings,
            session=self._origin.session,
            question=Asked(slot=asked.slot, choices=asked.choices) if asked else None,
        )
        self._bus.emit(ended)
        if ended.text and not self._withdrawn:
            self._remember(ended)
        return ended

    def _remember(self, ended: TurnEnded) -> None:
        understood = self._story.understanding
        exchange = Exchange(
            at=time.time(),
            text=ended.text,
            intents=understood.intents if understood else (),
            outcome=ended.outcome,
            actions=ended.actions,
            reply=ended.reply.text,
        )
        self._conversation.add(exchange, self._story.outcome.question)
