"""One answer, round by round: text goes to the device as it comes, calls of tools go there and wait for their results.

The bridge itself carries nothing out.
"""

import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, TypeAlias

import msgspec

from cloud_sync.protocol.messages import Ask, Call, Delta
from cloud_sync.server.heavy.budget import Cost
from cloud_sync.server.heavy.chain import Chain, Round
from cloud_sync.server.heavy.endpoint import Spent, Text, Wanted
from cloud_sync.server.heavy.prompt import Message, messages, tools
from cloud_sync.server.heavy.settings import HeavySettings

Result: TypeAlias = Callable[[Call], Awaitable[str]]
"""Waits for what came of a call."""
_NOT_JSON: Final = "Not done: the arguments are not a JSON object."
_CALLS: Final = 4
"""In one round."""
_LONGEST: Final = 2_000
"""Characters of a result that the model reads."""


class Dialogue:
    """With the models, about one question."""

    def __init__(self, chain: Chain, settings: HeavySettings, ask: Ask, result: Result) -> None:
        self._chain, self._settings, self._ask, self._result = chain, settings, ask, result
        self._of = Round()
        self._began = time.monotonic()
        self._deltas = 0
        self._tokens_in = self._tokens_out = 0
        self._estimated = False
        self._cost = 0
        self.text = ""
        """All of the answer, so far."""
        self.called = False
        """Whether the device was asked to do something."""

    async def run(self) -> AsyncGenerator[Delta | Call, None]:
        """What goes to the device. Raises AllFailed and EndpointFailed."""
        offered = tools(self._ask.tools)
        conversation = messages(self._ask, self._settings.sentences, tools=bool(offered))
        for number in range(self._settings.tool_rounds + 1):
            last = number == self._settings.tool_rounds
            wanted: list[Wanted] = []
            said = ""
            async with aclosing(self._chain.stream(conversation, [] if last else offered, self._of)) as pieces:
                async for piece in pieces:
                    match piece:
                        case Text(text):
                            yield self._delta(text, fresh=not said)
                            said += text
                        case Wanted() if not last:
                            wanted.append(piece)
                        case Spent():
                            self._spend(piece)
            if not wanted:
                return
            conversation.append(_assistant(said, wanted))
            for each in wanted:
                call = self._call(each, len(wanted))
                if call is not None:
                    self.called = True
                    yield call
                content = await self._result(call) if call is not None else _NOT_JSON
                conversation.append({"role": "tool", "tool_call_id": each.id, "content": content[:_LONGEST]})

    @property
    def model(self) -> str:
        """The one that answers; empty where none has begun."""
        return self._of.endpoint.model if self._of.endpoint is not None else ""

    def cost(self) -> Cost:
        """So far."""
        endpoint = self._of.endpoint
        return Cost(
            endpoint=endpoint.name if endpoint is not None else "",
            model=self.model,
            tokens_in=self._tokens_in,
            tokens_out=self._tokens_out,
            estimated=self._estimated,
            cost=self._cost,
            first_ms=self._of.first_ms,
            latency_ms=round((time.monotonic() - self._began) * 1000),
        )

    def break_off(self) -> None:
        """The round that runs will not tell what it cost: what was said of it is guessed."""
        if self._of.endpoint is not None:
            asked = sum(
                len(message["content"]) for message in messages(self._ask, self._settings.sentences, tools=False)
            )
            self._spend(Spent(asked // 4 + 1, len(self.text) // 4 + 1, estimated=True))

    def _delta(self, text: str, *, fresh: bool) -> Delta:
        # What is said after a call does not run into what was said before it.
        if fresh and self.text and not self.text[-1].isspace():
            text = f" {text.lstrip()}"
        self.text += text
        self._deltas += 1
        return Delta(id=self._ask.id, n=self._deltas - 1, text=text)

    def _spend(self, spent: Spent) -> None:
        assert self._of.endpoint is not None
        self._tokens_in += spent.tokens_in
        self._tokens_out += spent.tokens_out
        self._estimated = self._estimated or spent.estimated
        self._cost += self._of.endpoint.cost(spent)

    def _call(self, wanted: Wanted, of: int) -> Call | None:
        try:
            arguments = json.loads(wanted.arguments or "{}")
            packed = msgspec.Raw(msgspec.msgpack.encode(arguments))
        except (ValueError, OverflowError, RecursionError):  # numbers and depths that MessagePack has not, too
            return None
        if not isinstance(arguments, dict) or of > _CALLS:
            return None
        return Call(id=self._ask.id, call=wanted.id, name=wanted.name, arguments=packed)


def _assistant(said: str, wanted: list[Wanted]) -> Message:
    calls = [
        {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
        for each in wanted
    ]
    return {"role": "assistant", "content": said or None, "tool_calls": calls}
