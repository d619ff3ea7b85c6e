"""A Piper voice that says the same text differently each time: tempo, intonation, accent, size of its throat."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr
from piper import PiperVoice
from piper.config import SynthesisConfig

from edge.chunk import RATE
from edge.errors import ModelError
from edge.onnx import LOAD_ERRORS

_ACCENTS: Final = "en-us en-us en-us en-us-nyc en en-gb-scotland en-gb-x-rp en-gb-x-gbclan en-029".split()
_THROATS: Final = (0.85, 1.45)
"""Factor on pitch and formants together, least and most: from a large man to a child."""


class VariedPiper:
    """One voice, many ways to speak."""

    def __init__(self, voice: PiperVoice) -> None:
        self._voice = voice
        self._own_accent = voice.config.espeak_voice

    def speak(self, text: str, chance: np.random.Generator) -> npt.NDArray[np.float32]:
        """Returns ``text`` spoken: float32, 16 kHz, ±1; empty when there is nothing to pronounce."""
        throat = float(np.exp(chance.uniform(*np.log(_THROATS))))
        config = SynthesisConfig(
            # Resampling to another throat changes the tempo too, so the voice speaks the slower before.
            length_scale=float(np.exp(chance.uniform(np.log(0.75), np.log(1.4)))) * throat,
            noise_scale=float(chance.uniform(0.4, 1.1)),
            noise_w_scale=float(chance.uniform(0.4, 1.3)),
        )
        accents = _ACCENTS if self._own_accent.startswith("en") else [self._own_accent]
        self._voice.config.espeak_voice = str(chance.choice(accents))
        pieces = [piece.audio_float_array for piece in self._voice.synthesize(text, config)]
        if not pieces:
            return np.zeros(0, np.float32)
        spoken = np.concatenate(pieces).astype(np.float32)
        resampled: npt.NDArray[np.float32] = soxr.resample(
            spoken, self._voice.config.sample_rate, RATE / throat, quality="MQ"
        ).astype(np.float32)
        return resampled


def build(model: Path) -> VariedPiper:
    """``model``: the voice's ONNX file, its JSON beside it. Raises ModelError when it cannot be loaded."""
    try:
        return VariedPiper(PiperVoice.load(model))
    except (OSError, ValueError, KeyError, *LOAD_ERRORS) as error:
        raise ModelError(f"the voice {model.name} cannot be loaded ({error})", "run `hearth models verify`") from error
