"""A spoken message as it goes over the network: FLAC, which loses nothing and needs about half the bytes."""

import base64
import binascii
import io
from typing import Final

import numpy as np
import soundfile

from edge.chunk import RATE, Pcm

LONGEST_S: Final = 30.0
"""What comes in is not longer. What is spoken is limited by ``listen.max_speech_s``."""
MOST_CHARACTERS: Final = 900_000
"""Of its text form; 16 s of white noise, which no coding shortens, are 684,000."""
_LEVEL: Final = 0.08
"""The root mean square of its loud half, of full scale: about that of the assistant's own voice."""
_MOST_GAIN: Final = 16.0
_PEAK: Final = 0.9


def packed(pcm: Pcm) -> str:
    """``pcm`` (int16, 16 kHz) as text. Raises ValueError when it is too long to be sent."""
    file = io.BytesIO()
    soundfile.write(file, pcm, RATE, format="FLAC", subtype="PCM_16")
    text = base64.b64encode(file.getbuffer()).decode("ascii")
    if len(pcm) > LONGEST_S * RATE or len(text) > MOST_CHARACTERS:
        raise ValueError("it is too long")
    return text


def unpacked(text: object) -> Pcm:
    """What :func:`packed` made ``text`` of. Raises ValueError for whatever else it is: it comes from the network."""
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        raise ValueError("it is no sound, or too much of it")
    most = int(LONGEST_S * RATE)
    try:
        content = base64.b64decode(text, validate=True)
        # Only FLAC: what else the library can read was written for other purposes than to face a network.
        if not content.startswith(b"fLaC"):
            raise ValueError("it is no FLAC")
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            if (file.format, file.samplerate, file.channels) != ("FLAC", RATE, 1):
                raise ValueError("it is not mono FLAC of 16 kHz")
            # A header may lie, so no more is decoded than is allowed, whatever it says.
            pcm: Pcm = file.read(min(most + 1, max(file.frames, 0)), dtype="int16")
    except (binascii.Error, soundfile.SoundFileError) as error:
        raise ValueError(f"it can't be decoded: {error}") from None
    if not 0 < len(pcm) <= most:
        raise ValueError("it is empty, or too long")
    return pcm


def audible(pcm: Pcm) -> Pcm:
    """``pcm`` about as loud as the assistant's own voice, from however far, and however loudly, it was said."""
    samples = pcm.astype(np.float32) / 32768.0
    loud = np.sort(np.square(samples))[len(samples) // 2 :]
    level, peak = float(np.sqrt(loud.mean())), float(np.abs(samples).max())
    if peak == 0.0:
        return pcm
    gain = min(_LEVEL / level, _MOST_GAIN, _PEAK / peak)
    louder: Pcm = np.round(samples * (gain * 32768.0)).astype(np.int16)
    return louder
