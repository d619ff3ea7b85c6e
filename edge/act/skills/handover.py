"""Intents of the person's own sentences: handed over, by MQTT, to whatever carries them out."""

import json

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import House


class Handover:
    """Takes what no other skill takes. It says that it passed it on, for more it does not know."""

    intents: frozenset[str] = frozenset()
    deadline_s = 5.0

    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Publish the intent on ``hearthside/<site>/intent/<name>``. Raises BrokerOffline."""
        message = {"intent": intent.name, "slots": dict(intent.slots), "area": origin.area, "session": origin.session}
        await self._house.tell(f"intent/{intent.name}", json.dumps(message, ensure_ascii=False))
        return Outcome(OutcomeKind.DONE, Phrase("handed_over"))
