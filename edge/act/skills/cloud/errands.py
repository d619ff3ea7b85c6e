"""What the larger model asks the device to do, done under the device's own rules.

It asks in words, as a person does, and the grammar understands it or not. Only what is harmless is done; what a guard
asks about, the person is asked, and only the person can say yes. What came of it the device tells itself.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from edge.errors import AssistantError
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import Interpreter, Tool, ToolCall
from edge.privacy.masking import unmask

_log = logging.getLogger(__name__)
NAME: Final = "control_home"
TOOL: Final = Tool(
    NAME,
    "Have something done in the home, by one short spoken command in the language of the question, such as "
    "'turn on the kitchen light' or 'set a timer for ten minutes'. Use it only when the question asks for that.",
    {
        "type": "object",
        "properties": {"command": {"type": "string", "description": "The command, as a person would say it."}},
        "required": ["command"],
    },
)
_MOST: Final = 4
"""For one answer."""
_LONGEST: Final = 160
"""Characters of a command that somebody would say."""
_HARMLESS: Final = frozenset(
    "HassTurnOn HassTurnOff HassToggle HassLightSet HassSetPosition HassStopMoving HassClimateSetTemperature "
    "HassClimateSetFanMode HassHumidifierSetpoint HassFanSetSpeed HassVacuumStart HassVacuumReturnToBase "
    "HassVacuumCleanArea HassMediaPause HassMediaUnpause HassMediaNext HassMediaPrevious HassStartTimer "
    "HassShoppingListAddItem HassListAddItem".split()
)
"""What may be done, unless a guard objects. Never what forgets, names, sends, speaks or asks again."""
_DONE, _NOT_CONFIRMED = "Done, and confirmed by the device.", "Sent, but the device did not confirm it."
_NOT_UNDERSTOOD = "Not done: no command that this home knows."
_FORBIDDEN = "Not done: this may only be done by a person."
_ASKS = "Not done yet: the person is asked first."
_FAILED = "Not done: it failed."
_ENOUGH = "Not done: too many commands for one answer."


class Errands:
    """Those of one answer."""

    def __init__(self, interpreter: Interpreter, origin: Origin, names: Mapping[str, str], *, allowed: bool) -> None:
        """``names``: what placeholders stand for. ``allowed``: whether anything may be done at all."""
        self._interpreter, self._names, self._allowed = interpreter, dict(names), allowed
        self._origin = replace(origin, voice=None)
        self._count = 0
        self.outcomes: list[Outcome] = []
        """What was done, or asked: it is told after the answer."""

    async def run(self, call: ToolCall) -> str:
        """Do it or not; returns what the model is told, which holds nothing about the house."""
        self._count += 1
        command = call.arguments.get("command")
        if call.name != NAME or not isinstance(command, str) or not command.strip() or len(command) > _LONGEST:
            return _NOT_UNDERSTOOD
        if not self._allowed:
            return _FORBIDDEN
        if self._count > _MOST or self._asked:
            return _ENOUGH
        found = self._interpreter.understand(unmask(command.strip(), self._names), self._origin)
        if found is None:
            return _NOT_UNDERSTOOD
        if not all(_is_harmless(intent) for intent in found.intents):
            return _FORBIDDEN
        for intent in found.intents:
            if (objection := self._interpreter.objection(intent, self._origin)) is not None:
                self.outcomes.append(objection)
                return _ASKS if objection.question is not None else _FAILED
        return await self._perform(found.intents)

    @property
    def _asked(self) -> bool:
        return bool(self.outcomes) and self.outcomes[-1].question is not None

    async def _perform(self, intents: tuple[Intent, ...]) -> str:
        try:
            done = await self._interpreter.perform(intents, self._origin)
        except AssistantError as error:
            _log.warning("what the larger model asked for failed: %s", error)
            self.outcomes.append(Outcome(OutcomeKind.FAILED, Phrase("cloud_errand_failed")))
            return _FAILED
        self.outcomes += done
        kinds = {outcome.kind for outcome in done}
        if self._asked:
            return _ASKS
        if kinds == {OutcomeKind.DONE}:
            return _DONE
        return _NOT_CONFIRMED if kinds <= {OutcomeKind.DONE, OutcomeKind.UNCONFIRMED} else _FAILED


def _is_harmless(intent: Intent) -> bool:
    # Whatever is for later would fire when nobody remembers why.
    return intent.name in _HARMLESS and not intent.later and not intent.confirmed
