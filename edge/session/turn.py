"""One turn: from the first sound after the wake word to the last sample of the answer.

Read :meth:`Turn._run` from top to bottom: that is the product. Stages are called in order and know nothing of one
another; events report outward and steer nothing. Cancelling the turn (a new wake word, shutting down) stops whatever
stage it is in, and the turn still ends with an event that says so.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from typing import Final

import anyio

from edge.act.dispatch import Dispatch
from edge.bus import Emitter
from edge.chunk import AudioChunk, Pcm, SoundCut
from edge.dialogue import VOICE
from edge.errors import AssistantError, StorageError
from edge.events import Asked, TurnEnded
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question, Tier, Transcript, Understanding
from edge.listen.listen import Hypothesis, Listener, Progress, Utterance
from edge.ports import Afterthought, Journal, Recorder
from edge.session.answering import Answering
from edge.session.clock import TurnClock
from edge.session.conversation import Conversation
from edge.session.discretion import Discretion
from edge.session.precedence import Precedence
from edge.session.story import CANCELLED, Story
from edge.speak.speak import Voice
from edge.speak.wording import Wording
from edge.understand.router import Routed, Router

_NOT_UNDERSTOOD: Final = Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("not_understood"))
_NOT_MEANT_FOR_US: Final = Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("nothing"))
_SILENCE: Final = Outcome(OutcomeKind.SILENCE, Phrase("nothing"))
_KEEP_S: Final = 5.0
"""How long the next command may wait for this one to be kept."""

Permit = Callable[[], Awaitable[None]]
"""Returns once a turn may act and be heard."""
Hear = Callable[[], Awaitable[Transcript | None]]
"""Returns what is said; None: nothing is."""


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
    recorder: Recorder | None = None
    """None where no sound is kept."""
    precedence: Precedence | None = None
    """Over those who share its ears and its voice; None where it has none."""
    afterthought: Afterthought | None = None
    """What is asked now and then that has nothing to do with the command; None: nothing is."""


class Turn:
    """One command, spoken or written."""

    def __init__(
        self,
        stages: Stages,
        bus: Emitter,
        origin: Origin,
        clock: TurnClock,
        conversation: Conversation | None = None,
        *,
        careful: bool = False,
    ) -> None:
        """``conversation``: the one that this turn goes on with; None: it begins one. ``careful``: a program speaks,
        and no person: what is guarded is asked about, however clear it is, and no yes answers that, only the PIN.
        """
        self._stages, self._clock, self._careful = stages, clock, careful
        self._story = Story(bus, clock, origin)
        self.id = self._story.id
        self._conversation = conversation or Conversation()
        self._discretion = Discretion(self._conversation)
        self._answering = Answering(stages.wording, stages.voice, self._story, self._begins_to_sound)
        self._permit: Permit = _at_once
        self._not_understood = _NOT_UNDERSTOOD
        self._meant: Understanding | None = None
        """What a program has named, and nobody need understand."""
        self._sound: Pcm | None = None
        """What was said, where it may be kept."""
        self._claim: ExitStack | None = None
        """Keeps others from the engines until it is closed."""
        self._withdrawn = False

    # -- how it begins -------------------------------------------------------------------------------------------

    async def spoken(self, sound: AsyncIterator[AudioChunk], wake_ms: float, permit: Permit | None = None) -> TurnEnded:
        """Listen to ``sound`` until the command ends, and carry it out. ``wake_ms``: compute since the wake word.

        ``permit`` returns when anything may be done or said; until then the turn only listens.
        """
        self._story.note(wake_ms=wake_ms)
        self._permit = permit or _at_once
        return await self._run(lambda: self._listen(sound))

    async def followed_up(
        self, sound: AsyncIterator[AudioChunk], within_s: float, asked: Asked | None = None
    ) -> TurnEnded:
        """Listen to ``sound``, which nobody was asked for by a wake word, and carry out what is said in it.

        Speech must begin within ``within_s`` seconds. Where the assistant had asked nothing, what it does not
        understand was not meant for it, and it says nothing. ``asked``: what the turn just before this one asked; only
        if that was for somebody's voice is the sound of the answer given to a skill.
        """
        self._discretion.takes_message = asked is not None and asked.slot == VOICE
        if self._conversation.context().question is None:
            self._not_understood = _NOT_MEANT_FOR_US
            self._story.origin = replace(self._story.origin, addressed=False)
        return await self._run(lambda: self._listen(sound, within_s))

    async def recorded(self, pcm: Pcm) -> TurnEnded:
        """Take ``pcm`` (int16, 16 kHz) as one whole utterance, and carry it out."""
        return await self._run(lambda: self._transcribe(pcm))

    async def written(self, text: str) -> TurnEnded:
        """Carry out ``text``."""
        return await self._run(lambda: self._read(text))

    async def meant(self, intents: Sequence[Intent], text: str) -> TurnEnded:
        """Carry out ``intents``, at least one, which a program has named; ``text`` is how it is told of."""
        first, *further = intents
        self._meant = Understanding(first, Tier.PROGRAM, 1.0, tuple(further))
        return await self._run(lambda: self._read(text))

    def withdraw(self) -> None:
        """Another assistant answers. Whoever calls this then cancels the turn, which leaves no trace."""
        self._withdrawn = True

    # -- the story -----------------------------------------------------------------------------------------------

    async def _run(self, hear: Hear) -> TurnEnded:
        precedence = self._stages.precedence
        with precedence.claimed() if precedence is not None else nullcontext() as self._claim:
            try:
                transcript = await hear()
                if transcript is None:
                    self._story.outcome = _SILENCE
                else:
                    await self._permit()
                    understood = await self._understand(transcript)
                    outcomes = await self._act(understood)
                    await self._answering.answer(outcomes)
            except SoundCut:
                # The microphone was switched off in mid-sentence: what was heard until then is not acted on.
                self._story.outcome = CANCELLED
            except AssistantError as error:
                await self._permit()
                await self._apologise(error)
            finally:
                ended = self._end()
                with anyio.CancelScope(shield=True):
                    await self._let_go()
                    await self._keep(ended)
        return ended

    # -- its stages, in their order ------------------------------------------------------------------------------

    async def _listen(self, sound: AsyncIterator[AudioChunk], within_s: float | None = None) -> Transcript | None:
        assert self._stages.listener is not None
        takes_message = self._discretion.takes_message
        utterance = await self._stages.listener.listen(
            self._followed(sound), self._on_progress, within_s, message=takes_message
        )
        if takes_message:
            self._story.origin = replace(self._story.origin, voice=utterance.pcm)
        return self._heard(utterance, utterance.pcm)

    async def _transcribe(self, pcm: Pcm) -> Transcript | None:
        assert self._stages.listener is not None
        utterance = await self._stages.listener.whole(pcm)
        self._story.ended_speaking(utterance.speech_end)
        return self._heard(utterance, pcm)

    def _heard(self, utterance: Utterance, pcm: Pcm | None) -> Transcript | None:
        if self._stages.recorder is not None and self._discretion.keeps_sound:
            self._sound = pcm
        said = utterance.transcript
        self._story.heard(utterance, self._discretion.public(said.text, said.language) if said is not None else "")
        return said

    async def _read(self, text: str) -> Transcript | None:
        if not (text := text.strip()):
            return None
        language = self._story.origin.language
        transcript = Transcript(text, language)
        self._story.take(transcript, self._discretion.public(text, language))
        return transcript

    async def _understand(self, transcript: Transcript) -> Routed:
        if self._meant is not None:
            routed = Routed(self._meant, 0.0)
        else:
            context = self._conversation.context()
            routed = await self._stages.router.understand(transcript, self._story.origin, context)
        self._story.understood(routed)
        return routed

    async def _act(self, understood: Routed) -> Sequence[Outcome]:
        """What there is to tell: of each thing that the sentence asked for, or that nobody knows what it means."""
        if understood.understanding is None:
            return [understood.answer or self._not_understood]
        outcomes = await self._carry_out(understood.understanding)
        if self._stages.afterthought is None:
            return outcomes
        asked = await self._stages.afterthought.afterthought(outcomes, self._story.origin)
        return outcomes if asked is None else [*outcomes, asked]

    async def _carry_out(self, understanding: Understanding) -> Sequence[Outcome]:
        """One outcome for each thing that the sentence asked for, done in that order; after a question, no more."""
        begun = time.perf_counter()
        confidence = 0.0 if self._careful else understanding.confidence
        try:
            for intent in understanding.intents:
                outcome = await self._stages.dispatch.run(intent, self._story.origin, confidence)
                self._story.acted(outcome)
                if outcome.question is not None:
                    break
        finally:
            self._story.note(act_ms=(time.perf_counter() - begun) * 1000)
        return self._story.done

    def _begins_to_sound(self) -> None:
        """What is still to be made of the answer is made sooner than it is heard: others may have the engines."""
        if self._claim is not None:
            self._claim.close()

    async def _apologise(self, error: AssistantError) -> None:
        """Where an expected failure of any stage ends: reported, said aloud, and the loop goes on."""
        self._story.fault(error)
        if self._story.outcome is not CANCELLED:
            # The failure was the voice itself: what was done stays done, and only the telling is missing.
            return
        key = error.code if self._stages.wording.knows(error.code) else "fault"
        failed = Outcome(OutcomeKind.FAILED, Phrase(key))
        try:
            await self._answering.answer([*self._story.done, failed])
        except AssistantError as unspoken:
            self._story.fault(unspoken)

    # -- its end -------------------------------------------------------------------------------------------------

    def _end(self) -> TurnEnded:
        ended = self._story.end()
        if ended.text and not self._withdrawn:
            self._conversation.add(self._story.exchange(), self._question())
        return ended

    def _question(self) -> Question | None:
        """What the next turn may answer."""
        asked = self._story.outcome.question
        return None if self._careful and asked is not None and asked.slot is None else asked

    async def _let_go(self) -> None:
        """Nobody listens any more to what is still being told."""
        for outcome in self._story.done:
            if outcome.telling is not None:
                await outcome.telling.aclose()

    async def _keep(self, ended: TurnEnded) -> None:
        """Also what was cancelled or went wrong is kept, but for what another assistant has to keep."""
        if self._stages.journal is None or self._withdrawn:
            return
        try:
            kept = await _written(self._stages.journal, ended)
        except AssistantError as error:
            self._story.fault(error)
            return
        # Talk that was overheard while it listened on is nobody's command.
        meant_for_us = self._story.origin.addressed or self._story.understanding is not None
        if kept and meant_for_us and self._stages.recorder is not None and self._sound is not None:
            self._stages.recorder.keep(ended.turn, self._sound)

    # -- while somebody speaks -----------------------------------------------------------------------------------

    async def _followed(self, sound: AsyncIterator[AudioChunk]) -> AsyncIterator[AudioChunk]:
        async for chunk in sound:
            self._clock.follow(chunk.end)
            yield chunk

    def _on_progress(self, progress: Progress) -> None:
        if isinstance(progress, Hypothesis):
            progress = replace(progress, text=self._discretion.public(progress.text, self._story.origin.language))
        self._story.progressed(progress)


async def _written(journal: Journal, ended: TurnEnded) -> bool:
    """Whether it is kept now. Raises StorageError."""
    with anyio.move_on_after(_KEEP_S):
        return await journal.write(ended)
    # A card that is about to die answers after half a minute: the next command must not wait for it.
    raise StorageError("the disk does not answer: the turn may not be kept", "look at its health")
