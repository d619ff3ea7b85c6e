"""A sentence that the person has explained is understood as it was explained, before any grammar is asked."""

from collections.abc import Collection

from edge.explained import Explained
from edge.intents import Origin, Tier, Understanding
from edge.understand.router import SyncTier


class AsExplained:
    """The tiers of some milliseconds, behind what was explained word for word. In any language, without a model."""

    def __init__(self, explained: Explained, usual: SyncTier, intents: Collection[str]) -> None:
        """``intents``: names of the intents that some skill takes."""
        self._explained, self._usual, self._intents = explained, usual, frozenset(intents)

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """What ``text`` means."""
        meant = self._explained.meaning(text)
        if meant is not None and meant.name in self._intents:
            return Understanding(meant, Tier.GRAMMAR, 1.0)
        return self._usual.understand(text, origin)
