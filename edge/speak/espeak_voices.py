"""The many small voices of the program espeak-ng: rough, but of many sizes, ages and accents."""

import io
import shutil
import subprocess
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from edge.chunk import RATE

_ACCENTS: Final = (
    "en-us en-us en-us en-gb en-gb-scotland en-gb-x-rp en-gb-x-gbclan en-gb-x-gbcwmd en-029 en-us-nyc".split()
)
_VARIANTS: Final = (
    "m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 klatt klatt2 klatt3 klatt4 Adam Alex Alicia Andrea Andy Annie Belinda "
    "Benjamin Caleb David Denis Ed Gene Henrique Hugo Iven Jacky John Lee Linda Marco Mario Max Michael Miguel Mike "
    "Pablo Paul Pedro Quincy Rob Robert Steph Steph2 Storm Tweaky Zac anika grandma grandpa norbert shelby steph "
    "travis victor".split()
)
_TIMEOUT_S: Final = 10


class EspeakVoices:
    """Another of them each time."""

    def __init__(self, program: str) -> None:
        self._program = program

    def speak(self, text: str, chance: np.random.Generator) -> npt.NDArray[np.float32]:
        """Returns ``text`` spoken: float32, 16 kHz, ±1; empty when there is nothing to pronounce."""
        voice = f"{chance.choice(_ACCENTS)}+{chance.choice(_VARIANTS)}"
        tempo, pitch = chance.integers(110, 220), chance.integers(10, 95)
        options = ["-v", voice, "-s", str(tempo), "-p", str(pitch), "--stdout", "--stdin"]
        spoken = subprocess.run(
            [self._program, *options], input=text.encode(), capture_output=True, timeout=_TIMEOUT_S, check=False
        )
        if not spoken.stdout:
            return np.zeros(0, np.float32)
        # Written to a pipe, the header's length is not yet known: libsndfile reads to the end all the same.
        sound, rate = soundfile.read(io.BytesIO(spoken.stdout), dtype="float32")
        resampled: npt.NDArray[np.float32] = soxr.resample(sound, rate, RATE, quality="MQ").astype(np.float32)
        return resampled


def installed() -> EspeakVoices | None:
    """The voices, if the program is there."""
    program = shutil.which("espeak-ng")
    return EspeakVoices(program) if program else None
