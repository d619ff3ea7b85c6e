"""Recordings: whatever people have, as 16 kHz mono; and answers written down."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from edge.chunk import RATE, Pcm
from edge.errors import AudioError

MAX_SECONDS: Final = 3600
_FULL_SCALE: Final = 32767


def read_recording(path: Path) -> Pcm:
    """WAV, FLAC or OGG of any rate, width and number of channels. Returns int16, 16 kHz, mono.

    A truncated file is read as far as it goes. Raises AudioError for one that is missing, empty, too long or no
    recording at all.
    """
    if not path.is_file():
        raise AudioError(f"there is no file {path}", "check the path")
    if path.stat().st_size == 0:
        raise AudioError(f"{path.name} is empty", "record it again")
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > MAX_SECONDS * file.samplerate:
                raise AudioError(f"{path.name} is longer than an hour", "cut it into shorter recordings")
            samples = file.read(dtype="float32", always_2d=True)
            rate = file.samplerate
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path.name} is no recording ({error.error_string})", "give a WAV, FLAC or OGG file"
        ) from None
    if len(samples) == 0:
        raise AudioError(f"{path.name} holds no sound", "record it again")
    mono = samples.mean(axis=1)
    resampled = mono if rate == RATE else soxr.resample(mono, rate, RATE)
    pcm: Pcm = np.clip(np.rint(resampled * _FULL_SCALE), -32768, 32767).astype(np.int16)
    return pcm


def write_wav(path: Path, pcm: Pcm, rate: int) -> None:
    """``pcm``: int16, mono, at ``rate``. The file appears whole or not at all. Raises AudioError."""
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(partial, pcm, rate, subtype="PCM_16", format="WAV")
        partial.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        partial.unlink(missing_ok=True)
        raise AudioError(f"{path} can't be written ({error})", "check the folder and its free space") from None
