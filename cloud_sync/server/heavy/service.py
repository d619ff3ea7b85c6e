"""Heavy questions of all devices: asked live, or kept on a device until there was a link.

One question is one task, which goes on when the device vanishes: the answer is kept for it until it is taken.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, TypeAlias

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.event import Kind
from cloud_sync.protocol.messages import Answer, Ask, Call, Called, Delta, FromServer
from cloud_sync.server.heavy.answering import Answerer, Emit, refused
from cloud_sync.server.heavy.settings import HeavySettings
from cloud_sync.server.heavy.store import Job, Store
from cloud_sync.server.ports import Applier, CannotApply, Received

_log: Final = logging.getLogger(__name__)
_NO_RESULT: Final = "Not done: the device did not answer in time."
_POLL_S: Final = 5.0
"""How often a worker looks for kept questions that another one took in, or that are due again."""
_AGAIN_S: Final = 30.0
_AGAIN_MAX_S: Final = 3_600.0
_DOUBLED: Final = 16
"""Times, at most: a question may wait for a year, and a float for no more than 1,024."""
_TRIES: Final = 20
"""Of a kept question that never expires."""
_CUT_TRIES: Final = 3
"""Of one whose answers break off."""

Said: TypeAlias = Delta | Call | Answer
Tell: TypeAlias = Callable[[str, str, FromServer], None]
"""Says something to a device of a house, if it is connected to any worker."""
_Key: TypeAlias = tuple[str, str, str]
"""House, device, id of the question."""


class HeavyService:
    """The one :class:`cloud_sync.server.ports.Heavy`. Use as an async context manager: at its end, what runs stops."""

    def __init__(self, settings: HeavySettings, answerer: Answerer, store: Store) -> None:
        self._settings, self._answerer, self._store = settings, answerer, store
        self._running: dict[_Key, asyncio.Task[Answer]] = {}
        self._waiting: dict[tuple[_Key, str], asyncio.Future[str]] = {}
        self._queued = asyncio.Event()
        whole_s = max((each.whole_s for each in settings.endpoints), default=60.0)
        self._lease_s = 2 * whole_s + 30.0

    async def __aenter__(self) -> "HeavyService":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- what connections say --------------------------------------------------------------------------------------

    async def ask(self, house: str, device: str, ask: Ask) -> AsyncIterator[Said]:
        """Everything that is said to ``ask``, in order; the answer comes last, and is kept until it is taken."""
        key = house, device, ask.id
        if (known := await self._store.find(*key)) is not None:
            yield known
            return
        if key in self._running:
            # Asked again over a new link: what is still to come of the answer finds its way there by itself.
            return
        said: asyncio.Queue[Delta | Call | None] = asyncio.Queue()
        task = self._start(key, ask, said.put_nowait)
        task.add_done_callback(lambda _: said.put_nowait(None))
        while (one := await said.get()) is not None:
            yield one
        if not task.cancelled():
            yield await self._live(key, ask, task)

    async def called(self, house: str, device: str, called: Called) -> bool:
        """What the device did. False: nobody here waits for it."""
        waiting = self._waiting.get(((house, device, called.id), called.call))
        if waiting is None or waiting.done():
            return False
        waiting.set_result(called.content)
        return True

    async def cancel(self, house: str, device: str, id_: str) -> bool:
        """Nobody listens any more. False: it is not answered here."""
        await self._store.taken(house, device, id_)
        task = self._running.get((house, device, id_))
        return task is not None and task.cancel()

    async def taken(self, house: str, device: str, id_: str) -> None:
        """The device keeps the answer itself now."""
        await self._store.taken(house, device, id_)

    async def waiting(self, connection: AsyncConnection, houses: Sequence[str], devices: Sequence[str]) -> set[str]:
        """Those of ``devices`` that have not taken some, in a transaction of their houses."""
        return await self._store.waiting(connection, houses, devices)

    async def kept(self, house: str, device: str) -> Sequence[Answer]:
        """What the device has not taken yet."""
        return await self._store.kept(house, device)

    # -- events: questions that waited for a link ------------------------------------------------------------------

    @property
    def appliers(self) -> Mapping[str, Applier]:
        """What takes events in, by kind."""
        return {Kind.QUESTION: self}

    async def apply(self, connection: AsyncConnection, received: Received) -> None:
        """A question is queued. Raises CannotApply."""
        try:
            ask = msgspec.msgpack.decode(received.event.body, type=Ask)
        except (msgspec.DecodeError, RecursionError) as error:
            raise CannotApply(Code.MALFORMED, f"not a question: {error}") from None
        # What would be done hours later is not done: tools are for questions that somebody waits for.
        alone = msgspec.structs.replace(ask, tools=(), state=())
        await self._store.queue(connection, received.house, received.device, alone)

    async def applied(self, received: Sequence[Received]) -> None:
        """Somebody may begin."""
        self._queued.set()

    async def serve(self, tell: Tell) -> None:
        """Answer what is queued until cancelled. ``tell`` is told each answer, which is kept before."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._settings.workers):
                workers.create_task(self._work(tell))

    async def _work(self, tell: Tell) -> None:
        while True:
            self._queued.clear()
            try:
                while (taken := await self._store.take(self._lease_s)) is not None:
                    await self._answer_kept(*taken, tell)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("the store does not answer: %s", type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._queued.wait()

    async def _answer_kept(self, job: Job, ask: Ask, tell: Tell) -> None:
        key = job.house, job.device, job.id
        if key in self._running:
            # It is just answered live; where that fails, the job is due again.
            return
        task = self._start(key, ask, lambda _: None)
        await asyncio.wait([task])
        if task.cancelled():
            await self._store.drop(*key)
            return
        answer = task.result()
        tries = _TRIES if answer.finish == "refused" else _CUT_TRIES
        again = answer.finish != "stop" and (job.tries + 1 < tries or (answer.finish == "refused" and job.expires_ms))
        if again:
            await self._store.put_off(job, min(_AGAIN_MAX_S, _AGAIN_S * 2.0 ** min(job.tries, _DOUBLED)))
        else:
            await self._store.keep(job.house, job.device, answer)
            tell(job.house, job.device, answer)

    # -- one question ----------------------------------------------------------------------------------------------

    def _start(self, key: _Key, ask: Ask, emit: Emit) -> asyncio.Task[Answer]:
        house, device, _ = key

        async def result(call: Call) -> str:
            return await self._result(key, call)

        work = self._answerer.answer(house, device, ask, emit, result)
        task = self._running[key] = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(lambda _: self._running.pop(key, None))
        return task

    async def _live(self, key: _Key, ask: Ask, task: asyncio.Task[Answer]) -> Answer:
        try:
            answer = task.result()
            if answer.finish != "refused":
                # Kept first: whoever was told it may vanish before it is kept there.
                await self._store.keep(key[0], key[1], answer)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("the store does not answer: %s", type(error).__name__)
            return refused(ask, Code.BUSY, "the store does not answer")
        return answer

    async def _result(self, key: _Key, call: Call) -> str:
        """What the device did, once it says so."""
        waiting = self._waiting[key, call.call] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._settings.tool_s):
                content: str = await waiting
                return content
        except TimeoutError:
            return _NO_RESULT
        finally:
            del self._waiting[key, call.call]
