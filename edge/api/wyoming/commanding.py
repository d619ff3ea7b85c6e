"""Understanding for a guest: what a sentence means, and the same carried out."""

from typing import Final

import anyio
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled
from wyoming.intent import Entity, Intent, IntentsStart, IntentsStop, NotRecognized

from edge.assistant import Assistant
from edge.events import TurnEnded
from edge.intents import OutcomeKind
from edge.wyoming.messages import Said

_REFUSED: Final = frozenset(
    {OutcomeKind.NOT_UNDERSTOOD, OutcomeKind.SILENCE, OutcomeKind.CANCELLED, OutcomeKind.FAILED}
)
_PREFIX: Final = "wyoming-"


class Butler:
    """Takes one sentence at a time from all connections together: the tiers behind it are the assistant's own."""

    def __init__(self, assistant: Assistant, *, may_act: bool) -> None:
        """``may_act`` False: sentences are understood, and none is carried out."""
        self._assistant, self._may_act = assistant, may_act
        self._turn = anyio.Lock()

    async def recognize(self, said: Said) -> list[Event]:
        """``intent``, several between ``intents-start`` and ``-stop``, or ``not-recognized``; nothing is done."""
        async with self._turn:
            understood = await self._assistant.understand(said.text, session=self._session(said))
        if understood is None:
            return [NotRecognized(context=said.context).event()]
        intents = [
            Intent(
                name=intent.name,
                entities=[Entity(name, value) for name, value in intent.slots.items()],
                context=said.context,
            ).event()
            for intent in understood.intents
        ]
        if len(intents) == 1:
            return intents
        return [IntentsStart(context=said.context).event(), *intents, IntentsStop(context=said.context).event()]

    async def handle(self, said: Said) -> Event:
        """``handled`` with the answer, which claims no more than the devices confirmed; else ``not-handled``."""
        if not self._may_act:
            return NotHandled(context=said.context).event()
        async with self._turn:
            *_, ended = await self._assistant.ask(said.text, session=self._session(said))
        assert isinstance(ended, TurnEnded)
        kind = NotHandled if ended.outcome in _REFUSED else Handled
        return kind(text=ended.reply.text or None, context=said.context).event()

    @staticmethod
    def _session(said: Said) -> str | None:
        # Under a name of its own: no guest may answer a question that was asked in the room.
        return _PREFIX + said.session if said.session else None
