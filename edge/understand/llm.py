"""The local-model tier: a small language model whose every possible answer is a valid call on an existing device.

The grammar is made from the devices that the sentence could be about (:mod:`edge.understand.llm_calls`). When there
are none the model is not asked at all.
"""

import re
from collections.abc import Collection
from typing import Final, Protocol

from edge.devices import DeviceState
from edge.dialogue import Context, Exchange
from edge.engine_thread import EngineThread
from edge.intents import Origin, Tier, Understanding
from edge.ports import Completion, Inventory, LlmEngine
from edge.understand.llm_calls import Target, choices, gbnf, intent_of, parse, targets, written
from edge.understand.llm_prompt import FIXED, question
from edge.understand.llm_retrieval import floors_named, relevant
from edge.understand.llm_verbs import VERBS

_MAX_TOKENS: Final = 64
_MAX_CHARACTERS: Final = 300
"""A longer text is no command."""
_NOTHING: Final = Context()
_BEYOND: Final = re.compile(r"\b(don'?t|not|never|if|when|unless|until|tomorrow|later)\b", re.IGNORECASE)
"""What is forbidden or put off: the model only does things, and does them now. English only."""


class Observed(Inventory, Protocol):
    """A house whose devices say how they are."""

    def state(self, device: str) -> DeviceState:
        """The last word of the device with that id."""


class LocalModel:
    """Asks the model when the sentence mentions something that exists."""

    def __init__(
        self, house: Observed, engine: EngineThread[LlmEngine], known: Collection[str], threshold: float
    ) -> None:
        """``known``: names of the intents that some skill takes. Below ``threshold``, 0–1, no answer is believed."""
        self._house = house
        self.engine = engine
        self._verbs = tuple(verb for verb in VERBS if verb.intent in known)
        self._threshold = threshold

    async def understand(self, text: str, origin: Origin, context: Context = _NOTHING) -> Understanding | None:
        """What the model is sure enough of, or None. ``context``: what was said before."""
        if len(text) > _MAX_CHARACTERS or _BEYOND.search(text):
            return None
        everything = self._house.devices()
        last = context.last
        about = [report.device for report in last.actions] if last else []
        devices = relevant(text, everything, origin.area, about)
        known = targets(devices, everything, floors_named(text, everything))
        possible = choices(known, self._verbs)
        if not possible:
            return None
        asked = question(text, known, self._house.state, origin.area, self._before(last))
        completion = await self.engine.call(lambda engine: engine.complete(FIXED + asked, gbnf(possible), _MAX_TOKENS))
        return self._believed(completion, known)

    def _before(self, last: Exchange | None) -> tuple[str, str] | None:
        """The last sentence and what it came to, in the model's own language."""
        if last is None:
            return None
        everything = self._house.devices()
        touched = {report.device for report in last.actions}
        known = targets([device for device in everything if device.id in touched], everything)
        calls = written(last.intents, known, self._verbs)
        return (last.text, calls) if calls else None

    def _believed(self, completion: Completion, known: tuple[Target, ...]) -> Understanding | None:
        if completion.probability < self._threshold:
            return None
        calls = parse(completion.text, known, self._verbs)
        meant = [intent_of(call) for call in calls]
        return Understanding(meant[0], Tier.LLM, completion.probability, tuple(meant[1:])) if meant else None
