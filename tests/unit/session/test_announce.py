"""What is heard unasked: when, how often, and who ends it."""

import datetime
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest

from edge.bus import Bus
from edge.chunk import Pcm
from edge.engine_thread import EngineThread
from edge.errors import AudioError
from edge.events import Announced, AnyEvent, Fault, Rang, RingingEnded
from edge.intents import Phrase
from edge.ports import RingingEnd, Silenced, TtsEngine
from edge.session.announce import Announcements
from edge.session.chime import chime
from edge.session.floor import Floor
from edge.speak.speak import Voice
from edge.speak.wording import Wording
from tests.virtual_time import VirtualTime, settle

pytestmark = pytest.mark.anyio

HELLO, SORRY = Phrase("handed_over"), Phrase("fault")
RATE = 16_000


class Letters:
    """A voice of one sample a letter, so that sound can be told apart."""

    rate = RATE

    def synthesize(self, sentence: str) -> Pcm:
        return np.frombuffer(sentence.encode(), np.uint8).astype(np.int16)

    def close(self) -> None:
        pass


class Heard:
    """A loudspeaker that takes virtual time to play, and writes down what was heard to its end."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self.heard: list[str] = []
        self.broken = False

    async def play(self, pcm: Pcm, rate: int) -> None:
        if self.broken:
            raise AudioError("the loudspeaker is gone", "plug it in")
        await self._time.sleep(1.0)
        self.heard.append("chime" if len(pcm) == len(chime(RATE)) else pcm.astype(np.uint8).tobytes().decode())

    async def finish(self) -> None:
        await settle()


class Room:
    def __init__(self, sink: Heard, floor: Floor, time: VirtualTime, bus: Bus, announcer: Announcements) -> None:
        self.sink, self.floor, self.time, self.bus, self.announcer = sink, floor, time, bus, announcer
        self.over: list[Silenced] = []

    async def told(self, silenced: Silenced) -> None:
        self.over.append(silenced)


@asynccontextmanager
async def room(*, speaks: bool = True, area: str | None = None) -> AsyncIterator[Room]:
    time = VirtualTime(datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC))
    sink, floor, bus = Heard(time), Floor(), Bus()
    build: Callable[[], TtsEngine] = Letters
    async with EngineThread[TtsEngine]("tts", build) as tts:
        voice = Voice(tts, sink) if speaks else None
        announcer = Announcements(floor, Wording("en"), bus, voice, area, sleep=time.sleep)
        yield Room(sink, floor, time, bus, announcer)


async def test_it_rings_until_stopped() -> None:
    async with room() as here, anyio.create_task_group() as tasks:
        with here.bus.subscribe() as events:
            tasks.start_soon(here.announcer.ring, HELLO, here.told)
            await here.time.advance(9, 0.5)
            assert here.sink.heard[:6] == ["chime", "chime", "I passed that on.", "chime", "chime", "I passed that on."]
            assert here.announcer.ringing == HELLO
            assert await here.announcer.silence(Silenced(RingingEnd.STOPPED)) == HELLO
            said = len(here.sink.heard)
            await here.time.advance(30)
            assert len(here.sink.heard) == said
            assert here.over == [Silenced(RingingEnd.STOPPED)]
            assert here.announcer.ringing is None
            assert await here.announcer.silence(Silenced(RingingEnd.STOPPED)) is None
            kinds: list[AnyEvent] = events.pending()
            assert [type(event) for event in kinds] == [Rang, RingingEnded]


async def test_after_ten_minutes_it_gives_up_and_says_so_to_its_owner() -> None:
    async with room() as here, anyio.create_task_group() as tasks:
        tasks.start_soon(here.announcer.ring, HELLO, here.told)
        await here.time.advance(599, 5)
        assert here.over == []
        await here.time.advance(10, 1)
        assert here.over == [Silenced(RingingEnd.UNHEARD)]


async def test_two_ring_one_after_the_other() -> None:
    async with room() as here, anyio.create_task_group() as tasks:
        tasks.start_soon(here.announcer.ring, HELLO, here.told)
        await settle()
        tasks.start_soon(here.announcer.ring, SORRY, here.told)
        await here.time.advance(10, 0.5)
        assert not any("Sorry" in text for text in here.sink.heard)
        await here.announcer.silence(Silenced(RingingEnd.STOPPED))
        await here.time.advance(5, 0.5)
        assert here.sink.heard[-1] == "Sorry, something went wrong."
        await here.announcer.silence(Silenced(RingingEnd.SNOOZED, 60.0))
        await settle()
    assert here.over == [Silenced(RingingEnd.STOPPED), Silenced(RingingEnd.SNOOZED, 60.0)]


async def test_a_turn_hushes_what_rings_and_it_goes_on_afterwards() -> None:
    async with room() as here, anyio.create_task_group() as tasks:
        tasks.start_soon(here.announcer.ring, HELLO, here.told)
        await here.time.advance(1.5, 0.5)
        with here.floor.turn():
            await settle()
            before = list(here.sink.heard)
            await here.time.advance(20)
            assert here.sink.heard == before, "nothing sounds while somebody speaks to us"
            assert here.announcer.ringing == HELLO, "and stop still means this"
        await here.time.advance(6, 0.5)
        assert here.sink.heard[len(before) :][:3] == ["chime", "chime", "I passed that on."]
        tasks.cancel_scope.cancel()


async def test_an_announcement_waits_for_the_end_of_the_turn() -> None:
    async with room() as here, anyio.create_task_group() as tasks:
        with here.floor.turn():
            tasks.start_soon(here.announcer.announce, HELLO)
            await here.time.advance(5)
            assert here.sink.heard == []
        await here.time.advance(2, 0.5)
        assert here.sink.heard == ["I passed that on."]


async def test_a_spoken_message_is_chimed_named_and_played_from_its_beginning_after_a_turn() -> None:
    message, told = np.frombuffer(b"hello there", np.uint8).astype(np.int16), []

    async with room() as here, anyio.create_task_group() as tasks:

        async def pass_on() -> None:
            told.append(await here.announcer.pass_on(HELLO, message))

        async def heard(count: int) -> None:
            with anyio.fail_after(60):
                while len(here.sink.heard) < count:
                    await here.time.advance(0.5)

        tasks.start_soon(pass_on)
        await heard(2)
        with here.floor.turn():
            await here.time.advance(5)
            assert told == []
        assert here.sink.heard == ["chime", "I passed that on."]
        await heard(5)
        await settle()
        assert here.sink.heard[2:] == ["chime", "I passed that on.", "hello there"]
        assert told == [True]


async def test_a_spoken_message_that_was_not_heard_is_not_said_to_be() -> None:
    message = np.ones(9, np.int16)
    async with room(speaks=False) as here:
        assert not await here.announcer.pass_on(HELLO, message)
    async with room() as here, anyio.create_task_group() as tasks:
        told: list[bool] = []

        async def pass_on() -> None:
            told.append(await here.announcer.pass_on(HELLO, message))

        tasks.start_soon(pass_on)
        await here.time.advance(1.5, 0.5)
        assert here.floor.dismiss()
        await settle()
        here.sink.broken = True
        tasks.start_soon(pass_on)
        await here.time.advance(10, 0.5)
        assert told == [False, False]


async def test_an_announcement_in_between_two_rounds_of_ringing() -> None:
    async with room() as here, anyio.create_task_group() as tasks:
        tasks.start_soon(here.announcer.ring, HELLO, here.told)
        await here.time.advance(0.5, 0.5)
        tasks.start_soon(here.announcer.announce, SORRY)
        await here.time.advance(8, 0.5)
        assert here.sink.heard[:4] == ["chime", "chime", "I passed that on.", "Sorry, something went wrong."]
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(("area", "heard"), [(None, True), ("Kitchen", True), ("Attic", False)])
async def test_an_announcement_for_another_room_is_an_event_alone(area: str | None, heard: bool) -> None:
    async with room(area="Kitchen") as here, anyio.create_task_group() as tasks:
        with here.bus.subscribe() as events:
            tasks.start_soon(here.announcer.announce, HELLO, area)
            await here.time.advance(2, 0.5)
            assert bool(here.sink.heard) is heard
            (event,) = events.pending()
            assert isinstance(event, Announced)
            assert (event.text, event.area) == ("I passed that on.", area)


async def test_without_a_loudspeaker_all_of_it_is_events() -> None:
    async with room(speaks=False) as here, anyio.create_task_group() as tasks:
        with here.bus.subscribe() as events:
            await here.announcer.announce(HELLO)
            tasks.start_soon(here.announcer.ring, SORRY, here.told)
            await here.time.advance(5)
            assert await here.announcer.silence(Silenced(RingingEnd.STOPPED)) == SORRY
            assert [type(event) for event in events.pending()] == [Announced, Rang, RingingEnded]


async def test_a_broken_loudspeaker_is_reported_and_ringing_goes_on_when_it_is_back() -> None:
    async with room() as here, anyio.create_task_group() as tasks:
        here.sink.broken = True
        with here.bus.subscribe() as events:
            tasks.start_soon(here.announcer.ring, HELLO, here.told)
            await here.time.advance(1)
            here.sink.broken = False
            await here.time.advance(10)
            assert [event.code for event in events.pending() if isinstance(event, Fault)] == ["audio"]
        assert "I passed that on." in here.sink.heard
        tasks.cancel_scope.cancel()


def test_the_chime_is_pleasant_to_a_loudspeaker() -> None:
    pcm = chime(22_050)
    assert pcm.dtype == np.int16
    assert 8_000 < np.abs(pcm).max() < 16_000
    assert abs(int(pcm[0])) < 50, "no click at its beginning"
    assert abs(int(pcm[-1])) < 50, "nor at its end"


async def test_what_is_dismissed_is_not_said_again_and_the_next_is() -> None:
    async with room() as here, anyio.create_task_group() as tasks:
        assert not here.floor.dismiss(), "nothing is said"
        tasks.start_soon(here.announcer.announce, HELLO)
        tasks.start_soon(here.announcer.announce, SORRY)
        await settle()
        assert here.floor.dismiss()
        await here.time.advance(5, 0.5)
        assert here.sink.heard == ["Sorry, something went wrong."]
        assert not here.floor.dismiss()
