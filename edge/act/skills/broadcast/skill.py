"""Announcements: said here, and handed to every other assistant of the house over MQTT."""

import json
from collections import deque
from typing import Final

import anyio

from edge.errors import BrokerOffline
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.ports import Announcer, House

_LONGEST: Final = 300
"""Characters."""
EVERYBODY: Final = "all"
"""The site that every assistant of the house listens for."""
_MOST: Final = 8
"""Announcements that wait for a quiet moment."""


class Broadcast:
    """Takes HassBroadcast. The message is only ever said."""

    intents = frozenset({"HassBroadcast"})
    deadline_s = 20.0

    def __init__(self, house: House, announcer: Announcer) -> None:
        self._house, self._announcer = house, announcer
        self._waiting: deque[tuple[str, str | None]] = deque()
        self._more = anyio.Event()

    async def serve(self) -> None:
        """Say here what was announced: after the turn, which an announcement never interrupts."""
        while True:
            await self._more.wait()
            self._more = anyio.Event()
            while self._waiting:
                await self._say(*self._waiting.popleft())

    async def _say(self, message: str, area: str | None) -> None:
        await self._announcer.announce(Phrase("broadcast_message", {"message": message}), area)

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Publish ``hearthside/all/say`` for the others and say it here, once this turn is over.

        The payload is JSON: ``text``, ``area`` (null: for all), ``session`` of the turn, and ``site``: who tells it,
        and need not be told.
        """
        message = " ".join(str(intent.slots.get("message", "")).split()).strip(" .")
        if not message:
            return Outcome(OutcomeKind.DONE, Phrase("broadcast_what"), question=Question(intent, "message"))
        if len(message) > _LONGEST:
            return Outcome(OutcomeKind.FAILED, Phrase("broadcast_too_long"))
        area = str(intent.slots["area"]) if "area" in intent.slots else None
        if len(self._waiting) >= _MOST:
            return Outcome(OutcomeKind.FAILED, Phrase("broadcast_too_many"))
        self._waiting.append((message, area))
        self._more.set()
        told = {"text": message, "area": area, "session": origin.session, "site": self._house.site}
        try:
            await self._house.tell("say", json.dumps(told, ensure_ascii=False), EVERYBODY)
        except BrokerOffline:
            # Without the broker it is still heard here, and the person is told that nobody else hears it.
            return Outcome(OutcomeKind.FAILED, Phrase("broadcast_only_here"))
        return Outcome(OutcomeKind.DONE, Phrase("broadcast_sent", {"area": area}))
