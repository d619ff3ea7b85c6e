"""Somebody who talks to the assistant from elsewhere than its own microphone: one turn after another."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from edge.bus import Emitter
from edge.chunk import AudioChunk
from edge.events import TurnEnded
from edge.intents import Origin
from edge.listen.endpoint import EndpointRules
from edge.listen.listen import Listener
from edge.session.clock import TurnClock
from edge.session.conversation import Conversations
from edge.session.loop import FollowUpRules
from edge.session.turn import Stages, Turn


def until_let_go(rules: EndpointRules) -> EndpointRules:
    """``rules`` for sound that ends when its speaker says so, by letting go of a key: no pause ends it."""
    longest = rules.max_speech_s
    return replace(
        rules, silence_s=longest, whole_s=longest, closed_s=longest, open_s=longest, no_speech_s=longest, tail_s=0.0
    )


@dataclass(frozen=True, slots=True)
class Talker:
    """One, in one conversation. One turn at a time: whoever talks anew cancels the turn before."""

    stages: Stages
    """Its own ears and voice among them: the ears end an utterance by themselves."""
    held: Listener
    """Ears for sound whose end is told."""
    bus: Emitter
    origin: Origin
    conversations: Conversations
    follow_up: FollowUpRules

    async def spoken(
        self, sound: AsyncIterator[AudioChunk], *, held: bool = False, after: TurnEnded | None = None
    ) -> TurnEnded:
        """What is said in ``sound``. ``held``: it lasts until the sound ends; else it ends when nothing more is said.

        ``after``: the turn before, where it invited this one.
        """
        turn = self._turn(held=held)
        if after is None:
            return await turn.spoken(sound, 0.0)
        return await turn.followed_up(sound, self.follow_up.within_s, after.question)

    async def written(self, text: str) -> TurnEnded:
        """The answer to ``text`` sounds as that to what was said."""
        return await self._turn().written(text)

    def _turn(self, *, held: bool = False) -> Turn:
        stages = replace(self.stages, listener=self.held) if held else self.stages
        conversation = self.conversations.of(self.origin.session)
        return Turn(stages, self.bus, self.origin, TurnClock(time.monotonic()), conversation)
