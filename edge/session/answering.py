"""The answer of a turn: worded, told, and spoken where there is a voice; also while it is still being made."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from edge.intents import Outcome, Telling, together
from edge.session.story import Story
from edge.speak.speak import Voice
from edge.speak.wording import Wording


class Answering:
    """Of one turn."""

    def __init__(self, wording: Wording, voice: Voice | None, story: Story, begins: Callable[[], None]) -> None:
        """``voice``: None where it is only written. ``begins`` is called when the answer begins to sound."""
        self._wording, self._voice, self._story, self._begins = wording, voice, story, begins

    async def answer(self, outcomes: Sequence[Outcome]) -> None:
        """Tell what came of it; returns when it was heard. Raises AssistantError."""
        outcome = self._story.outcome = together(outcomes)
        text = self._worded(outcomes)
        if outcome.telling is not None:
            await self._tell(text, outcome.telling, outcomes)
            return
        self._story.answered(text)
        if text and self._voice is not None:
            await self._voice.speak(text, self._sounds)
            await self._finish(self._voice)

    async def _tell(self, text: str, telling: Telling, outcomes: Sequence[Outcome]) -> None:
        """Say ``text``, and then each sentence of what is still being made as soon as it is there."""
        said = self._sentences(text, telling, outcomes)
        async with aclosing(said):
            if self._voice is None:
                async for sentence in said:
                    self._story.told(sentence)
            else:
                await self._voice.tell(said, self._sounds, self._story.told)
        self._story.answered(self._story.reply.text)
        if self._voice is not None:
            await self._finish(self._voice)

    async def _sentences(self, text: str, telling: Telling, outcomes: Sequence[Outcome]) -> AsyncGenerator[str, None]:
        if text:
            yield text
        async for sentence in telling:
            yield sentence
        came_of_it = telling.outcome
        self._story.reported(came_of_it)
        self._story.outcome = together([*(each for each in outcomes if each.telling is not telling), came_of_it])
        if closing := self._worded([came_of_it]):
            yield closing

    def _worded(self, outcomes: Sequence[Outcome]) -> str:
        say, language = self._wording.say, self._story.origin.language
        return " ".join(filter(None, (say(each.say, language) for each in outcomes)))

    def _sounds(self) -> None:
        self._begins()
        self._story.first_sample()

    async def _finish(self, voice: Voice) -> None:
        self._story.spoken()
        self._story.reply = replace(self._story.reply, audio=await voice.finish())
