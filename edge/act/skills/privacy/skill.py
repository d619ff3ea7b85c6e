"""Allows and forbids that things leave the house. A no holds at once; before a yes it is said what that means."""

from collections.abc import Awaitable, Callable, Mapping

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.ports import Consents
from edge.privacy.consent import How, Purpose


class Privacy:
    """Consent, purpose by purpose."""

    deadline_s = 3.0

    def __init__(self, consents: Consents | None) -> None:
        """``consents`` None: there is no bridge, and nothing leaves the house."""
        self._consents = consents
        self._does: Mapping[str, Callable[[Intent, Consents], Awaitable[Outcome]]] = {
            "HearthAllowSharing": self._allow,
            "HearthForbidSharing": self._forbid,
            "HearthWhatIsShared": self._tell,
        }

    @property
    def intents(self) -> frozenset[str]:
        """All about what may leave."""
        return frozenset(self._does)

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Say yes or no, or tell what was said. Raises StorageError."""
        if self._consents is None:
            return Outcome(OutcomeKind.DONE, Phrase("privacy_no_bridge"))
        return await self._does[intent.name](intent, self._consents)

    async def _allow(self, intent: Intent, consents: Consents) -> Outcome:
        purposes = _purposes(intent)
        if not intent.confirmed:
            say = Phrase("privacy_really", {"purposes": purposes})
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, None))
        for purpose in purposes:
            await consents.say(purpose, How.VOICE, yes=True)
        return Outcome(OutcomeKind.DONE, Phrase("privacy_allowed", {"purposes": purposes}))

    async def _forbid(self, intent: Intent, consents: Consents) -> Outcome:
        purposes = _purposes(intent)
        for purpose in purposes:
            await consents.say(purpose, How.VOICE, yes=False)
        return Outcome(OutcomeKind.DONE, Phrase("privacy_forbidden", {"purposes": purposes}))

    async def _tell(self, intent: Intent, consents: Consents) -> Outcome:
        allowed = [purpose.value for purpose in Purpose if await consents.allows(purpose)]
        return Outcome(OutcomeKind.DONE, Phrase("privacy_shared", {"purposes": allowed}))


def _purposes(intent: Intent) -> list[str]:
    """The one that was named, or all of them."""
    named = intent.slots.get("purpose")
    return [named] if isinstance(named, str) and named in set(Purpose) else [purpose.value for purpose in Purpose]
