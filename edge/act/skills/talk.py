"""Small talk that a newcomer tries: hello, what can I say, never mind."""

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import House, SkillContext

_EXAMPLES = 3


class Talk:
    """Answers that touch no device."""

    intents = frozenset({"HassRespond", "HassNevermind"})
    deadline_s = 1.0

    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """A phrase for each of the grammar's answers, with examples from this very house."""
        if intent.name == "HassNevermind":
            return Outcome(OutcomeKind.CANCELLED, Phrase("nothing"))
        lights = [device.name for device in self._house.devices() if device.domain in ("light", "switch")]
        return Outcome(OutcomeKind.DONE, Phrase(f"talk_{intent.form}", {"names": lights[:_EXAMPLES]}))


def build(context: SkillContext) -> Talk:
    """The skill for the context's house."""
    return Talk(context.house)
