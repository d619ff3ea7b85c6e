"""The ring: several readers, one writer, nobody in another's way."""

import threading
import time
from collections.abc import Callable

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from edge.audio.ring import LEAD_S, Ring, RingReader
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, AudioChunk, EndOfSound, SoundCut

LEAD = round(LEAD_S / CHUNK_SECONDS)


def chunk(number: int) -> AudioChunk:
    return AudioChunk(np.full(CHUNK_SAMPLES, number, np.int16), number * CHUNK_SECONDS)


def fill(ring: Ring, numbers: range) -> None:
    for number in numbers:
        ring.write(chunk(number))


def record(ring: Ring, chunks: int) -> None:
    """Write a whole recording and end the sound."""
    fill(ring, range(chunks))
    ring.close()


def rest(reader: RingReader) -> list[int]:
    """Numbers of the chunks up to the end of the sound."""
    numbers = []
    while True:
        try:
            numbers.append(int(reader.read(60.0).pcm[0]))
        except EndOfSound:
            return numbers


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("written", "start", "expected"),
    [
        (0, None, []),
        (0, 0.0, []),
        (5, None, []),
        (5, 0.05, [2, 3, 4]),
        (5, 0.041, [2, 3, 4]),
        (5, -1.0, [0, 1, 2, 3, 4]),
        (5, 99.0, []),
        (13, 0.0, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (13, 0.21, [10, 11, 12]),
    ],
)
def test_a_reader_begins_at_the_oldest_chunk_kept_that_ends_after_its_start(
    written: int, start: float | None, expected: list[int]
) -> None:
    ring = Ring(10 * CHUNK_SECONDS)
    fill(ring, range(written))
    reader = ring.reader(start)
    ring.close()
    assert rest(reader) == expected
    assert reader.lost == 0


def test_an_overtaken_reader_loses_the_oldest_and_counts_it_while_others_lose_nothing() -> None:
    ring = Ring(10 * CHUNK_SECONDS)
    slow, quick = ring.reader(), ring.reader()
    for number in range(25):
        ring.write(chunk(number))
        assert quick.read(0).pcm[0] == number
    ring.close()
    assert rest(slow) == list(range(15, 25))
    assert (slow.lost, quick.lost) == (15, 0)


def test_now_is_the_end_of_the_newest_chunk() -> None:
    ring = Ring(1.0)
    assert ring.now == 0.0
    fill(ring, range(3))
    assert ring.now == pytest.approx(0.06)


def test_the_end_comes_after_what_is_left_and_nothing_after_the_end() -> None:
    ring = Ring(1.0)
    reader = ring.reader()
    fill(ring, range(2))
    ring.close()
    ring.close()
    ring.write(chunk(2))
    assert rest(reader) == [0, 1]
    assert rest(ring.reader(0.0)) == [0, 1]


def test_waiting_for_sound_ends_at_the_timeout() -> None:
    reader = Ring(1.0).reader()
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        reader.read(0.05)
    assert 0.04 < time.monotonic() - begun < 60.0


@pytest.mark.parametrize("close", [lambda ring, reader: ring.close(), lambda ring, reader: reader.close()])
def test_a_blocked_read_ends_when_the_ring_or_the_reader_is_closed(
    close: Callable[[Ring, RingReader], None],
) -> None:
    ring = Ring(1.0)
    reader = ring.reader()
    numbers: list[list[int]] = []
    thread = in_thread(lambda: numbers.append(rest(reader)))
    time.sleep(0.05)
    close(ring, reader)
    thread.join(60.0)
    assert numbers == [[]]


def test_a_closed_reader_gets_nothing_more_and_closes_twice() -> None:
    ring = Ring(1.0)
    with ring.reader() as reader:
        fill(ring, range(3))
        reader.close()
    assert rest(reader) == []


@pytest.mark.anyio
async def test_iterating_gets_what_another_thread_writes() -> None:
    ring = Ring(1.0)
    reader = ring.reader()

    def write() -> None:
        for number in range(30):
            ring.write(chunk(number))
            time.sleep(0.002)
        ring.close()

    thread = in_thread(write)
    with anyio.fail_after(60):
        assert [int(item.pcm[0]) async for item in reader] == list(range(30))
    thread.join()


@pytest.mark.anyio
async def test_cancelling_an_iteration_loses_no_chunk() -> None:
    ring = Ring(1.0)
    reader = ring.reader()
    with anyio.move_on_after(0.02):
        await anext(reader)
    ring.write(chunk(0))
    with anyio.fail_after(60):
        assert (await anext(reader)).pcm[0] == 0


@pytest.mark.anyio
async def test_iterating_over_sound_that_waits_leaves_the_loop_its_turn() -> None:
    ring = Ring(20.0)
    reader = ring.reader()
    fill(ring, range(1000))
    ring.close()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        assert len([item async for item in reader]) == 1000
        tasks.cancel_scope.cancel()
    assert turns > 500


@pytest.mark.anyio
async def test_closing_the_reader_ends_its_iteration() -> None:
    ring = Ring(1.0)
    reader = ring.reader()
    async with anyio.create_task_group() as tasks:

        async def close() -> None:
            await anyio.sleep(0.02)
            reader.close()

        tasks.start_soon(close)
        with anyio.fail_after(60):
            assert [item async for item in reader] == []


def test_a_lossless_writer_waits_for_the_first_reader_and_stays_a_lead_ahead_of_the_slowest() -> None:
    ring = Ring(1.0, lossless=True)
    thread = in_thread(lambda: record(ring, 300))
    time.sleep(0.05)
    assert ring.now == 0.0
    slow, quick = ring.reader(), ring.reader()
    for number in range(LEAD):
        assert quick.read(60.0).pcm[0] == number
    with pytest.raises(TimeoutError):
        quick.read(0.05)
    got: list[list[int]] = []
    other = in_thread(lambda: got.append(rest(quick)))
    assert rest(slow) == list(range(300))
    other.join(60.0)
    thread.join(60.0)
    assert got == [list(range(LEAD, 300))]
    assert (slow.lost, quick.lost) == (0, 0)


def test_a_lossless_writer_goes_on_when_the_reader_it_waits_for_is_closed() -> None:
    ring = Ring(1.0, lossless=True)
    idle, reader = ring.reader(), ring.reader()
    thread = in_thread(lambda: record(ring, 100))
    time.sleep(0.05)
    idle.close()
    assert rest(reader) == list(range(100))
    thread.join(60.0)


def test_closing_releases_a_lossless_writer() -> None:
    ring = Ring(1.0, lossless=True)
    thread = in_thread(lambda: fill(ring, range(10)))
    time.sleep(0.02)
    ring.close()
    thread.join(60.0)
    assert not thread.is_alive()


def test_a_reader_pinned_in_the_reading_thread_of_a_lossless_ring_gets_its_whole_pre_roll() -> None:
    ring = Ring(1.0, lossless=True)
    reader = ring.reader()
    in_thread(lambda: record(ring, 200))
    while reader.read(60.0).end < 2.0:
        pass
    command = ring.reader(2.0 - 0.25)
    both: list[list[int]] = []
    other = in_thread(lambda: both.append(rest(reader)))
    assert rest(command) == list(range(87, 200))
    other.join(60.0)
    assert both == [list(range(100, 200))]


def test_a_lossless_ring_must_hold_its_lead() -> None:
    with pytest.raises(ValueError, match="lossless"):
        Ring(LEAD_S, lossless=True)


class TestCut:
    """The microphone is switched off."""

    def test_nothing_of_before_is_kept_and_every_reader_is_told_once(self) -> None:
        ring = Ring(10 * CHUNK_SECONDS)
        behind, ahead = ring.reader(), ring.reader()
        fill(ring, range(4))
        ahead.read_some(4)
        ring.cut()
        for reader in (behind, ahead):
            with pytest.raises(SoundCut):
                reader.read(0)
            with pytest.raises(TimeoutError):
                reader.read(0)
        fill(ring, range(4, 6))
        assert [chunk.pcm[0] for chunk in behind.read_some(2)] == [4, 5]
        assert behind.lost == ahead.lost == 0

    def test_whoever_reads_from_before_the_cut_gets_what_came_after(self) -> None:
        ring = Ring(10 * CHUNK_SECONDS)
        fill(ring, range(4))
        ring.cut()
        assert ring.now == pytest.approx(4 * CHUNK_SECONDS), "time does not run back"
        fill(ring, range(4, 6))
        assert [chunk.pcm[0] for chunk in ring.reader(0.0).read_some(2)] == [4, 5]

    def test_whoever_begins_while_it_is_off_does_not_wait_for_ever(self) -> None:
        ring = Ring(1.0)
        ring.cut()
        with pytest.raises(SoundCut):
            ring.reader().read(5.0)

    def test_a_blocked_thread_goes_on(self) -> None:
        ring = Ring(1.0)
        reader, ended = ring.reader(), threading.Event()

        def read() -> None:
            with pytest.raises(SoundCut):
                reader.read_some(3)
            ended.set()

        thread = in_thread(read)
        fill(ring, range(1))
        ring.cut()
        thread.join(60.0)
        assert ended.is_set()

    @pytest.mark.anyio
    async def test_a_waiting_coroutine_goes_on(self) -> None:
        ring = Ring(1.0)
        reader, cut = ring.reader(), anyio.Event()

        async def read() -> None:
            with pytest.raises(SoundCut):
                await anext(aiter(reader))
            cut.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.lowlevel.checkpoint()
            ring.cut()
            with anyio.fail_after(60):
                await cut.wait()
