"""Whatever people have recorded, and whatever is wrong with it."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.wavfile import read_recording, write_wav
from edge.chunk import RATE, Pcm
from edge.errors import AudioError


def tone(rate: int, seconds: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)


def is_tone(pcm: Pcm, tolerance: int) -> bool:
    """Whether ``pcm`` is :func:`tone` at 16 kHz, but for its edges."""
    wanted = tone(RATE, len(pcm) / RATE) * 32768
    return bool(np.abs(pcm - wanted)[400:-400].max() <= tolerance)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("plain.wav", 16_000, 1, "PCM_16"),
        ("phone.wav", 8_000, 1, "PCM_16"),
        ("phone-ulaw.wav", 8_000, 1, "ULAW"),
        ("disc.wav", 44_100, 2, "PCM_16"),
        ("studio.wav", 48_000, 2, "PCM_24"),
        ("float.wav", 96_000, 1, "FLOAT"),
        ("eight-bit.wav", 11_025, 1, "PCM_U8"),
        ("many.wav", 48_000, 6, "PCM_32"),
        ("flac.flac", 44_100, 2, "PCM_24"),
        ("vorbis.ogg", 48_000, 2, "VORBIS"),
        ("name-without-meaning.raw", 22_050, 1, "PCM_16"),
    ],
)
def test_any_format_becomes_16_khz_mono(tmp_path: Path, name: str, rate: int, channels: int, subtype: str) -> None:
    path = tmp_path / name
    kind = {".flac": "FLAC", ".ogg": "OGG"}.get(path.suffix, "WAV")
    with path.open("wb") as file:
        soundfile.write(file, np.tile(tone(rate)[:, None], (1, channels)), rate, subtype=subtype, format=kind)
    pcm = read_recording(path)
    assert pcm.dtype == np.int16
    assert len(pcm) == pytest.approx(RATE, abs=2)
    lossy = subtype in ("VORBIS", "ULAW", "PCM_U8")
    assert is_tone(pcm, 600 if lossy else 3)


def test_16_khz_mono_is_taken_bit_for_bit(tmp_path: Path) -> None:
    pcm = np.random.default_rng(1).integers(-32768, 32768, RATE).astype(np.int16)
    write_wav(tmp_path / "a.wav", pcm, RATE)
    assert np.array_equal(read_recording(tmp_path / "a.wav"), pcm)


def test_float_samples_beyond_full_scale_are_clipped_and_nan_is_silent(tmp_path: Path) -> None:
    samples = np.array([2.0, -2.0, np.nan, np.inf, -np.inf, 0.5], np.float32)
    soundfile.write(tmp_path / "wild.wav", samples, RATE, subtype="FLOAT")
    assert read_recording(tmp_path / "wild.wav").tolist() == [32767, -32768, 0, 32767, -32768, 16384]


@pytest.mark.parametrize(("name", "part"), [("a.wav", 0.5), ("a.wav", 0.1), ("a.flac", 0.5), ("a.flac", 0.9)])
def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path, name: str, part: float) -> None:
    path = tmp_path / name
    soundfile.write(path, tone(RATE, 4.0), RATE)
    whole = path.read_bytes()
    path.write_bytes(whole[: round(len(whole) * part)])
    pcm = read_recording(path)
    assert 0.7 * part * 4.0 < len(pcm) / RATE <= part * 4.0 + 0.1
    assert is_tone(pcm, 3)


def _missing(path: Path) -> None:
    pass


def _folder(path: Path) -> None:
    path.mkdir()


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("not a recording at all\n" * 20)


def _header_only(path: Path) -> None:
    write_wav(path, np.zeros(0, np.int16), RATE)


def _half_a_header(path: Path) -> None:
    write_wav(path, np.zeros(100, np.int16), RATE)
    path.write_bytes(path.read_bytes()[:30])


def _flac_without_a_frame(path: Path) -> None:
    soundfile.write(path.with_suffix(".flac"), tone(RATE), RATE)
    path.write_bytes(path.with_suffix(".flac").read_bytes()[:200])


def _more_than_an_hour(path: Path) -> None:
    soundfile.write(path, np.zeros(3601 * 8000, np.int16), 8000, format="FLAC")


def _absurd_rate(path: Path) -> None:
    write_wav(path, np.zeros(100, np.int16), 7)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (_missing, "cannot be read: No such file"),
        (_folder, "cannot be read: Is a directory"),
        (_empty, "is empty"),
        (_text, "is not a recording"),
        (_header_only, "has no sound in it"),
        (_half_a_header, "is not a recording"),
        (_flac_without_a_frame, "is damaged"),
        (_more_than_an_hour, "longer than an hour"),
        (_absurd_rate, "7 samples a second"),
    ],
)
def test_each_bad_file_is_an_error_that_says_what_and_what_to_do(
    tmp_path: Path, make: Callable[[Path], None], what: str
) -> None:
    path = tmp_path / "bad.wav"
    make(path)
    with pytest.raises(AudioError, match=what) as caught:
        read_recording(path)
    assert "bad.wav" in caught.value.what
    assert caught.value.remedy


def test_a_written_file_says_what_it_is_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "answer.wav"
    write_wav(path, np.arange(100, dtype=np.int16), 22_050)
    with wave.open(str(path)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (22_050, 1, 2)
        assert np.frombuffer(wav.readframes(200), "<i2").tolist() == list(range(100))
    assert [entry.name for entry in path.parent.iterdir()] == ["answer.wav"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "answer.wav").mkdir()
    with pytest.raises(AudioError, match="cannot be written"):
        write_wav(tmp_path / "answer.wav", np.zeros(10, np.int16), RATE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["answer.wav"]
