"""Stop, and five more minutes."""

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import Announcer, RingingEnd, Silenced


class Ringing:
    """Whoever let it ring decides what comes of it."""

    intents = frozenset({"HearthSilence", "HearthSnooze"})
    deadline_s = 5.0

    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Done when it is on disk. Raises StorageError."""
        if intent.name == "HearthSilence":
            found = await self._announcer.silence(Silenced(RingingEnd.STOPPED))
            # Silence is the answer: who stops a bell does not want to hear another voice.
            return Outcome(OutcomeKind.DONE, Phrase("nothing" if found else "ringing_nothing"))
        minutes = intent.slots.get("minutes")
        seconds = float(minutes) * 60 if minutes is not None else None
        found = await self._announcer.silence(Silenced(RingingEnd.SNOOZED, seconds))
        if found is None:
            return Outcome(OutcomeKind.FAILED, Phrase("ringing_nothing"))
        return Outcome(OutcomeKind.DONE, Phrase("ringing_snoozed", {"seconds": seconds}))
