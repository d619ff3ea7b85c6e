"""One question from its admission to its bill: within the limits of the house, from what is known, else by a model."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Final, TypeAlias

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.messages import Answer, Ask, Call, Delta
from cloud_sync.server.heavy.budget import Budget, Cost, Refused
from cloud_sync.server.heavy.cache import Cache
from cloud_sync.server.heavy.chain import AllFailed, Chain
from cloud_sync.server.heavy.dialogue import Dialogue, Result
from cloud_sync.server.heavy.endpoint import EndpointFailed
from cloud_sync.server.heavy.metrics import HeavyMeter
from cloud_sync.server.heavy.settings import HeavySettings
from cloud_sync.server.heavy.tracing import NoTracing, Tracing

Emit: TypeAlias = Callable[[Delta | Call], None]
CANCELLED: Final = "cancelled"


class Answerer:
    """Answers questions; keeps nothing but what they cost, and what serves again."""

    def __init__(
        self,
        settings: HeavySettings,
        chain: Chain,
        budget: Budget,
        cache: Cache,
        meter: HeavyMeter,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        tracing: Tracing | None = None,
    ) -> None:
        """``now_ms``: milliseconds since the epoch. ``tracing`` None: nobody makes traces."""
        self._tracing: Tracing = tracing or NoTracing()
        self._settings, self._chain, self._budget, self._cache = settings, chain, budget, cache
        self._meter, self._now_ms = meter, now_ms

    async def answer(self, house: str, device: str, ask: Ask, emit: Emit, result: Result) -> Answer:
        """The whole answer, or why there is none. ``emit`` is given what comes before; ``result`` waits for a call's.

        Cancelling stops the model; what it has cost until then is written down.
        """
        with self._tracing.span("heavy question", ask.traceparent) as note:
            answer = await self._answer(house, device, ask, emit, result)
            note(outcome=answer.code or answer.finish, model=answer.model, cached=answer.cached)
            return answer

    async def _answer(self, house: str, device: str, ask: Ask, emit: Emit, result: Result) -> Answer:
        if ask.expires_ms and ask.expires_ms <= self._now_ms():
            return refused(ask, Code.TIMEOUT, "nobody wants to know any more")
        if not self._chain:
            return refused(ask, Code.UNAVAILABLE, "no model is configured")
        try:
            with self._tracing.span("quota"):
                number = await self._budget.admit(house, device)
        except Refused as error:
            self._meter.settled(Code.QUOTA, Cost())
            return refused(ask, Code.QUOTA, f"this home has come to its limit: {error.what}")
        with self._meter.running.track_inprogress():
            return await self._admitted(house, device, number, ask, emit, result)

    async def _admitted(self, house: str, device: str, number: int, ask: Ask, emit: Emit, result: Result) -> Answer:
        dialogue = Dialogue(self._chain, self._settings, ask, result)
        outcome, cost = CANCELLED, None
        try:
            with self._tracing.span("cache") as note:
                meaning = await self._cache.meaning(ask)
                found = await self._cache.find(house, ask.language, meaning) if meaning is not None else None
                note(found=found is not None)
            if found is not None:
                text, model = found
                cost = replace(dialogue.cost(), model=model, cached=True)
                emit(Delta(id=ask.id, n=0, text=text))
                answer = Answer(id=ask.id, text=text, model=model, cached=True)
            else:
                with self._tracing.span("model") as note:
                    answer = await self._told(ask, dialogue, emit)
                    first_ms = dialogue.cost().first_ms
                    note(model=answer.model, tokens_in=answer.tokens_in, tokens_out=answer.tokens_out)
                    note(**({"first_ms": first_ms} if first_ms is not None else {}))
                if meaning is not None and answer.finish == "stop" and answer.text and not dialogue.called:
                    await self._cache.put(house, device, ask, meaning, answer.text, answer.model)
            outcome = answer.code or answer.finish
            return answer
        finally:
            if outcome == CANCELLED:
                dialogue.break_off()
            await asyncio.shield(self._settle(house, number, outcome, cost or dialogue.cost()))

    async def _told(self, ask: Ask, dialogue: Dialogue, emit: Emit) -> Answer:
        finish = "stop"
        try:
            async with aclosing(dialogue.run()) as pieces:
                async for piece in pieces:
                    emit(piece)
        except AllFailed as error:
            if not dialogue.text:
                code = Code.TIMEOUT if error.timed_out else Code.UNAVAILABLE
                return refused(ask, code, "no model answers now")
            finish = "cut"
        except EndpointFailed:
            dialogue.break_off()
            finish = "cut"
        cost = dialogue.cost()
        return Answer(
            id=ask.id,
            text=dialogue.text,
            finish=finish,
            model=cost.model,
            tokens_in=cost.tokens_in,
            tokens_out=cost.tokens_out,
        )

    async def _settle(self, house: str, number: int, outcome: str, cost: Cost) -> None:
        self._meter.settled(outcome, cost)
        await self._budget.settle(house, number, outcome, cost)


def refused(ask: Ask, code: Code, why: str) -> Answer:
    """No answer. ``why``: for a log."""
    return Answer(id=ask.id, text="", finish="refused", code=code.value, message=why)
