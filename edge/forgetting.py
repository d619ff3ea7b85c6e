"""What the running assistant forgets when turns are erased: what is in mind of them, and what others have been told."""

import time
from collections.abc import Callable, Collection
from typing import Final

from edge.bus import Bus
from edge.errors import AssistantError
from edge.events import Erased, TurnEnded
from edge.intents import Intent
from edge.ports import Journal
from edge.session.conversation import Conversations
from edge.session.recent import Recent

_ERASING: Final = frozenset({"HearthForget", "HearthForgetTurns", "HearthForgetEverything"})
"""What erases by voice, or in writing."""


class Forgetting:
    """Of one assistant."""

    def __init__(
        self,
        bus: Bus,
        conversations: Conversations,
        recent: Recent,
        journal: Journal | None,
        report: Callable[[AssistantError], None],
    ) -> None:
        """``journal``: what is still there; None where nothing is kept. ``report`` is told what could not be read."""
        self._bus, self._conversations, self._recent = bus, conversations, recent
        self._journal, self._report = journal, report

    async def forget(self, *, besides: Collection[str] = ()) -> None:
        """Turns were erased: nothing of them is in mind any more, nor among the last turns, nor with whoever listens to
        events. ``besides``: those that were not, whatever the journal says. Raises StorageError.
        """
        self._conversations.forget()
        ended = [turn.id for turn in self._recent.turns() if turn.ended_at is not None and turn.id not in besides]
        gone = set(ended) - (await self._journal.kept(ended) if self._journal is not None else set())
        self._recent.forget(gone)
        self._bus.emit(Erased(turn="", at=time.monotonic(), turns=tuple(sorted(gone))))

    async def serve(self) -> None:
        """Forgets what is erased by voice; runs as long as the assistant."""
        with self._bus.subscribe(listener="erasing") as events:
            while True:
                match await events.next():
                    case TurnEnded(intent=Intent(name=name), question=None, turn=turn) if name in _ERASING:
                        try:
                            # That one is written to the journal only now.
                            await self.forget(besides={turn})
                        except AssistantError as error:
                            self._report(error)
