"""Piper: VITS voices in ONNX with espeak-ng phonemes.

Source: https://github.com/OHF-Voice/piper1-gpl; Kim et al., Conditional Variational Autoencoder with Adversarial
Learning for End-to-End Text-to-Speech, 2021.
"""

import json
from pathlib import Path
from typing import Final

import numpy as np
from piper import PiperVoice
from piper.config import PiperConfig, SynthesisConfig

from edge.chunk import Pcm
from edge.errors import ModelError
from edge.onnx import session

_EVERY_CORE: Final = 0


class PiperTts:
    """One voice."""

    computes = True

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
        # Piper's own way of loading has threads that spin while they wait, and keeps what one long sentence took.
        config = PiperConfig.from_dict(json.loads(model.with_name(f"{model.name}.json").read_text("utf-8")))
        return PiperTts(PiperVoice(config=config, session=session(model, _EVERY_CORE)), volume)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the voice {model.name} cannot be loaded ({error})", "run `hearth models verify`") from error
