"""The sound of an utterance as it comes over the network."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import anyio
import numpy as np
import pytest

from edge.api.web.voice.incoming import Incoming
from edge.chunk import CHUNK_SAMPLES, RATE, Pcm, SoundCut

pytestmark = pytest.mark.anyio

Opening = Callable[[int, float, float], Incoming]


@pytest.fixture
def opened() -> Iterator[Opening]:
    """Makes one, and closes it."""
    with ExitStack() as stack:
        yield lambda rate, at, patience_s: stack.enter_context(closing(Incoming(rate, at, patience_s)))


async def heard(incoming: Incoming) -> list[Pcm]:
    with anyio.fail_after(60):
        return [chunk.pcm async for chunk in incoming]


@pytest.mark.parametrize("size", [1, 100, 320, 999, 5_000])
async def test_chunks_are_of_one_size_whatever_comes(opened: Opening, size: int) -> None:
    sound = np.arange(5_000, dtype=np.int16)
    incoming = opened(RATE, 10.0, 5.0)
    for at in range(0, len(sound), size):
        await incoming.put(sound[at : at + size].tobytes())
    await incoming.end()
    chunks = await heard(incoming)
    assert {len(chunk) for chunk in chunks} == {CHUNK_SAMPLES}
    whole = np.concatenate(chunks)
    assert (whole[:5_000] == sound).all()
    assert not whole[5_000:].any()


async def test_times_follow_on(opened: Opening) -> None:
    incoming = opened(RATE, 10.0, 5.0)
    await incoming.put(bytes(2 * RATE))
    await incoming.end()
    times = [chunk.at async for chunk in incoming]
    assert times == pytest.approx([10.0 + 0.02 * number for number in range(50)])


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
async def test_other_rates_are_brought_to_ours(opened: Opening, rate: int) -> None:
    tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)
    incoming = opened(rate, 0.0, 5.0)
    for at in range(0, rate, 777):
        await incoming.put(tone[at : at + 777].tobytes())
    await incoming.end()
    whole = np.concatenate(await heard(incoming))
    assert len(whole) == pytest.approx(RATE, abs=CHUNK_SAMPLES)
    spectrum = np.abs(np.fft.rfft(whole[:RATE].astype(float)))
    assert np.argmax(spectrum) == pytest.approx(440, abs=1)


async def test_who_sends_more_than_is_heard_waits(opened: Opening) -> None:
    incoming, sent = opened(RATE, 0.0, 5.0), 0

    async def send() -> None:
        nonlocal sent
        for _ in range(60):
            await incoming.put(bytes(2 * RATE))
            sent += 1
        await incoming.end()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        await anyio.wait_all_tasks_blocked()
        assert sent == 10
        assert len(await heard(incoming)) == 60 * 50


async def test_who_waits_goes_on_when_nobody_listens_any_more(opened: Opening) -> None:
    incoming = opened(RATE, 0.0, 5.0)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(incoming.put, bytes(2 * RATE * 60))
            await anyio.wait_all_tasks_blocked()
            incoming.close()
    await incoming.put(bytes(2 * RATE * 60))
    assert not incoming.open


async def test_sound_that_stalls_is_cut_not_ended(opened: Opening) -> None:
    incoming = opened(RATE, 0.0, 0.05)
    await incoming.put(bytes(2 * CHUNK_SAMPLES))
    with pytest.raises(SoundCut):
        await heard(incoming)
