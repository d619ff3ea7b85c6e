"""What of a turn's words and sound may be told and kept: of a PIN and of a message to somebody, nothing."""

from typing import Final

from edge.dialogue import SECRET
from edge.session.conversation import Conversation
from edge.understand.digits import hidden

UNWRITTEN: Final = "…"
"""What events and the journal have for the words of a message in a person's own voice."""


class Discretion:
    """Of one turn; what it answers decides."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.takes_message = False
        """Whether it was asked what to say to somebody: the answer is for them alone."""

    def public(self, text: str, language: str) -> str:
        """``text``, in ``language`` (ISO 639-1), as events and the journal may have it."""
        if self.takes_message:
            return UNWRITTEN
        return hidden(text, language) if self._takes_secret() else text

    @property
    def keeps_sound(self) -> bool:
        """Whether the sound may be kept: of what may be written down, and of nothing else."""
        return not self.takes_message and not self._takes_secret()

    def _takes_secret(self) -> bool:
        asked = self._conversation.context().question
        return asked is not None and asked.slot == SECRET
