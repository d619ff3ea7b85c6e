"""Commands for another time: "turn off the lights in ten minutes", "at seven open the blinds", "don't turn it off".

What is to be done is understood as if it were said by itself, now, while somebody is there to be asked; when it is to
be done is what the sentence says besides.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from edge.dialogue import SCHEDULE, UNSCHEDULE, PutOff
from edge.intents import Intent, Origin, Outcome, Understanding

_COMMAND: Final = "conversation_command"
"""Slot of Home Assistant's sentences for "in ten minutes"."""

Part: TypeAlias = Callable[[str, str], PutOff | None]
"""Takes a text and its language apart; None where it names no time."""
Meaning: TypeAlias = Understanding | Outcome | None
ByItself: TypeAlias = Callable[[str], Meaning]
"""What a text means that is said by itself; an Outcome where all there is to do is to ask."""


@dataclass(frozen=True, slots=True)
class Later:
    """Knows commands for another time."""

    part: Part
    deferrable: Collection[str]
    """Names of the intents that can be put off."""

    def understand(self, text: str, origin: Origin, whole: Meaning, by_itself: ByItself) -> Meaning:
        """``text`` as commands for later; ``whole``, what it means as it is, where it is none."""
        if isinstance(whole, Understanding):
            return self._unwrapped(whole, by_itself)
        if whole is not None or (said := self.part(text, origin.language)) is None:
            return whole
        return self.put_off(said, by_itself(said.command))

    def timed(self, text: str, origin: Origin) -> PutOff | None:
        """The command in ``text`` and its time, where it says just when."""
        said = self.part(text, origin.language)
        return said if said is not None and said.slots and said.exact and said.command else None

    def put_off(self, said: PutOff, meant: Meaning) -> Meaning:
        """What was ``said``, once it is known what its command ``meant`` by itself."""
        name = SCHEDULE if said.slots else UNSCHEDULE
        return self._put_off(Intent(name, {**said.slots, "command": said.command}), meant)

    def is_for_later(self, text: str, origin: Origin, found: Understanding) -> bool:
        """Whether ``found``, which would be done at once, was said of another time: then it must not be done."""
        at_once = any(intent.name in self.deferrable for intent in found.intents)
        return at_once and self.part(text, origin.language) is not None

    def _unwrapped(self, whole: Understanding, by_itself: ByItself) -> Meaning:
        """``whole`` with what Home Assistant's sentences hold as text understood as well."""
        if not any(_COMMAND in intent.slots for intent in whole.intents):
            return whole
        intents: list[Intent] = []
        for intent in whole.intents:
            if _COMMAND not in intent.slots:
                intents.append(intent)
                continue
            meant = self._put_off(intent, by_itself(str(intent.slots[_COMMAND])))
            if not isinstance(meant, Understanding):
                return meant
            intents.append(meant.intent)
        first, *further = intents
        return replace(whole, intent=first, further=tuple(further))

    def _put_off(self, outer: Intent, meant: Meaning) -> Meaning:
        if isinstance(meant, Understanding):
            if not all(intent.name in self.deferrable for intent in meant.intents):
                return None
            return replace(meant, intent=replace(outer, later=meant.intents), further=())
        if meant is None or meant.question is None:
            return meant
        question = meant.question
        if question.intent.name not in self.deferrable:
            return None
        return replace(meant, question=replace(question, intent=replace(outer, later=(question.intent,))))
