"""Our own voice, and a dead microphone, on a real device: what is played comes back through the virtual cable.

Nobody plays into the cable, and its microphone gives nothing but zeros: a muted microphone as it is.
"""

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import numpy as np
import pytest

from edge.audio.front_end import FrontEnd
from edge.audio.health import Symptom
from edge.audio.mic import Microphone
from edge.audio.portaudio import PortAudio
from edge.audio.reference import Reference
from edge.audio.ring import Ring
from edge.audio.speaker import Speaker
from edge.audio.wavfile import write_wav
from edge.chunk import RATE, Pcm
from edge.errors import AudioError, MicrophoneSilent, MicrophoneTooLoud
from tests.brokers import mosquitto
from tests.pulse import DEVICE, Pulse
from tests.sounds import Say, quiet

HEARTH = str(Path(sys.executable).with_name("hearth"))
SENTENCES = 8
TAKEN_OUT_DB = 2.5
"""Without a reference it is 0; where sound breaks up again and again, 3 were all that eight sentences reached."""
_PATIENCE_S = 120.0
"""A busy machine takes its time to start."""
ANSWER = "It is a quarter past seven, and the temperature outside is eleven degrees."


class Heard:
    """What the microphone gave."""

    def __init__(self) -> None:
        self.chunks: list[Pcm] = []
        self.reports: list[AudioError | None] = []


@asynccontextmanager
async def listening(portaudio: PortAudio) -> AsyncIterator[Heard]:
    ring, heard = Ring(30.0), Heard()

    async def follow() -> None:
        with ring.reader() as reader:
            async for chunk in reader:
                heard.chunks.append(chunk.pcm)

    async with (
        Microphone("default", ring, portaudio, heard.reports.append),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(follow)
        yield heard
        tasks.cancel_scope.cancel()


def power(pcm: Pcm) -> float:
    return float(np.mean(np.square(pcm.astype(np.float64)))) + 1.0


class Compared(FrontEnd):
    """Beside one that has no reference: what both make of the very same samples, chunk by chunk."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(reference)
        self._alone = FrontEnd()
        self.powers: list[tuple[float, float]] = []
        """Without the reference, and with it."""

    def process(self, pcm: Pcm, at: float, tell: Callable[[Symptom], None]) -> Pcm:
        clean = super().process(pcm, at, tell)
        self.powers.append((power(self._alone.process(pcm, at, lambda _: None)), power(clean)))
        return clean

    def best_db(self, least: float) -> float:
        """What the reference takes out of the best second that was, before, at least as powerful as ``least``."""
        seconds = np.array(self.powers[: len(self.powers) // 50 * 50]).reshape(-1, 50, 2).mean(axis=1)
        loud = seconds[seconds[:, 0] > least]
        return float(10 * np.log10(loud[:, 0] / loud[:, 1]).max(initial=0.0))


@pytest.mark.anyio
async def test_our_own_voice_is_taken_out_of_what_is_heard(portaudio: PortAudio, say: Say) -> None:
    """What the loudspeaker plays reaches the canceller at the time at which it is heard.

    How far that gets is for tests/unit/audio: here a busy machine lets the sound break up, and it has to learn again.
    """
    spoken = say(ANSWER)
    reference = Reference()
    compared, reports = Compared(reference), list[AudioError | None]()
    async with (
        Microphone("default", Ring(30.0), portaudio, reports.append, front_end=compared),
        Speaker("default", portaudio, reference) as speaker,
    ):
        removed = 0.0
        for _ in range(SENTENCES):
            await speaker.play(spoken, 22_050)
            await speaker.finish()
            removed = compared.best_db(power(spoken) / 4)
            if removed > TAKEN_OUT_DB:
                break
    assert removed > TAKEN_OUT_DB


@pytest.mark.anyio
async def test_the_answer_is_lowered_while_somebody_may_be_talking(portaudio: PortAudio) -> None:
    tone = (8000 * np.sin(2 * np.pi * 1000 * np.arange(round(2.2 * RATE)) / RATE)).astype(np.int16)
    # Where the processor is shared, the cable may leave sound out; not each time.
    tries = [await lowered(portaudio, tone)]
    while not tries[-1].as_it_should_be and len(tries) < 5:
        tries.append(await lowered(portaudio, tone))
    assert tries[-1].as_it_should_be, tries


@dataclass(frozen=True)
class Lowered:
    """How a tone was heard that was lowered for a second."""

    seconds: float
    """For so long it was lower."""
    to: float
    """How loud it was then, of what it was before."""
    loud_s: float
    """For so long, in all, it was as loud as it is."""

    @property
    def as_it_should_be(self) -> bool:
        """A second, 15 dB."""
        return 0.9 < self.seconds < 1.1 and self.to == pytest.approx(10 ** (-15 / 20), rel=0.03) and self.loud_s > 0.9


async def lowered(portaudio: PortAudio, tone: Pcm) -> Lowered:
    async with listening(portaudio) as heard, Speaker("default", portaudio) as speaker:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speaker.play, tone, RATE)
            await anyio.sleep(0.6)
            speaker.duck()
        await anyio.sleep(0.3)
    peaks = np.array([np.abs(chunk).max() for chunk in heard.chunks])
    # Chunks that lie across a ramp are louder.
    low = np.flatnonzero((peaks > 1000) & (peaks < 2000))
    if not len(low):
        return Lowered(0.0, 1.0, 0.0)
    lasted = float(low[-1] - low[0]) * 0.02
    return Lowered(lasted, float(np.median(peaks[low])) / 8000, np.count_nonzero(peaks > 7500) * 0.02)


@pytest.mark.anyio
async def test_a_dead_microphone_and_one_too_loud_are_reported_once(portaudio: PortAudio) -> None:
    noise = np.random.default_rng(0).normal(0, 1, RATE)
    async with listening(portaudio) as heard, Speaker("default", portaudio) as speaker:
        await reported(heard, 1)
        await anyio.sleep(1.0)
        assert [type(report) for report in heard.reports] == [MicrophoneSilent]
        await speaker.play((1000 * noise).astype(np.int16), RATE)
        await reported(heard, 2)
        assert heard.reports[1:] == [None]
        await speaker.play(np.clip(40_000 * noise, -32_768, 32_767).astype(np.int16), RATE)
        await reported(heard, 3)
        assert [type(report) for report in heard.reports[2:]] == [MicrophoneTooLoud]


async def reported(heard: Heard, count: int) -> None:
    """Returns once it has told so much of itself: a moment after the sound."""
    with anyio.fail_after(30):
        while len(heard.reports) < count:
            await anyio.sleep(0.02)


@contextmanager
def sounding(pulse: Pulse, pcm: Pcm, folder: Path) -> Iterator[None]:
    """Somebody plays ``pcm`` into the microphone."""
    write_wav(folder / "sound.wav", pcm, RATE)
    player = subprocess.Popen(["paplay", str(folder / "sound.wav")], env=pulse.environ)
    try:
        time.sleep(0.5)
        yield
    finally:
        player.terminate()
        player.wait()


def microphone_row(environ: dict[str, str]) -> dict[str, object]:
    done = subprocess.run([HEARTH, "check", "--json"], env=environ, capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return next(row for row in rows if row["check"] == "microphone")


@pytest.fixture
def environ(pulse: Pulse, tmp_path: Path) -> Iterator[dict[str, str]]:
    with mosquitto() as broker:
        yield {
            **{
                name: value
                for name, value in pulse.environ.items()
                if not name.startswith("HEARTH_") or "MODELS" in name
            },
            "HEARTH_DATA_DIR": str(tmp_path),
            "HEARTH_MQTT__HOST": broker.address.host,
            "HEARTH_MQTT__PORT": str(broker.address.port),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }


def test_check_listens_to_the_microphone(pulse: Pulse, environ: dict[str, str], tmp_path: Path) -> None:
    dead = microphone_row(environ)
    assert (dead["ok"], dead["needed"]) == (False, True)
    assert "silent" in str(dead["found"])
    assert "muted" in str(dead["remedy"])
    # Until it is over that somebody listens.
    loud = np.clip(quiet(60.0, 1000.0).astype(int) * 40 + 3000, -32_768, 32_767).astype(np.int16)
    with sounding(pulse, loud, tmp_path):
        row = microphone_row(environ)
    assert (row["ok"], row["needed"]) == (False, False)
    assert "too loud" in str(row["found"])
    assert "% clipped" in str(row["found"])
    assert "offset" in str(row["found"])
    assert row["remedy"] == "turn its capture volume down"


def test_a_dead_microphone_is_told_aloud_and_once(pulse: Pulse, environ: dict[str, str], tmp_path: Path) -> None:
    log, tape = tmp_path / "log", tmp_path / "tape"
    record = ["parec", "--device=vmic.monitor", "--rate=16000", "--channels=1", "--format=s16le", str(tape)]
    quick = {
        **environ,
        "HEARTH_UNDERSTAND__LLM": "none",
        "HEARTH_UNDERSTAND__SEMANTIC": "false",
        "HEARTH_AUDIO__INPUT": DEVICE,
        "HEARTH_WAKE__WORDS": '["alexa"]',
    }
    with log.open("wb") as stderr:
        recorder = subprocess.Popen(record, env=pulse.environ)
        assistant = subprocess.Popen([HEARTH, "run"], env=quick, stderr=stderr)
    try:
        until(lambda: "is silent" in log.read_text(), _PATIENCE_S)
        until(lambda: spoken_s(tape) > 1.0, _PATIENCE_S)
        # It hears itself, and is silent again afterwards: time to say it a second time.
        time.sleep(5.0)
        assert log.read_text().count("is silent") == 1
        assert spoken_s(tape) < 4.0
        with sounding(pulse, quiet(60.0, 1000.0), tmp_path):
            until(lambda: "the microphone is back" in log.read_text(), _PATIENCE_S)
    finally:
        assistant.terminate()
        recorder.terminate()
        assert assistant.wait(_PATIENCE_S) == 0
        recorder.wait()


def spoken_s(tape: Path) -> float:
    """How much of a recording is not silent, in seconds."""
    pcm = np.frombuffer(tape.read_bytes()[: tape.stat().st_size // 2 * 2], "<i2")
    frames = pcm[: len(pcm) // 320 * 320].reshape(-1, 320).astype(int)
    return float((np.abs(frames).max(axis=1, initial=0) > 500).sum()) * 0.02


def until(condition: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
