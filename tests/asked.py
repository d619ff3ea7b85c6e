"""A skill asked in sentences: its own grammar, the skill, and what it answers in words."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import edge.act.skills
from edge.intents import Intent, Origin, Outcome, Question
from edge.ports import Skill, Vocabulary
from edge.speak.wording import Wording
from edge.understand.grammar import Grammar
from tests.houses import Rooms

SKILLS = Path(edge.act.skills.__path__[0])


class _Given:
    """The names that the skill which is asked now was given. Building a grammar takes longer than a test."""

    def __init__(self) -> None:
        self.by: Vocabulary | None = None
        self._skills = 0

    def take(self, skill: Skill) -> None:
        if self.by is not skill:
            self.by = skill if isinstance(skill, Vocabulary) else None
            self._skills += 1

    @property
    def revision(self) -> int:
        return self._skills * 1_000_000 + (self.by.revision if self.by else 0)

    def names(self) -> Mapping[str, Sequence[str]]:
        return self.by.names() if self.by else {}


@functools.cache
def _given(_: str) -> _Given:
    return _Given()


@functools.cache
def grammar(skill: str) -> Grammar:
    """The grammar of a house with the sentences of ``skill`` beside Home Assistant's."""
    return Grammar(Rooms(), "en", None, [SKILLS / skill / "sentences" / "en.yaml"], vocabularies=[_given(skill)])


def understood(skill: str, text: str, *, area: str | None = None) -> tuple[tuple[str, dict[str, object]], ...]:
    """Names and slots of the intents of ``text``, as far as that takes no names that people gave."""
    found = grammar(skill).understand(text, Origin("", area))
    return tuple((each.name, dict(each.slots)) for each in found.intents) if found else ()


def intent_of(grammar: Grammar, text: str, area: str | None = None) -> Intent | None:
    """What ``text``, said in ``area``, first asks for; None: it is not understood."""
    found = grammar.understand(text, Origin("test", area))
    return found.intent if found else None


class Asked:
    """One conversation with one skill."""

    def __init__(self, name: str, skill: Skill, session: str = "s") -> None:
        self._name, self._skill = name, skill
        self.origin = Origin(session)
        self._wording = Wording("en", [SKILLS / name / "phrases"])
        self.outcome: Outcome | None = None
        """Of the last sentence."""

    async def ask(self, text: str) -> str:
        """What is answered to ``text``."""
        _given(self._name).take(self._skill)
        found = grammar(self._name).understand(text, self.origin)
        assert found is not None, f"not understood: {text}"
        return await self.do(found.intent)

    async def do(self, intent: Intent) -> str:
        """What is answered when ``intent`` was understood."""
        assert intent.name in self._skill.intents
        self.outcome = await self._skill.run(intent, self.origin)
        return self._wording.say(self.outcome.say)

    async def yes(self) -> str:
        """What is answered to a yes."""
        question = self._question()
        assert question.slot is None
        return await self.do(replace(question.intent, confirmed=True))

    async def answer(self, value: str) -> str:
        """What is answered when ``value`` fills the slot that was asked for."""
        question = self._question()
        assert question.slot is not None
        return await self.do(replace(question.intent, slots={**question.intent.slots, question.slot: value}))

    def _question(self) -> Question:
        assert self.outcome is not None
        assert self.outcome.question is not None
        return self.outcome.question
