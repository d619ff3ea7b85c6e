"""What was said before the wake word is in no file, no message and nothing that the bridge has, also where sound is kept."""

import base64
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import anyio
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from cloud_sync.client.compose import daemon
from edge.api import mqtt
from edge.app import assistant
from edge.audio.speaker import WavSink
from edge.chunk import RATE, Pcm
from edge.cli.play import play_one
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.sections import MemorySettings
from tests.brokers import Mosquitto
from tests.flow.test_cloud_whole import _hearth, enrolled
from tests.sounds import Say, quiet

pytestmark = pytest.mark.anyio
BEFORE = "The strongbox under the stairs opens with marmalade."
WORDS = (b"strongbox", b"marmalade")
_ALIKE = 0.6
"""Correlation from which a piece of sound is the same one; noise and other speech stay below half."""
_PIECE = RATE // 4
_PART = (1 << 18) - _PIECE - 1
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{400,}")


def pieces(sound: Pcm) -> list[npt.NDArray[np.float64]]:
    """The loud ones, a quarter of a second each."""
    whole = [sound[at : at + _PIECE].astype(float) for at in range(0, len(sound) - _PIECE, _PIECE)]
    return [piece for piece in whole if piece.std() > 0.3 * sound.std()]


class Searched:
    """Sound in which pieces are looked for."""

    def __init__(self, sound: npt.NDArray[np.float64]) -> None:
        self._sound, self._size = sound, 1 << (len(sound) + _PIECE).bit_length()
        self._spectrum = np.fft.rfft(sound, self._size)
        sums, squares = (np.concatenate([[0.0], np.cumsum(each)]) for each in (sound, sound**2))
        mean = (sums[_PIECE:] - sums[:-_PIECE]) / _PIECE
        self._energy = np.maximum(squares[_PIECE:] - squares[:-_PIECE] - _PIECE * mean**2, 1.0)

    def likeness(self, piece: npt.NDArray[np.float64]) -> float:
        """The highest correlation of ``piece`` with any part of it, 0–1."""
        if len(self._sound) < _PIECE:
            return 0.0
        shape = piece - piece.mean()
        matches = np.fft.irfft(self._spectrum * np.conj(np.fft.rfft(shape, self._size)), self._size)
        matches = np.abs(matches[: len(self._energy)])
        return float(np.max(matches / np.sqrt(self._energy * (shape**2).sum()), initial=0.0))


def sounds(content: bytes, path: Path | None = None) -> Iterator[npt.NDArray[np.float64]]:
    """All that ``content`` could be as sound of 16 kHz: a recording, samples as they are, and what is in Base64."""
    if path is not None:
        try:
            decoded, rate = soundfile.read(path, dtype="int16", always_2d=True)
        except soundfile.LibsndfileError:
            pass
        else:
            yield soxr.resample(decoded[:, 0].astype(float), rate, RATE)
    for shift in range(2):
        even = content[shift : shift + (len(content) - shift) // 2 * 2]
        whole = np.frombuffer(even, "<i2").astype(float)
        # In parts that overlap, so that large files don't take long.
        yield from (whole[at : at + _PART] for at in range(0, len(whole), _PART - _PIECE))
    for run in _BASE64.findall(content):
        yield np.frombuffer(base64.b64decode(run[: len(run) // 8 * 8]), "<i2").astype(float)


def heard_in(wanted: Pcm, content: bytes, path: Path | None = None) -> bool:
    shapes = pieces(wanted)[:3]
    return any(search.likeness(each) > _ALIKE for search in map(Searched, sounds(content, path)) for each in shapes)


async def test_nothing_of_before_the_wake_word_leaves_memory(
    broker: Mosquitto, home: SimulatedHome, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("HEARTH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HEARTH_PRIVACY__ENCRYPT", "false")  # what is on disk can be read, to see that it is not there
    before, command = say(BEFORE), say("Alexa, turn on the kitchen light.")
    sound = np.concatenate([quiet(1.0), before, quiet(0.4), command, quiet(0.5)])
    messages: list[bytes] = []
    async with enrolled(broker, tmp_path, monkeypatch) as board, board.bridging(), anyio.create_task_group() as tasks:
        await _hearth("privacy", "allow", "history", "memory", "telemetry", "audio")
        settings = board.settings.model_copy(update={"memory": MemorySettings(keep_audio_days=1)})
        listening = anyio.Event()

        async def listen() -> None:
            async with aiomqtt.Client(broker.address.host, broker.address.port) as client:
                await client.subscribe("#")
                listening.set()
                async for message in client.messages:
                    messages.append(f"{message.topic} ".encode() + bytes(message.payload))

        tasks.start_soon(listen)
        await listening.wait()
        ready = anyio.Event()
        tasks.start_soon(daemon(settings).serve, ready.set)
        await ready.wait()
        async with assistant(settings, hears=True, sink=WavSink(tmp_path / "answers")) as running, mqtt.serve(running):
            await running.ready()
            await running.house.settled(60)
            (turn,) = await play_one(running, sound, realtime=False, no_wake=False, report=lambda _: None)
            with anyio.fail_after(60):
                while b"kitchen light" not in _all(tmp_path / "bridge").lower() or not _recordings(tmp_path):
                    await anyio.sleep(0.2)
        tasks.cancel_scope.cancel()
    assert turn.outcome is OutcomeKind.DONE
    (recording,) = _recordings(tmp_path)
    assert heard_in(command[len(command) // 2 :], b"", recording), "the command is kept, and would be found"
    assert heard_in(before, b"\0" * 7 + before.tobytes() + b"\0"), "and so would what was said before"
    assert b"kitchen light" in _all(tmp_path / "board").lower()
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for path, content in written.items():
        assert not heard_in(before, content, path), path
        assert [word for word in WORDS if word in content.lower()] == [], path
    assert messages
    told = b"".join(messages)
    assert not heard_in(before, told)
    assert [word for word in WORDS if word in told.lower()] == []


def _recordings(folder: Path) -> list[Path]:
    return list((folder / "board" / "recordings").glob("*.flac"))


def _all(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.db*"))
