"""``hearthside/<site>/say`` and ``hearthside/all/say``: announcements."""

from typing import Final

from edge.api.mqtt.inbox import Refused, request_of
from edge.assistant import Assistant
from edge.intents import Phrase
from edge.ports import Taken

_LONGEST: Final = 1000
"""Characters: more than a minute of speech."""


class Saying:
    """Says what it is given once there is quiet; one announcement after the other."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    async def take(self, taken: Taken) -> None:
        """Returns when it was heard. Raises Refused."""
        request = request_of(taken.payload)
        if request.site == self._assistant.settings.mqtt.site:
            return  # our own announcement, which we say without the broker's help
        if len(request.text) > _LONGEST:
            raise Refused(f"more than {_LONGEST} characters can't be said")
        # What a person said elsewhere is told as that; what a program sends is said as it is.
        key = "broadcast_plain" if request.site is None else "broadcast_message"
        await self._assistant.announcer.announce(Phrase(key, {"message": request.text}), self._spelled(request.area))

    def _spelled(self, area: str | None) -> str | None:
        """A room as our own settings spell it, if it is ours."""
        ours = self._assistant.settings.area
        return ours if ours and area and ours.casefold() == area.casefold() else area
