"""Piper: VITS voices in ONNX with espeak-ng phonemes.

Source: https://github.com/OHF-Voice/piper1-gpl; Kim et al., Conditional Variational Autoencoder with Adversarial
Learning for End-to-End Text-to-Speech, 2021.
"""

from pathlib import Path

import numpy as np
from piper import PiperVoice
from piper.config import SynthesisConfig

from edge.chunk import Pcm
from edge.errors import ModelError
from edge.onnx import LOAD_ERRORS


class PiperTts:
    """One voice."""

    def __init__(self, voice: PiperVoice, volume: float) -> None:
        self._voice = voice
        self._config = SynthesisConfig(volume=volume)
        self.rate = int(voice.config.sample_rate)

    def synthesize(self, sentence: str) -> Pcm:
        """Returns int16, mono, at ``rate``; empty when there is nothing to pronounce."""
        pieces = [piece.audio_int16_array for piece in self._voice.synthesize(sentence, self._config)]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)

    def close(self) -> None:
        """The session frees its memory when the object goes."""


def build(model: Path, volume: float) -> PiperTts:
    """``model``: the voice's ONNX file, its JSON beside it. Raises ModelError when it cannot be loaded."""
    try:
        return PiperTts(PiperVoice.load(model), volume)
    except (OSError, ValueError, KeyError, *LOAD_ERRORS) as error:
        raise ModelError(f"the voice {model.name} cannot be loaded ({error})", "run `hearth models verify`") from error
