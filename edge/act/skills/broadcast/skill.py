"""Announcements: said here, and in other rooms by the assistants there, which confirm that they say it."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import anyio

from edge.act.rooms import same_room
from edge.errors import BrokerOffline
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.ports import Announcer, Inventory, Neighbour, Neighbours

_LONGEST: Final = 300
"""Characters."""
_MOST: Final = 8
"""Announcements that wait for a quiet moment."""
_ANNOUNCE: Final = "announce"
_WAIT_S: Final = 1.0
"""How long another assistant has to confirm."""


class Broadcast:
    """Takes HassBroadcast. The message is only ever said."""

    intents = frozenset({"HassBroadcast"})
    deadline_s = 20.0

    def __init__(self, house: Inventory, announcer: Announcer, neighbours: Neighbours | None) -> None:
        self._house, self._announcer, self._neighbours = house, announcer, neighbours
        self._waiting: deque[str] = deque()
        self._more = anyio.Event()
        if neighbours is not None:
            neighbours.respond(_ANNOUNCE, self._asked)

    async def serve(self) -> None:
        """Say here what was announced: after the turn, which an announcement never interrupts."""
        while True:
            await self._more.wait()
            self._more = anyio.Event()
            while self._waiting:
                await self._announcer.announce(Phrase("broadcast_message", {"message": self._waiting.popleft()}))

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Say it here once this turn is over, if it is for this room, and have the others say it that it is for."""
        message = " ".join(str(intent.slots.get("message", "")).split()).strip(" .")
        if not message:
            return Outcome(OutcomeKind.DONE, Phrase("broadcast_what"), question=Question(intent, "message"))
        if len(message) > _LONGEST:
            return Outcome(OutcomeKind.FAILED, Phrase("broadcast_too_long"))
        if len(self._waiting) >= _MOST:
            return Outcome(OutcomeKind.FAILED, Phrase("broadcast_too_many"))
        area = str(intent.slots["area"]) if "area" in intent.slots else None
        mine = self._neighbours.me.area if self._neighbours else origin.area
        here = area is None or same_room(self._house, area, mine)
        others = [other for other in self._known() if area is None or same_room(self._house, area, other.area)]
        if not here and not others:
            return Outcome(OutcomeKind.FAILED, Phrase("broadcast_nobody", {"area": area}))
        try:
            reached = await self._tell(message, others)
        except BrokerOffline:
            if not here:
                raise
            # Without the broker it is still heard here, and the person is told that nobody else hears it.
            self._queue(message)
            return Outcome(OutcomeKind.FAILED, Phrase("broadcast_only_here"))
        if here:
            self._queue(message)
        missing = [other for other in others if other not in reached]
        said = {"here": here, "reached": _rooms(reached), "missing": _rooms(missing)}
        if missing:
            return Outcome(
                OutcomeKind.UNCONFIRMED if here or reached else OutcomeKind.FAILED, Phrase("broadcast_partly", said)
            )
        return Outcome(OutcomeKind.DONE, Phrase("broadcast_sent", said))

    def _known(self) -> Sequence[Neighbour]:
        return self._neighbours.known() if self._neighbours is not None else ()

    async def _tell(self, message: str, others: Sequence[Neighbour]) -> list[Neighbour]:
        """Returns those of ``others`` that say it. Raises BrokerOffline."""
        if self._neighbours is None:
            return []
        # Also where nobody is known, so that it is noticed when the broker is away.
        answers = await self._neighbours.ask(_ANNOUNCE, {"text": message}, _WAIT_S if others else 0.0, to=others)
        willing = {answer.by.id for answer in answers if answer.body.get("says") is True}
        return [other for other in others if other.id in willing]

    async def _asked(self, by: Neighbour, body: Mapping[str, object]) -> Mapping[str, object]:
        """Another assistant has something to be said here."""
        text = body.get("text")
        fits = isinstance(text, str) and 0 < len(text) <= _LONGEST and len(self._waiting) < _MOST
        if not fits or not self._announcer.audible:
            return {"says": False}
        self._queue(" ".join(str(text).split()))
        return {"says": True}

    def _queue(self, message: str) -> None:
        self._waiting.append(message)
        self._more.set()


def _rooms(neighbours: Sequence[Neighbour]) -> list[str]:
    """What the places of ``neighbours`` are called, each once."""
    return list(dict.fromkeys(neighbour.area or neighbour.site for neighbour in neighbours))
