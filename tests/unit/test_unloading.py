"""Engines that rest are let go while memory is short, and come back."""

import threading
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import cast

import anyio
import pytest

import edge.assistant
from edge.bus import Bus
from edge.engine_thread import EngineThread, work_in_hand
from edge.errors import ModelError
from edge.events import EngineReloaded, EngineUnloaded
from edge.session.precedence import Precedence
from edge.unloading import Unloading

pytestmark = pytest.mark.anyio


class Counted:
    """An engine that knows how many of it are there."""

    there = 0

    def __init__(self) -> None:
        type(self).there += 1

    def work(self) -> int:
        return type(self).there

    def close(self) -> None:
        type(self).there -= 1


class Pressed:
    """Memory is short each time that somebody says so."""

    def __init__(self) -> None:
        self.now = anyio.Event()

    async def short(self) -> None:
        await self.now.wait()
        self.now = anyio.Event()


def work(engine: Counted) -> int:
    return engine.work()


async def at_rest() -> None:
    """Returns when no engine is at anything: one that has answered may need a moment to put its pen down."""
    with anyio.fail_after(60):
        while work_in_hand():
            await anyio.sleep(0.001)


@pytest.fixture
async def engine() -> AsyncIterator[EngineThread[Counted]]:
    Counted.there = 0
    async with EngineThread("llm", Counted) as thread:
        await thread.ready()
        await at_rest()
        yield thread
    assert Counted.there == 0


async def test_what_was_let_go_is_built_anew_by_the_next_call(engine: EngineThread[Counted]) -> None:
    assert await engine.unload(0.0)
    assert (Counted.there, engine.unloaded) == (0, True)
    assert not await engine.unload(0.0), "there is none"
    assert await engine.call(work) == 1
    assert not engine.unloaded


async def test_one_that_was_called_lately_stays(engine: EngineThread[Counted]) -> None:
    await engine.call(work)
    await at_rest()
    assert not await engine.unload(60.0)
    assert Counted.there == 1


async def test_one_that_works_is_not_waited_for(engine: EngineThread[Counted]) -> None:
    enough = threading.Event()
    endless = engine.submit(lambda _: enough.wait(120))
    with anyio.fail_after(60):
        assert not await engine.unload(0.0)
    enough.set()
    assert await endless


async def test_none_goes_during_a_turn(engine: EngineThread[Counted]) -> None:
    with engine.reserved():
        with anyio.move_on_after(0.1):
            await engine.unload(0.0)
        assert Counted.there == 1


async def test_where_it_can_not_be_built_anew_the_next_call_tries_again() -> None:
    broken = threading.Event()

    def build() -> Counted:
        if broken.is_set():
            raise ModelError("there is no memory", "wait")
        return Counted()

    async with EngineThread("llm", build) as thread:
        await thread.ready()
        await at_rest()
        assert await thread.unload(0.0)
        broken.set()
        thread.recall()
        with pytest.raises(ModelError):
            await thread.call(work)
        broken.clear()
        assert await thread.call(work) == 1


async def test_what_took_its_place_is_what_comes_back(engine: EngineThread[Counted]) -> None:
    """A voice that was chosen while it runs is not lost with the engine."""

    class Other(Counted):
        there = 0

    engine.exchange(Other(), Other)
    await engine.call(work)
    await at_rest()
    assert await engine.unload(0.0)
    assert await engine.call(type) is Other
    assert (Counted.there, Other.there) == (0, 1)


async def test_the_least_missed_goes_first_and_it_is_told() -> None:
    Counted.there = 0
    bus, pressed = Bus(), Pressed()
    async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
        names = ("llm", "semantic", "tts", "stt")
        engines = [await stack.enter_async_context(EngineThread(name, Counted)) for name in names]
        for engine in engines:
            await engine.ready()
        await at_rest()
        events = stack.enter_context(bus.subscribe())
        tasks.start_soon(Unloading(engines, bus, 1e-6).follow, pressed, 0.0)
        for name in names:
            pressed.now.set()
            with anyio.fail_after(60):
                assert await events.next() == EngineUnloaded(
                    turn="", at=pytest.approx(time.monotonic(), abs=60), engine=name
                )
        assert Counted.there == 0
        # A turn begins: what it needs comes back, the others do not.
        with Precedence(engines[3], engines[2], [engines[1]]).claimed():  # type: ignore[arg-type]
            with anyio.fail_after(60):
                back = {(await events.next()) for _ in range(3)}
        assert {event.engine for event in back if isinstance(event, EngineReloaded)} == {"stt", "tts", "semantic"}
        assert engines[0].unloaded
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("unloaded", [True, False])
async def test_a_house_that_changes_calls_nothing_back(unloaded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does all day: only a turn does."""
    monkeypatch.setattr(edge.assistant, "_LOOK_S", 0.0)
    prepared, looks = [], []
    with anyio.fail_after(60), anyio.CancelScope() as scope:

        def renew() -> bool:
            looks.append(True)
            if len(looks) > 2:
                scope.cancel()
            return True

        running = SimpleNamespace(
            _mind=SimpleNamespace(grammar=SimpleNamespace(renew=renew)),
            _stages=SimpleNamespace(listener=SimpleNamespace(prepare=lambda: prepared.append(True))),
            engines=SimpleNamespace(stt=SimpleNamespace(unloaded=unloaded)),
        )
        await edge.assistant.Assistant.keep_ready(cast(edge.assistant.Assistant, running))
    assert bool(prepared) is not unloaded


async def test_where_none_is_ever_to_go_it_does_not_even_look() -> None:
    with anyio.fail_after(60):
        await Unloading([], Bus(), 0.0).serve()
