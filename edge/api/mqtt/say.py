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
        if len(request.text) > _LONGEST:
            raise Refused(f"more than {_LONGEST} characters can't be said")
        said = Phrase("broadcast_plain", {"message": request.text})
        await self._assistant.announcer.announce(said, self._spelled(request.area))

    def _spelled(self, area: str | None) -> str | None:
        """A room as our own settings spell it, if it is ours."""
        ours = self._assistant.settings.area
        return ours if ours and area and ours.casefold() == area.casefold() else area
