"""The microphone switched off on a real device: nothing hears, nothing of before is left, and it is soon back."""

import os
import subprocess
import time
from pathlib import Path

import anyio
import numpy as np
import pytest

from edge.audio.mic import Microphone
from edge.audio.portaudio import PortAudio
from edge.audio.ring import Ring
from edge.bus import Bus
from edge.chunk import SoundCut
from edge.errors import AudioError
from edge.session.listening import Listening
from tests.brokers import mosquitto
from tests.device.test_audio_devices import until
from tests.flow.test_cli import in_thread, running
from tests.pulse import Pulse

pytestmark = pytest.mark.anyio
_PATIENCE_S = 120.0
"""With all its models, on a busy machine."""


def recorders(pulse: Pulse) -> int:
    """How many programs record, by the sound server's own word; one is the tests' own."""
    listed = subprocess.run(
        ["pactl", "list", "short", "source-outputs"], env=pulse.environ, capture_output=True, text=True, check=True
    )
    return len(listed.stdout.splitlines()) - 1


async def recorded_by(programs: int, pulse: Pulse) -> None:
    with anyio.fail_after(60):
        while await anyio.to_thread.run_sync(recorders, pulse) != programs:
            await anyio.sleep(0.05)


async def test_off_closes_the_device_empties_the_ring_and_on_is_heard_within_a_second(
    portaudio: PortAudio, pulse: Pulse
) -> None:
    ring, listening, reports = Ring(30.0), Listening(Bus()), list[AudioError | None]()
    took: list[float] = []
    async with Microphone("default", ring, portaudio, reports.append, switch=listening):
        await until(lambda: ring.now > 0)
        await recorded_by(1, pulse)
        for _ in range(3):
            reader = ring.reader()
            listening.set(False)
            with pytest.raises(SoundCut), anyio.fail_after(30):
                await anext(aiter(reader))
            # A busy sound server takes its time to close it; what it gives until then is not taken.
            await recorded_by(0, pulse)
            newest = ring.now
            await anyio.sleep(0.3)
            assert ring.now == newest
            begun = time.monotonic()
            listening.set(True)
            await until(lambda before=newest: ring.now > before)
            took.append(time.monotonic() - begun)
            with ring.reader(0.0) as everything:
                heard = everything.read_some(1)
            assert heard[0].at >= newest - 1e-6, "nothing from before is left"
    assert min(took) < 1.0
    assert reports == []


async def test_what_is_switched_off_as_soon_as_it_is_open_lets_the_device_go(
    portaudio: PortAudio, pulse: Pulse
) -> None:
    ring, listening = Ring(5.0), Listening(Bus())
    async with Microphone("default", ring, portaudio, lambda _: None, switch=listening):
        # Before anybody else has had a turn: it went on listening.
        listening.set(False)
        await recorded_by(0, pulse)
        newest = ring.now
        listening.set(True)
        await until(lambda: ring.now > newest)


async def test_what_was_off_at_the_start_is_opened_when_it_is_switched_on(portaudio: PortAudio, pulse: Pulse) -> None:
    ring, listening = Ring(5.0), Listening(Bus(), on=False)
    async with Microphone("default", ring, portaudio, lambda _: None, switch=listening) as microphone:
        await anyio.sleep(0.2)
        assert (ring.now, recorders(pulse), microphone.overflows) == (0.0, 0, 0)
        listening.set(True)
        await until(lambda: ring.now > 0)
        assert np.all(np.diff([chunk.at for chunk in ring.reader(0.0).read_some(5)]) > 0)


async def test_a_device_that_went_while_it_was_off_is_told_of_when_it_is_missed(
    portaudio: PortAudio, pulse: Pulse
) -> None:
    ring, listening, reports = Ring(5.0), Listening(Bus()), list[AudioError | None]()
    async with Microphone("default", ring, portaudio, reports.append, switch=listening):
        await until(lambda: ring.now > 0)
        listening.set(False)
        await recorded_by(0, pulse)
        await anyio.to_thread.run_sync(pulse.kill)
        await anyio.sleep(0.2)
        assert reports == []
        listening.set(True)
        await until(lambda: bool(reports))
        assert [type(report) for report in reports] == [AudioError]
        await anyio.to_thread.run_sync(pulse.start)
        await until(lambda: len(reports) > 1)
        assert reports[1:] == [None]


async def test_one_that_was_gone_before_it_was_switched_off_is_told_of_when_it_is_heard_again(
    portaudio: PortAudio, pulse: Pulse
) -> None:
    ring, listening, reports = Ring(5.0), Listening(Bus()), list[AudioError | None]()
    async with Microphone("default", ring, portaudio, reports.append, switch=listening):
        await until(lambda: ring.now > 0)
        await anyio.to_thread.run_sync(pulse.kill)
        await until(lambda: bool(reports))
        listening.set(False)
        await anyio.to_thread.run_sync(pulse.start)
        before = ring.now
        listening.set(True)
        await until(lambda: len(reports) > 1 and ring.now > before)
    assert [type(report) for report in reports] == [AudioError, type(None)]


async def test_the_running_assistant_lets_the_microphone_go_and_after_a_restart_does_not_take_it(
    pulse: Pulse, tmp_path: Path
) -> None:
    """`hearth run` and `hearth listen`, as people start them."""

    async def listen(*words: str) -> str:
        return (await in_thread(environ, "listen", *words)).stdout

    with mosquitto() as broker:
        environ = {
            **{name: value for name, value in pulse.environ.items() if not name.startswith("HEARTH_")},
            **{name: value for name, value in os.environ.items() if "HEARTH_MODELS" in name},
            "HEARTH_DATA_DIR": str(tmp_path),
            "HEARTH_MQTT__HOST": broker.address.host,
            "HEARTH_MQTT__PORT": str(broker.address.port),
            "HEARTH_AUDIO__OUTPUT": "none",
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        with running(environ, _PATIENCE_S):
            await recorded_by(1, pulse)
            assert await listen("off") == "the microphone is off\n"
            await recorded_by(0, pulse)
        with running(environ, _PATIENCE_S):
            assert await listen() == "the microphone is off\n"
            assert await anyio.to_thread.run_sync(recorders, pulse) == 0
            assert await listen("on") == "the microphone is on\n"
            await recorded_by(1, pulse)
