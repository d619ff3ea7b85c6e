"""Microphone and loudspeaker on a real device: what is played comes back through the virtual cable."""

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest

from edge.audio.conditioning import conditioned
from edge.audio.mic import Microphone
from edge.audio.portaudio import PortAudio
from edge.audio.ring import Ring
from edge.audio.speaker import Speaker
from edge.audio.wavfile import write_wav
from edge.chunk import CHUNK_SECONDS, RATE, AudioChunk, Pcm
from edge.errors import AudioError
from tests.pulse import DEVICE, Pulse

pytestmark = pytest.mark.anyio

_PATIENCE_S = 30.0
"""For a busy machine."""
_TRIES = 3
"""Where the processor is shared, the cable may leave sound out, or play it late; not each time."""
UNSUPPORTED = 500_000
"""Samples per second that PulseAudio refuses."""


def chirp(seconds: float, rate: int = RATE) -> Pcm:
    """A sweep from 200 Hz to 3 kHz: int16, at ``rate``. It looks like itself at one place and one speed only."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (200 * t + (3000 - 200) / (2 * seconds) * t**2)
    return (8000 * np.sin(phase)).astype(np.int16)


def likeness(heard: Pcm, sound: Pcm) -> float:
    """The highest normalised cross-correlation of ``sound``, hum taken out, anywhere within ``heard``, 0–1."""
    a, b = heard.astype(float), conditioned(sound).astype(float)
    size = len(a) + len(b)
    products = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)[: len(a) - len(b) + 1]
    energy = np.convolve(a**2, np.ones(len(b)), "valid")
    return float((products / np.sqrt(energy * (b**2).sum() + 1)).max())


def loud(pcm: Pcm) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Numbers of the samples that are not quiet."""
    return np.flatnonzero(np.abs(pcm.astype(np.int32)) > 200)


class Heard:
    """Everything that the microphone gave."""

    def __init__(self, ring: Ring) -> None:
        self.chunks: list[AudioChunk] = []
        self.reports: list[AudioError | None] = []
        self.delays: list[float] = []
        """Of each chunk, how long after its end it came, in seconds."""
        self._ring = ring

    @property
    def pcm(self) -> Pcm:
        return np.concatenate([chunk.pcm for chunk in self.chunks])

    async def follow(self) -> None:
        with self._ring.reader() as reader:
            async for chunk in reader:
                self.chunks.append(chunk)
                self.delays.append(time.monotonic() - chunk.end)

    async def up_to_now(self) -> None:
        """Returns once it has given what sounds at this moment, and a little more."""
        end = time.monotonic() + 0.3
        await until(lambda: self.chunks[-1].end >= end)


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(_PATIENCE_S):
        while not condition():  # what it waits for happens in the device's thread
            await anyio.sleep(0.02)


@asynccontextmanager
async def listening(portaudio: PortAudio, device: str = "default", rate: int = RATE) -> AsyncIterator[Heard]:
    ring = Ring(30.0)
    heard = Heard(ring)
    async with Microphone(device, ring, portaudio, heard.reports.append, rate=rate), anyio.create_task_group() as tasks:
        tasks.start_soon(heard.follow)
        await until(lambda: bool(heard.chunks))
        yield heard
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("played_at", "recorded_at"), [(RATE, RATE), (22_050, RATE), (48_000, UNSUPPORTED), (UNSUPPORTED, RATE)]
)
async def test_what_the_loudspeaker_plays_is_what_the_microphone_hears(
    portaudio: PortAudio, played_at: int, recorded_at: int
) -> None:
    for _ in range(_TRIES):
        async with (
            listening(portaudio, rate=recorded_at) as heard,
            Speaker("default", portaudio) as speaker,
        ):
            await speaker.play(chirp(0.8, played_at), played_at)
            await speaker.finish()
            await heard.up_to_now()
        assert heard.reports == []
        sound, alike = loud(heard.pcm), likeness(heard.pcm, chirp(0.8))
        lasted = np.ptp(sound) / RATE if len(sound) else 0.0
        if alike > 0.95 and abs(lasted - 0.8) < 0.02:
            break
    assert alike > 0.95
    assert lasted == pytest.approx(0.8, abs=0.02)


async def test_the_microphone_hears_what_another_program_plays(
    portaudio: PortAudio, pulse: Pulse, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sound") / "chirp.wav"
    write_wav(path, chirp(0.5, 44_100), 44_100)
    for _ in range(_TRIES):
        async with listening(portaudio, DEVICE.upper()) as heard:
            await anyio.to_thread.run_sync(pulse.play, path)
            await heard.up_to_now()
        if (alike := likeness(heard.pcm, chirp(0.5))) > 0.95:
            break
    assert alike > 0.95


@pytest.mark.parametrize("rate", [RATE, UNSUPPORTED])
async def test_chunks_carry_the_time_at_which_they_were_heard(portaudio: PortAudio, rate: int) -> None:
    async with listening(portaudio, rate=rate) as heard:
        await until(lambda: len(heard.chunks) > 75)
    steps = np.diff([chunk.at for chunk in heard.chunks])
    # At most the correction of a slow start: 1 ms a chunk.
    assert np.all(np.abs(steps - CHUNK_SECONDS) < 0.0011)
    assert min(heard.delays) >= 0
    assert min(heard.delays) < 0.25, "what came later was held up by the machine"


async def test_a_cancelled_sound_stops_within_50_ms(portaudio: PortAudio) -> None:
    late = 1.0
    for _ in range(_TRIES):
        async with listening(portaudio) as heard, Speaker("default", portaudio) as speaker:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(speaker.play, chirp(60.0), RATE)
                await until(lambda heard=heard: len(loud(heard.pcm)) > 0.2 * RATE)
                tasks.cancel_scope.cancel()
            cancelled = time.monotonic()
            await heard.up_to_now()
        # On the microphone's own clock, so that its delay doesn't count.
        last = max(chunk.at for chunk in heard.chunks if len(loud(chunk.pcm)))
        late = min(late, last + CHUNK_SECONDS - cancelled)
        if late < 0.05:
            break
    assert late < 0.05


async def test_sentences_of_an_answer_follow_without_a_gap(portaudio: PortAudio) -> None:
    for _ in range(_TRIES):
        async with listening(portaudio) as heard, Speaker("default", portaudio) as speaker:
            for _ in range(4):
                await speaker.play(chirp(0.4, 22_050), 22_050)
            await speaker.finish()
            await heard.up_to_now()
        sound = loud(heard.pcm)
        gap, lasted = np.diff(sound).max() / RATE, np.ptp(sound) / RATE
        if gap < 0.1 and lasted > 4 * 0.4 - 0.02:
            break
    assert gap < 0.1
    assert lasted > 4 * 0.4 - 0.02


async def test_a_sound_after_a_cancelled_one_is_whole(portaudio: PortAudio) -> None:
    for _ in range(_TRIES):
        async with listening(portaudio) as heard, Speaker("default", portaudio) as speaker:
            with anyio.move_on_after(0.3):
                await speaker.play(np.full(3 * RATE, 500, np.int16), RATE)
            await speaker.play(chirp(0.5), RATE)
            await speaker.finish()
            await heard.up_to_now()
        if (alike := likeness(heard.pcm, chirp(0.5))) > 0.95:
            break
    assert alike > 0.95


async def test_an_unknown_microphone_is_an_error_that_names_those_there_are(portaudio: PortAudio) -> None:
    with pytest.raises(AudioError, match="no such thing") as caught:
        await Microphone("no such thing", Ring(1.0), portaudio, lambda error: None).__aenter__()
    assert DEVICE in caught.value.remedy


async def test_an_unknown_loudspeaker_is_an_error_that_names_those_there_are(portaudio: PortAudio) -> None:
    with pytest.raises(AudioError, match="no such thing") as caught:
        await Speaker("no such thing", portaudio).play(chirp(0.1), RATE)
    assert DEVICE in caught.value.remedy


async def test_a_microphone_that_was_gone_is_heard_again(portaudio: PortAudio, pulse: Pulse) -> None:
    async with listening(portaudio) as heard:
        await anyio.to_thread.run_sync(pulse.kill)
        await until(lambda: bool(heard.reports))
        # Several vain attempts, which must not be told again.
        await anyio.sleep(2.5)
        assert [type(report) for report in heard.reports] == [AudioError]
        before = len(heard.chunks)
        await anyio.to_thread.run_sync(pulse.start)
        await until(lambda: len(heard.reports) > 1 and len(heard.chunks) >= before + 20)
        assert heard.reports[1:] == [None]
        for _ in range(_TRIES):
            async with Speaker("default", portaudio) as speaker:
                await speaker.play(chirp(0.5), RATE)
                await speaker.finish()
            await heard.up_to_now()
            if (alike := likeness(heard.pcm, chirp(0.5))) > 0.95:
                break
    assert alike > 0.95
    assert np.all(np.diff([chunk.at for chunk in heard.chunks]) > 0)


async def test_a_loudspeaker_that_is_lost_is_an_error_and_the_next_sound_is_heard(
    portaudio: PortAudio, pulse: Pulse
) -> None:
    async with Speaker("default", portaudio) as speaker:

        async def kill() -> None:
            await until(lambda: sounding(portaudio))
            await anyio.to_thread.run_sync(pulse.kill)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(kill)
            with anyio.fail_after(_PATIENCE_S), pytest.raises(AudioError, match="gone"):
                await speaker.play(chirp(60.0), RATE)
        with pytest.raises(AudioError):
            await speaker.play(chirp(0.1), RATE)
        await anyio.to_thread.run_sync(pulse.start)
        await speaker.play(chirp(0.1), RATE)
        async with listening(portaudio) as heard:
            for _ in range(_TRIES):
                await speaker.play(chirp(0.5), RATE)
                await speaker.finish()
                await heard.up_to_now()
                if (alike := likeness(heard.pcm, chirp(0.5))) > 0.95:
                    break
    assert alike > 0.95


def sounding(portaudio: PortAudio) -> bool:
    """Whether a device of ours runs."""
    return any(opened.stream.active for opened in portaudio._open)


async def test_looking_for_a_loudspeaker_interrupts_the_microphone_without_a_fault(portaudio: PortAudio) -> None:
    async with listening(portaudio) as heard, Speaker("not connected", portaudio) as speaker:
        with pytest.raises(AudioError):
            await speaker.play(chirp(0.1), RATE)
        before = len(heard.chunks)
        await until(lambda: len(heard.chunks) >= before + 20)
    assert heard.reports == []


async def test_looking_for_a_microphone_never_interrupts_the_loudspeaker(portaudio: PortAudio) -> None:
    async with Speaker("default", portaudio) as speaker, anyio.create_task_group() as tasks:
        tasks.start_soon(speaker.play, chirp(60.0), RATE)
        await until(lambda: sounding(portaudio))
        assert await anyio.to_thread.run_sync(portaudio.refresh) is False
        tasks.cancel_scope.cancel()


async def test_a_server_that_hangs_counts_as_lost_and_delays_nobody(portaudio: PortAudio, pulse: Pulse) -> None:
    # Whoever waits for it waits until then.
    at_last = threading.Timer(2 * _PATIENCE_S, pulse.thaw)
    async with listening(portaudio) as heard:
        pulse.freeze()
        at_last.start()
        try:
            await until(lambda: bool(heard.reports))
        except TimeoutError:
            pulse.thaw()
            raise
    assert at_last.is_alive(), "it hangs still, and nobody has waited for it"
    at_last.cancel()
    at_last.join()
    pulse.thaw()


async def test_leaving_stops_the_microphone_within_a_second(portaudio: PortAudio) -> None:
    took: list[float] = []
    while not took or (min(took) > 1.0 and len(took) < _TRIES):
        ring = Ring(5.0)
        async with Microphone("default", ring, portaudio, lambda error: None):
            await until(lambda ring=ring: ring.now > 0)
            begun = time.monotonic()
        took.append(time.monotonic() - begun)
    assert min(took) < 1.0
    newest = ring.now
    await anyio.sleep(0.2)
    assert ring.now == newest > 0
