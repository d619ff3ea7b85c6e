"""A recording in place of the microphone."""

import time

import anyio
import numpy as np
import pytest

from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk, Pcm

pytestmark = pytest.mark.anyio


def sound(samples: int) -> Pcm:
    return np.random.default_rng(samples).integers(-9000, 9000, samples).astype(np.int16)


async def heard(pcm: Pcm, *, realtime: bool, tail_s: float, late_s: float = 0.0) -> list[AudioChunk]:
    ring = Ring(2.0, lossless=not realtime)
    async with Replay(pcm, ring, realtime=realtime, tail_s=tail_s):
        await anyio.sleep(late_s)
        with ring.reader() as reader:
            return [chunk async for chunk in reader]


@pytest.mark.parametrize("samples", [0, 1, CHUNK_SAMPLES - 1, CHUNK_SAMPLES, 5 * CHUNK_SAMPLES + 7, 3 * RATE + 1])
@pytest.mark.parametrize("tail_s", [0.0, 0.01, 2.0])
async def test_the_whole_recording_arrives_in_chunks_and_its_tail_is_quiet(samples: int, tail_s: float) -> None:
    pcm = sound(samples)
    chunks = await heard(pcm, realtime=False, tail_s=tail_s)
    assert all(chunk.pcm.shape == (CHUNK_SAMPLES,) and chunk.pcm.dtype == np.int16 for chunk in chunks)
    assert [chunk.at for chunk in chunks] == pytest.approx([0.02 * number for number in range(len(chunks))])
    got = np.concatenate([chunk.pcm for chunk in chunks]) if chunks else np.zeros(0, np.int16)
    assert samples + tail_s * RATE <= len(got) < samples + tail_s * RATE + CHUNK_SAMPLES
    assert np.array_equal(got[:samples], pcm)
    assert not got[samples:].any()


async def test_full_speed_is_faster_than_the_sound() -> None:
    begun = time.monotonic()
    assert len(await heard(sound(20 * RATE), realtime=False, tail_s=0.0)) == 1000
    assert time.monotonic() - begun < 20.0


@pytest.mark.parametrize("realtime", [False, True])
async def test_a_reader_that_comes_late_gets_the_beginning(realtime: bool) -> None:
    chunks = await heard(sound(CHUNK_SAMPLES * 5), realtime=realtime, tail_s=0.0, late_s=0.1)
    assert [chunk.at for chunk in chunks] == pytest.approx([0.0, 0.02, 0.04, 0.06, 0.08])


async def test_real_time_takes_as_long_as_the_sound() -> None:
    begun = time.monotonic()
    await heard(sound(RATE // 2), realtime=True, tail_s=0.1)
    assert 0.6 <= time.monotonic() - begun < 30.0


@pytest.mark.parametrize("realtime", [False, True])
async def test_leaving_early_ends_the_sound_at_once(realtime: bool) -> None:
    ring = Ring(2.0, lossless=not realtime)
    async with Replay(sound(60 * RATE), ring, realtime=realtime):
        reader = ring.reader()
        await anext(reader)
    assert ring.closed
    assert ring.now < 30.0
    assert len([chunk async for chunk in reader]) + reader.lost == round(ring.now / CHUNK_SECONDS) - 1
