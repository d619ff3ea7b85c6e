"""What the lights show as things happen."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import pytest

from edge.bus import Bus
from edge.engine_thread import EngineThread
from edge.errors import HardwareError
from edge.events import AnyEvent, Fault, Rang, RingingEnded, SpeakingStarted, SpeechEnded, Woke
from edge.panel import Cue, Showing
from edge.ports import Panel
from edge.session.lights import Lights, Seen, seen_after
from edge.session.listening import Listening

pytestmark = pytest.mark.anyio

WOKE = Woke(turn="1", at=0.0, word="alexa", score=1.0)
HEARD = SpeechEnded(turn="1", at=0.0, speech_end=0.0)
SPEAKS = SpeakingStarted(turn="1", at=0.0)
RINGS, QUIET = Rang(turn="", at=0.0, text=""), RingingEnded(turn="", at=0.0, text="", how="stopped")
WRONG = Fault(turn="", at=0.0, code="x", stage="x", message="")


@pytest.mark.parametrize(
    ("story", "later_s", "online", "listening", "cue"),
    [
        ([], 0.0, True, True, Cue.IDLE),
        ([], 0.0, True, False, Cue.MUTED),
        ([], 0.0, False, True, Cue.OFFLINE),
        ([], 0.0, False, False, Cue.MUTED),
        ([WOKE], 0.0, False, True, Cue.LISTENING),
        ([WOKE, HEARD], 0.0, True, True, Cue.THINKING),
        ([WOKE, HEARD, SPEAKS], 0.0, True, False, Cue.SPEAKING),
        ([RINGS], 0.0, True, False, Cue.RINGING),
        ([RINGS, QUIET], 0.0, True, False, Cue.MUTED),
        ([WRONG], 2.9, True, True, Cue.FAULT),
        ([WRONG], 2.9, True, False, Cue.FAULT),
        ([WRONG], 3.1, True, True, Cue.IDLE),
        ([WRONG, WOKE], 1.0, True, True, Cue.LISTENING),
    ],
)
def test_the_cue(story: list[AnyEvent], later_s: float, online: bool, listening: bool, cue: Cue) -> None:
    seen = Seen()
    for event in story:
        seen = seen_after(seen, event, 100.0)
    found, at_most_s = seen.cue(100.0 + later_s, online=online, listening=listening)
    assert found is cue
    assert at_most_s == (pytest.approx(3.0 - later_s) if cue is Cue.FAULT else None)


class Wall:
    """A panel that writes down what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Showing] = []
        self.gone = self.closed = False
        self.found = ("a wall",)

    def show(self, showing: Showing) -> None:
        if self.gone:
            raise HardwareError("the wall is gone", "build it")
        self.shown.append(showing)

    def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def lit(*walls: Wall) -> AsyncIterator[tuple[Bus, Listening]]:
    bus = Bus()
    listening = Listening(bus)
    async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
        panels = [await stack.enter_async_context(thread(wall)) for wall in walls]
        tasks.start_soon(Lights(panels, lambda: True, listening=listening).follow, bus)
        with anyio.fail_after(60):
            await until(walls[0], Cue.IDLE)
            yield bus, listening
        tasks.cancel_scope.cancel()
    assert all(wall.closed for wall in walls)


def thread(wall: Wall) -> EngineThread[Panel]:
    return EngineThread("wall", lambda: wall)


async def until(wall: Wall, cue: Cue) -> None:
    while not wall.shown or wall.shown[-1].cue is not cue:
        await anyio.sleep(0.005)


async def test_it_follows_the_events_and_is_told_nothing_while_nothing_changes() -> None:
    wall = Wall()
    async with lit(wall) as (bus, listening):
        bus.emit(WOKE)
        await until(wall, Cue.LISTENING)
        await anyio.sleep(0.3)
        assert [showing.cue for showing in wall.shown] == [Cue.IDLE, Cue.LISTENING]
        bus.emit(HEARD)
        await until(wall, Cue.THINKING)
        before, begun = len(wall.shown), anyio.current_time()
        while len(wall.shown) - before < 10:
            await anyio.sleep(0.005)
        assert len(wall.shown) - before <= 30 * (anyio.current_time() - begun) + 1, "at most 30 times a second"
        bus.emit(RINGS)
        bus.emit(SPEAKS)
        await until(wall, Cue.SPEAKING)
        listening.set(False)
        assert not listening.on


async def test_mute_is_shown_even_when_the_event_was_lost() -> None:
    wall = Wall()
    async with lit(wall) as (bus, listening):
        listening._bus = Bus()
        listening.set(False)
        bus.emit(QUIET)
        await until(wall, Cue.MUTED)


async def test_a_panel_that_fails_is_told_of_once_and_the_other_goes_on() -> None:
    broken, whole = Wall(), Wall()
    async with lit(whole, broken) as (bus, _):
        await until(broken, Cue.IDLE)
        broken.gone = True
        with bus.subscribe() as events:
            bus.emit(WOKE)
            await until(whole, Cue.LISTENING)
            bus.emit(HEARD)
            await until(whole, Cue.THINKING)
            faults = [event for event in events.pending() if isinstance(event, Fault)]
        assert [fault.code for fault in faults] == ["hardware"]
    assert [showing.cue for showing in broken.shown] == [Cue.IDLE]
