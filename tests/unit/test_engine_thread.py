"""A thread that owns one engine."""

import asyncio
import threading
from contextlib import AsyncExitStack

import anyio
import pytest

from edge.engine_thread import EngineThread
from edge.errors import ModelError

pytestmark = pytest.mark.anyio


class Counter:
    """An engine that remembers which threads touched it."""

    def __init__(self) -> None:
        self.threads = {threading.get_ident()}
        self.closed = False

    def work(self) -> int:
        self.threads.add(threading.get_ident())
        return len(self.threads)

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed = True


async def test_one_thread_builds_calls_and_closes() -> None:
    built: list[Counter] = []

    def build() -> Counter:
        built.append(Counter())
        return built[0]

    async with EngineThread("test", build) as thread:
        assert await thread.call(lambda engine: engine.work()) == 1
        await thread.ready()
    assert built[0].closed
    assert built[0].threads != {threading.get_ident()}
    assert len(built[0].threads) == 1


async def test_an_engine_is_ready_also_while_it_is_busy_with_what_has_no_end() -> None:
    enough = threading.Event()
    async with EngineThread("test", Counter) as thread:
        await thread.ready()
        endless = thread.submit(lambda engine: enough.wait(120))
        with anyio.fail_after(60):
            await thread.ready()
        assert not endless.done()
        enough.set()
        assert await endless


async def test_the_event_loop_runs_on_while_an_engine_works() -> None:
    enough = threading.Event()
    async with EngineThread("test", Counter) as thread:
        work = thread.submit(lambda engine: enough.wait(60))
        for _ in range(8):
            await anyio.sleep(0.01)
            assert not work.done()
        enough.set()
        assert await work, "it was waited for, not given up"


async def test_what_building_raises_comes_out_of_every_call() -> None:
    def build() -> Counter:
        raise ModelError("the model is missing", "fetch it")

    async with EngineThread("test", build) as thread:
        for _ in range(2):
            with pytest.raises(ModelError, match="missing"):
                await thread.call(lambda engine: engine.work())


async def test_work_that_is_cancelled_before_it_began_is_never_done() -> None:
    async with EngineThread("test", Counter) as thread:
        done: list[str] = []
        enough = threading.Event()
        first = thread.submit(lambda engine: enough.wait(60))
        second = thread.submit(lambda engine: done.append("second"))
        second.cancel()
        enough.set()
        await first
        await thread.ready()
    assert done == []


async def test_leaving_does_not_wait_for_a_stuck_engine() -> None:
    begun, enough, ended = threading.Event(), threading.Event(), threading.Event()

    def hang(engine: Counter) -> None:
        begun.set()
        enough.wait(60)
        ended.set()

    async with EngineThread("test", Counter) as thread:
        stuck = thread.submit(hang)
        await asyncio.to_thread(begun.wait)
        stuck.cancel()
    assert not ended.is_set()
    enough.set()
    assert await asyncio.to_thread(ended.wait, 60)


async def test_a_failed_call_leaves_the_engine_usable() -> None:
    def fail(engine: Counter) -> int:
        raise ValueError(engine.work())

    async with EngineThread("test", Counter) as thread:
        with pytest.raises(ValueError, match="1"):
            await thread.call(fail)
        assert await asyncio.wait_for(thread.call(lambda engine: engine.work()), 60) == 1


async def test_who_waits_behind_comes_after_everybody_else() -> None:
    done: list[str] = []
    enough = threading.Event()
    async with EngineThread("test", Counter) as thread:
        begun = thread.submit(lambda engine: enough.wait(60))
        behind = [thread.behind.submit(lambda engine, name=name: done.append(name)) for name in ("third", "fourth")]
        first = [thread.submit(lambda engine, name=name: done.append(name)) for name in ("first", "second")]
        enough.set()
        await asyncio.gather(begun, *behind, *first)
    assert done == ["first", "second", "third", "fourth"]


async def test_while_it_is_reserved_nothing_from_behind_is_begun() -> None:
    async with EngineThread("test", Counter) as thread:
        with thread.reserved(), thread.reserved():
            behind = thread.behind.submit(lambda engine: engine.work())
            await thread.call(lambda engine: engine.work())
            await thread.ready()
            assert not behind.done()
        assert await asyncio.wait_for(behind, 60) == 1


async def test_a_lazy_one_is_built_by_the_first_call_and_leaving_without_any_is_nothing() -> None:
    built: list[Counter] = []

    def build() -> Counter:
        built.append(Counter())
        return built[0]

    async with EngineThread("test", build, lazy=True):
        pass
    assert built == []
    async with EngineThread("test", build, lazy=True) as thread:
        assert await thread.behind.call(lambda engine: engine.work()) == 1
    assert built[0].closed


async def test_what_waits_when_it_is_left_is_still_done() -> None:
    async with EngineThread("test", Counter) as thread, AsyncExitStack() as stack:
        stack.enter_context(thread.reserved())
        behind = thread.behind.submit(lambda engine: engine.work())
        leaving = asyncio.create_task(thread.__aexit__(None, None, None))
        assert await asyncio.wait_for(behind, 60) == 1
        await leaving


class Clinging(Counter):
    """Can't be closed."""

    def close(self) -> None:
        super().close()
        raise OSError("the device does not let go")


async def test_an_engine_that_cannot_be_closed_is_told_and_the_next_one_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    built: list[Clinging] = []

    def build() -> Clinging:
        built.append(Clinging())
        return built[-1]

    async with EngineThread[Counter]("test", build) as thread:
        await thread.ready()
        with anyio.fail_after(30):
            while not await thread.unload(rested_s=0.0):  # the future is done a moment before the job's end
                await anyio.sleep(0.001)
            assert await thread.call(lambda engine: engine is built[1])
            thread.exchange(Counter(), Counter)
            assert not await thread.call(lambda engine: engine in built)
    assert [engine.closed for engine in built] == [True, True]
    assert caplog.text.count("test: the engine could not be closed") == 2
