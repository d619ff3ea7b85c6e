"""Recordings from and to disk."""

import os
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import soxr

from edge import atomic_file
from edge.chunk import RATE, Pcm
from edge.errors import AudioError

MAX_S: Final = 3600
"""The longest recording that is read."""
_RATES: Final = range(1000, 768_001)
_UNKNOWN: Final = 2**63 - 1
"""libsndfile's length of a file that does not tell its own."""
_READS_PER_S: Final = 20
_FAR: Final = np.float32(8)
_FORMATS = "use a WAV, FLAC or OGG file"


def read_recording(path: Path) -> Pcm:
    """The sound of any file that libsndfile reads, channels averaged: int16, 16 kHz, mono.

    A file that breaks off is read as far as it goes. Raises AudioError for one that has no sound in it, or more
    than an hour.
    """
    blocks: list[Pcm] = []
    samples = 0
    for block in _resampled(path):
        blocks.append(block)
        samples += len(block)
        if samples > MAX_S * RATE:
            raise _too_long(path)
    if samples == 0:
        raise AudioError(f"{path} has no sound in it", "record it again", permanent=True)
    return np.concatenate(blocks)


def write_wav(path: Path, pcm: Pcm, rate: int) -> None:
    """Write ``pcm`` (int16, mono, ``rate`` samples a second); ``path`` is whole or untouched. Raises AudioError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file.replacing(path, durable=False) as file, wave.open(file, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(rate)
            wav.writeframes(pcm.astype("<i2").tobytes())
    except OSError as error:
        raise AudioError(f"{path} cannot be written: {error.strerror}", "choose another folder") from error


def _resampled(path: Path) -> Iterator[Pcm]:
    """In small pieces: an hour of studio sound needs little memory, and of a damaged file little is lost."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise AudioError(f"{path} is empty", "record it again", permanent=True)
            # By descriptor: given a name, soundfile would trust its suffix more than the content.
            with _opened(file.fileno(), path) as sound:
                yield from _to_speech_rate(sound, path)
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror}", "check the path", permanent=True) from error


def _opened(descriptor: int, path: Path) -> Any:
    try:
        sound = soundfile.SoundFile(descriptor, closefd=False)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} is not a recording: {error.error_string}", _FORMATS, permanent=True) from error
    if sound.samplerate not in _RATES:
        raise AudioError(f"{path} has {sound.samplerate} samples a second", _FORMATS, permanent=True)
    if MAX_S * sound.samplerate < sound.frames < _UNKNOWN:
        raise _too_long(path)
    return sound


def _too_long(path: Path) -> AudioError:
    return AudioError(f"{path} is longer than an hour", "cut it into pieces", permanent=True)


def _to_speech_rate(sound: Any, path: Path) -> Iterator[Pcm]:
    resampler = None
    if sound.samplerate != RATE:
        resampler = soxr.ResampleStream(sound.samplerate, RATE, 1, dtype="float32")
    for block in _mono(sound, path):
        yield _int16(resampler.resample_chunk(block) if resampler else block)
    if resampler:
        yield _int16(resampler.resample_chunk(np.zeros(0, np.float32), last=True))


def _mono(sound: Any, path: Path) -> Iterator[np.ndarray[Any, np.dtype[np.float32]]]:
    got = 0
    while True:
        try:
            block = sound.read(sound.samplerate // _READS_PER_S, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            if got == 0:
                what = f"{path} is damaged: {error.error_string}"
                raise AudioError(what, "record it again", permanent=True) from error
            return
        if len(block) == 0:
            return
        got += len(block)
        yield sane(block).mean(axis=1)


def sane(block: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """``block``: float32, full scale ±1. A file of floats may hold anything: what is no number becomes silence, and
    what is far too much is cut down, so that sums of it are numbers.
    """
    finite: np.ndarray[Any, np.dtype[np.float32]] = np.nan_to_num(np.clip(block, -_FAR, _FAR))
    return finite


def _int16(samples: np.ndarray[Any, np.dtype[np.float32]]) -> Pcm:
    """``samples``: float32, full scale ±1; excess is clipped."""
    pcm: Pcm = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
    return pcm
