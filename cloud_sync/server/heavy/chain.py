"""Several models, asked in order: the next where the one before can't be reached, or has just failed too often.

Once somebody hears an answer there is no going back to another model: what breaks off then stays broken off.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Final

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from cloud_sync.server.heavy.endpoint import Endpoint, EndpointFailed, Streamed
from cloud_sync.server.heavy.prompt import Message
from cloud_sync.server.heavy.settings import HeavySettings

_log: Final = logging.getLogger(__name__)


class AllFailed(Exception):
    """No model has begun to answer."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("no model answers")
        self.timed_out = timed_out


class Round:
    """One round of an answer: which model gives it, and how fast."""

    def __init__(self) -> None:
        self.endpoint: Endpoint | None = None
        self.first_ms: int | None = None
        """To the first piece, over all that were tried."""


class Chain:
    """The models. Use as an async context manager."""

    def __init__(self, settings: HeavySettings) -> None:
        """Raises OSError when the key of one can't be read."""
        self._endpoints = [Endpoint(each) for each in settings.endpoints]
        # What was broken off by whoever listened, or was asked wrongly, says nothing about the model.
        self._breakers = AsyncCircuitBreakerFactory(
            settings.failures,
            settings.rest_s,
            exclude=[asyncio.CancelledError, GeneratorExit, (EndpointFailed, lambda error: error.refused)],
        )

    async def __aenter__(self) -> "Chain":
        await self._breakers.initialize()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for endpoint in self._endpoints:
            await endpoint.aclose()

    def __bool__(self) -> bool:
        return bool(self._endpoints)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], of: Round
    ) -> AsyncGenerator[Streamed, None]:
        """What the first model says that can. ``of`` tells which. One that answered an earlier round of ``of`` goes
        on alone. Raises AllFailed before the first piece, EndpointFailed after it.
        """
        began = time.monotonic()
        timed_out = False
        for endpoint in [of.endpoint] if of.endpoint is not None else self._endpoints:
            try:
                breaker = await self._breakers.get_breaker(endpoint.name)
                async with breaker, aclosing(endpoint.stream(messages, tools)) as pieces:
                    async for piece in pieces:
                        if of.endpoint is None:
                            of.endpoint, of.first_ms = endpoint, round((time.monotonic() - began) * 1000)
                        yield piece
            except OpenedState:
                continue
            except EndpointFailed as error:
                _log.warning("the endpoint %s: %s", endpoint.name, error)
                if of.endpoint is not None:
                    raise
                timed_out = timed_out or error.timed_out
            else:
                return
        raise AllFailed(timed_out=timed_out)
