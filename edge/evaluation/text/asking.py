"""Sentences asked of the assistant's own router and skills, in a house that can be refurnished."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.devices import Command
from edge.dialogue import Context
from edge.errors import AssistantError
from edge.evaluation.text.memory_house import MemoryHouse
from edge.evaluation.text.verdicts import Verdict
from edge.intents import Intent, Origin, Outcome, Transcript, Understanding
from edge.mind import Mind


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one sentence."""

    sentence: str
    understanding: Understanding | None
    ms: float
    """Time to understand it, milliseconds."""
    sent: tuple[Command, ...] = ()
    """What devices were told."""
    reply: str = ""

    @property
    def intents(self) -> tuple[Intent, ...]:
        """All that was understood."""
        return self.understanding.intents if self.understanding else ()

    def verdict(self, kind: str, wanted: str, *, right: bool | None, false_action: bool | None) -> Verdict:
        """The judgement on it."""
        found = self.understanding
        got = " + ".join(described(intent) for intent in self.intents) or "not understood"
        moved = "".join(f" → {command.device} {dict(command.change)}" for command in self.sent)
        return Verdict(
            kind=kind,
            sentence=self.sentence,
            tier=found.tier if found else None,
            confidence=found.confidence if found else 0.0,
            ms=self.ms,
            right=right,
            false_action=false_action,
            wanted=wanted,
            got=f"{got}{moved}{f' “{self.reply}”' if self.reply else ''}",
        )


class Asker:
    """Every sentence is the first of its conversation."""

    def __init__(self, mind: Mind, house: MemoryHouse, language: str) -> None:
        self.house = house
        self._mind, self._language = mind, language

    async def understand(self, sentence: str, area: str | None = None) -> Answer:
        """What is understood when ``sentence`` is said in the room ``area``; nothing is done."""
        said = Transcript(sentence, self._language)
        routed = await self._mind.router.understand(said, self._origin(area), Context())
        return Answer(sentence, routed.understanding, routed.ms)

    async def ask(self, sentence: str, area: str | None = None, *, meant: bool = True) -> Answer:
        """The same, and then what was understood is done; ``meant``: what is said when asked whether it is."""
        answer = await self.understand(sentence, area)
        begun = len(self.house.sent)
        confidence = answer.understanding.confidence if answer.understanding else 0.0
        replies = [await self._do(intent, self._origin(area), confidence, meant=meant) for intent in answer.intents]
        return replace(answer, sent=tuple(self.house.sent[begun:]), reply=" ".join(filter(None, replies)))

    async def _do(self, intent: Intent, origin: Origin, confidence: float, *, meant: bool) -> str:
        """What is answered at last."""
        try:
            outcome = await self._mind.dispatch.run(intent, origin, confidence)
            if meant and (confirmed := _confirmed(outcome)) is not None:
                outcome = await self._mind.dispatch.run(confirmed, origin, confidence)
        except AssistantError as error:
            return str(error)
        return self._mind.wording.say(outcome.say)

    def _origin(self, area: str | None) -> Origin:
        return Origin("evaluation", area, self._language)


def described(intent: Intent) -> str:
    """For people to read."""
    slots = ", ".join(f"{name} {value}" for name, value in intent.slots.items())
    return f"{intent.name}({slots})"


def names(intents: Sequence[Intent]) -> frozenset[str]:
    """The names of ``intents``; of what is put off, those of what is to be done then."""
    return frozenset(each.name for intent in intents for each in intent.later or (intent,))


def _confirmed(outcome: Outcome) -> Intent | None:
    question = outcome.question
    return replace(question.intent, confirmed=True) if question is not None and question.slot is None else None
