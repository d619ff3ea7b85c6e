"""Several chunks at once from the ring."""

import threading
import time

import numpy as np
import pytest

from edge.audio.ring import Ring, RingReader
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, AudioChunk, EndOfSound


def chunk(number: int) -> AudioChunk:
    return AudioChunk(np.full(CHUNK_SAMPLES, number, np.int16), number * CHUNK_SECONDS)


def numbers(chunks: list[AudioChunk]) -> list[int]:
    return [int(chunk.pcm[0]) for chunk in chunks]


def test_as_many_as_asked_for_and_fewer_at_the_end() -> None:
    ring = Ring(1.0)
    reader = ring.reader()
    for number in range(5):
        ring.write(chunk(number))
    ring.close()
    assert numbers(reader.read_some(3)) == [0, 1, 2]
    assert numbers(reader.read_some(3)) == [3, 4]
    with pytest.raises(EndOfSound):
        reader.read_some(3)


def test_it_waits_until_all_are_there() -> None:
    ring = Ring(1.0)
    reader = ring.reader()
    got: list[list[int]] = []
    thread = threading.Thread(target=lambda: got.append(numbers(reader.read_some(3))))
    thread.start()
    for number in range(3):
        assert got == []
        ring.write(chunk(number))
        time.sleep(0.02)
    thread.join(60)
    assert got == [[0, 1, 2]]


@pytest.mark.parametrize("end", [Ring.close, None])
def test_a_blocked_reader_ends_with_the_sound_or_when_it_is_closed(end: object) -> None:
    ring = Ring(1.0)
    reader = ring.reader()
    ended = threading.Event()

    def read(reader: RingReader) -> None:
        try:
            reader.read_some(3)
        except EndOfSound:
            ended.set()

    thread = threading.Thread(target=read, args=(reader,))
    thread.start()
    time.sleep(0.05)
    if end is None:
        reader.close()
    else:
        ring.close()
    assert ended.wait(60)
    thread.join(60)


def test_a_lossless_writer_and_a_reader_of_several_do_not_wait_for_each_other() -> None:
    ring = Ring(1.0, lossless=True)
    reader = ring.reader()

    def write() -> None:
        for number in range(200):
            ring.write(chunk(number))
        ring.close()

    thread = threading.Thread(target=write)
    thread.start()
    got: list[int] = []
    while len(got) < 200:
        got += numbers(reader.read_some(3))
    thread.join(60)
    assert got == list(range(200))
