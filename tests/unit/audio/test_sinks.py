"""Answers that are written, or thrown away."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.speaker import WavSink
from edge.chunk import Pcm
from edge.errors import AudioError

pytestmark = pytest.mark.anyio


def sound(samples: int, value: int = 100) -> Pcm:
    return np.full(samples, value, np.int16)


async def test_the_pieces_of_an_answer_become_one_file_and_each_answer_its_own(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "out")
    sink.name("first")
    await sink.play(sound(1000), 22_050)
    await sink.play(sound(500, -100), 22_050)
    assert await sink.finish() == str(tmp_path / "out" / "first.wav")
    await sink.play(sound(10), 16_000)
    assert await sink.finish() == str(tmp_path / "out" / "first-2.wav")
    sink.name("second")
    await sink.play(sound(10), 16_000)
    assert await sink.finish() == str(tmp_path / "out" / "second.wav")
    pcm, rate = soundfile.read(tmp_path / "out" / "first.wav", dtype="int16")
    assert rate == 22_050
    assert np.array_equal(pcm, np.concatenate([sound(1000), sound(500, -100)]))


async def test_files_of_one_name_do_not_overwrite_one_another(tmp_path: Path) -> None:
    sink = WavSink(tmp_path)
    paths = []
    for _ in range(2):
        sink.name("command")
        await sink.play(sound(10), 16_000)
        paths.append(await sink.finish())
    assert paths == [str(tmp_path / "command.wav"), str(tmp_path / "command-2.wav")]


async def test_an_answer_that_was_cut_off_is_not_part_of_the_next_file(tmp_path: Path) -> None:
    sink = WavSink(tmp_path)
    await sink.play(sound(1000), 16_000)
    sink.name("next")
    await sink.play(sound(10), 16_000)
    path = await sink.finish()
    assert path is not None
    assert soundfile.info(path).frames == 10


async def test_without_a_folder_or_a_sound_there_is_no_file(tmp_path: Path) -> None:
    nowhere = WavSink(None)
    await nowhere.play(sound(10), 16_000)
    assert await nowhere.finish() is None
    assert await WavSink(tmp_path).finish() is None
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sink = WavSink(tmp_path / "file")
    await sink.play(sound(10), 16_000)
    with pytest.raises(AudioError, match="cannot be written"):
        await sink.finish()
