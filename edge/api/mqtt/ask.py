"""``hearthside/<site>/ask``: a command in writing, from whoever may publish on the broker."""

import json
from typing import Any

from edge.api.mqtt.inbox import Refused, request_of
from edge.assistant import Assistant
from edge.events import TurnEnded, as_json
from edge.ports import Taken


class Asked:
    """Each message is a turn of its own, guarded like any other; the answer is published, not spoken."""

    def __init__(self, assistant: Assistant, answers: str) -> None:
        """``answers``: the topic that they go to."""
        self._assistant, self._answers = assistant, answers

    async def take(self, taken: Taken) -> None:
        """Raises Refused, after having answered so, and AssistantError."""
        try:
            request = request_of(taken.payload)
        except Refused as why:
            await self._answer({"error": str(why)}, None)
            raise
        events = await self._assistant.ask(request.text, request.area, request.session)
        ended = events[-1] if events else None
        if isinstance(ended, TurnEnded):
            await self._answer(_answer_of(ended), request.reply_to)

    async def _answer(self, answer: dict[str, Any], reply_to: str | None) -> None:
        payload = json.dumps(answer, ensure_ascii=False)
        await self._assistant.house.post.publish(self._answers, payload)
        if reply_to is not None:
            await self._assistant.house.post.publish(f"{self._answers}/{reply_to}", payload)


def _answer_of(ended: TurnEnded) -> dict[str, Any]:
    told = as_json(ended)
    return {
        "session": ended.session,
        "turn": ended.turn,
        "text": ended.reply.text,
        "outcome": told["outcome"],
        "question": told["question"],
    }
