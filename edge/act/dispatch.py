"""Runs the one skill that takes an intent, under its deadline."""

from collections.abc import Iterable, Mapping

import anyio

from edge.errors import DeadlineExceeded, SettingsError
from edge.intents import Intent, Origin, Outcome
from edge.ports import Skill


class Dispatch:
    """Which skill takes which intent."""

    def __init__(self, skills: Iterable[Skill], otherwise: Skill) -> None:
        """``otherwise`` takes what none of ``skills`` does. Raises SettingsError when two take the same intent."""
        self._skills: Mapping[str, Skill] = _by_intent(skills)
        self._otherwise = otherwise

    @property
    def intents(self) -> frozenset[str]:
        """All intents that some skill takes by name."""
        return frozenset(self._skills)

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """The outcome of ``intent``. Raises DeadlineExceeded, and whatever AssistantError the skill raises."""
        skill = self._skills.get(intent.name, self._otherwise)
        try:
            with anyio.fail_after(skill.deadline_s):
                return await skill.run(intent, origin)
        except TimeoutError:
            raise DeadlineExceeded(f"{intent.name} took longer than {skill.deadline_s:g} s", "try again") from None


def _by_intent(skills: Iterable[Skill]) -> Mapping[str, Skill]:
    chosen: dict[str, Skill] = {}
    for skill in skills:
        for intent in skill.intents:
            if intent in chosen:
                raise SettingsError(f"two skills take the intent {intent}", "uninstall one of them", permanent=True)
            chosen[intent] = skill
    return chosen
