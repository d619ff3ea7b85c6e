"""Sound files in memory, by libsndfile. Synchronous: called in a thread."""

import io
from typing import BinaryIO, Final

import numpy as np
import soundfile
import soxr

from edge.audio.wavfile import sane
from edge.chunk import RATE, Pcm
from edge.errors import AssistantError

ANSWER_RATE: Final = 24_000
"""Samples a second of what is spoken, as OpenAI has it."""
_BLOCK: Final = 1 << 16
_LOWEST: Final = 4_000
_HIGHEST: Final = 192_000
_MOST_CHANNELS: Final = 8
"""A file may claim a thousand, and a minute of each."""
_WRITTEN: Final = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
MEDIA_TYPES: Final = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "opus": "audio/ogg; codecs=opus",
    "mp3": "audio/mpeg",
    "pcm": f"audio/L16; rate={ANSWER_RATE}; channels=1",
}
"""By format."""


class Unreadable(AssistantError):
    """That is no sound that can be read."""

    code, stage = "unreadable_sound", "api"


def read(file: BinaryIO, longest_s: float) -> Pcm:
    """The sound in a file (WAV, FLAC, OGG, MP3, …), channels averaged: int16, 16 kHz. Raises Unreadable."""
    try:
        with soundfile.SoundFile(file) as sound:
            if not _LOWEST <= sound.samplerate <= _HIGHEST or sound.channels > _MOST_CHANNELS:
                raise Unreadable("that is no sound of speech", "send 8 to 48 kHz, mono or stereo")
            if sound.frames > longest_s * sound.samplerate:
                raise Unreadable(f"the sound is longer than {longest_s:g} s", "send it in pieces")
            resampler = soxr.ResampleStream(sound.samplerate, RATE, 1, dtype="float32")
            pieces: list[Pcm] = []
            while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
                pieces.append(_int16(resampler.resample_chunk(np.ascontiguousarray(sane(block).mean(axis=1)))))
                if sum(map(len, pieces)) > longest_s * RATE:
                    raise Unreadable(f"the sound is longer than {longest_s:g} s", "send it in pieces")
            pieces.append(_int16(resampler.resample_chunk(np.zeros(0, np.float32), last=True)))
    except soundfile.LibsndfileError as error:
        raise Unreadable(f"the sound can't be read ({error.error_string})", "send WAV, FLAC, OGG or MP3") from None
    return np.concatenate(pieces)


def written(pcm: Pcm, format: str) -> bytes:  # noqa: A002  # the API's own word
    """``pcm`` (int16, mono, :data:`ANSWER_RATE`) as a file."""
    if format == "pcm":
        return pcm.astype("<i2").tobytes()
    container, subtype = _WRITTEN[format]
    file = io.BytesIO()
    soundfile.write(file, pcm, ANSWER_RATE, format=container, subtype=subtype)
    return file.getvalue()


def _int16(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> Pcm:
    pcm: Pcm = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
    return pcm
