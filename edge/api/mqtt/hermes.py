"""The topics of the Hermes protocol, for programs that were written for Rhasspy."""

import json
import logging
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge import outside
from edge.api.mqtt.dialogue import Dialogue
from edge.api.mqtt.inbox import Refused, object_of
from edge.assistant import Assistant
from edge.errors import BrokerOffline
from edge.intents import Phrase
from edge.ports import Taken

_log = logging.getLogger(__name__)
_SAY: Final = "hermes/tts/say"
_LONGEST: Final = 1000

_Id = Annotated[str, Field(max_length=200)]


class _Say(BaseModel):
    """``hermes/tts/say``, as far as it means something here."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)
    text: Annotated[str, Field(max_length=_LONGEST)]
    siteId: _Id = "default"  # noqa: N815  # the protocol's name
    sessionId: _Id | None = None  # noqa: N815
    id: _Id | None = None


class Hermes:
    """Tells our turns, and speaks what others want to be said. Other sites' messages are left alone."""

    topics = (_SAY,)

    def __init__(self, assistant: Assistant, site: str) -> None:
        self._assistant, self._site = assistant, site

    async def tell(self) -> None:
        """Runs until it is cancelled. A slow broker costs messages and nothing else."""
        dialogue = Dialogue(self._site)
        with self._assistant.bus.subscribe(listener="hermes") as events:
            while True:
                for topic, payload in dialogue.of(await events.next()):
                    await self._publish(topic, payload)

    async def take(self, taken: Taken) -> None:
        """Say it, and tell when it was heard. Raises Refused."""
        try:
            wanted = _Say.model_validate(object_of(taken.payload))
        except ValidationError as error:
            where, mistake = outside.first_mistake(error)
            raise Refused(f"{where}: {mistake}") from None
        if wanted.siteId != self._site:
            return
        if text := wanted.text.strip():
            await self._assistant.announcer.announce(Phrase("broadcast_plain", {"message": text}))
        finished = {"siteId": self._site, "id": wanted.id, "sessionId": wanted.sessionId}
        await self._publish("hermes/tts/sayFinished", finished)

    async def _publish(self, topic: str, payload: object) -> None:
        try:
            await self._assistant.house.post.publish(topic, json.dumps(payload, ensure_ascii=False), qos=0)
        except BrokerOffline:
            _log.debug("a message on %s was lost on the way to the broker", topic)
