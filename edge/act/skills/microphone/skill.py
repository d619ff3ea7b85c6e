"""Switches the microphone off. On again it can't be by voice, so the answer says how."""

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import ListeningSwitch


class Microphone:
    """Stops listening."""

    intents = frozenset({"HearthStopListening"})
    deadline_s = 3.0

    def __init__(self, listening: ListeningSwitch) -> None:
        self._listening = listening

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """The microphone is off when this returns."""
        self._listening.set(False)
        return Outcome(OutcomeKind.DONE, Phrase("microphone_off", {"button": self._listening.button}))
