"""Runs the one skill that takes an intent, under its deadline, unless the guard objects."""

from collections.abc import Iterable, Mapping

import anyio

from edge.act.confirm import Guard
from edge.dialogue import SCHEDULE
from edge.errors import DeadlineExceeded, SettingsError
from edge.intents import Intent, Origin, Outcome
from edge.ports import Foresight, Skill


class Dispatch:
    """Which skill takes which intent."""

    def __init__(self, skills: Iterable[Skill], otherwise: Skill, guard: Guard | None = None) -> None:
        """``otherwise`` takes what none of ``skills`` does; ``guard`` is asked first, None to do all at once.

        Raises SettingsError when two take the same intent.
        """
        self._skills: Mapping[str, Skill] = _by_intent(skills)
        self._otherwise = otherwise
        self._guard = guard

    @property
    def intents(self) -> frozenset[str]:
        """All intents that some skill takes by name."""
        return frozenset(self._skills)

    def objection(self, intent: Intent, origin: Origin) -> Outcome | None:
        """What would be asked or said instead of doing ``intent``, be it ever so clear; None when it would be done.

        A risk that is only asked about where a sentence is unclear is asked about here.
        """
        if self._guard is not None and (guarded := self._guard.objection(intent, origin, 0.0)) is not None:
            return guarded
        skill = self._for(intent)
        return skill.objection(intent, origin) if isinstance(skill, Foresight) else None

    async def run(self, intent: Intent, origin: Origin, confidence: float = 1.0) -> Outcome:
        """The outcome of ``intent``, which was understood with ``confidence`` (0–1).

        Raises DeadlineExceeded, and whatever AssistantError the skill raises.
        """
        if self._guard is not None and (objection := self._guard.objection(intent, origin, confidence)) is not None:
            return objection
        skill = self._for(intent)
        try:
            with anyio.fail_after(skill.deadline_s):
                return await skill.run(intent, origin)
        except TimeoutError:
            raise DeadlineExceeded(f"{intent.name} took longer than {skill.deadline_s:g} s", "try again") from None

    def _for(self, intent: Intent) -> Skill:
        """What holds others for later, whatever it is called, is for whoever does things later."""
        return self._skills.get(SCHEDULE if intent.later else intent.name, self._otherwise)


def _by_intent(skills: Iterable[Skill]) -> Mapping[str, Skill]:
    chosen: dict[str, Skill] = {}
    for skill in skills:
        for intent in skill.intents:
            if intent in chosen:
                raise SettingsError(f"two skills take the intent {intent}", "uninstall one of them", permanent=True)
            chosen[intent] = skill
    return chosen
