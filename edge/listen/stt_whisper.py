"""Whisper by CTranslate2 through ``faster-whisper``.

Source: Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, 2022.
"""

import math
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel

from edge.chunk import Pcm
from edge.errors import ModelError
from edge.intents import Transcript

_FULL_SCALE = 32768.0
_NO_SPEECH = 0.6
"""Whisper's own threshold for its no-speech token (section 4.5 of the paper)."""
_UNSURE = -1.0
"""Its threshold of mean log probability: below, with likely silence, the words are invented."""
_MAX_COMPRESSION = 2.4
"""Text that compresses better than this repeats itself: noise that the decoder looped on."""


class WhisperStt:
    """Greedy decoding of one utterance of up to 30 s."""

    def __init__(self, model: WhisperModel, multilingual: bool) -> None:
        self._model = model
        self._multilingual = multilingual

    def transcribe(self, pcm: Pcm, language: str | None) -> Transcript:
        """``pcm``: int16, 16 kHz, one utterance. The text is empty when the sound holds no words."""
        segments, info = self._model.transcribe(
            pcm.astype(np.float32) / _FULL_SCALE,
            language=language if self._multilingual else "en",
            beam_size=1,
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
            # Sentences are commands of a few words; what runs on longer is the decoder looping on noise.
            max_new_tokens=96,
        )
        heard = [
            segment
            for segment in segments
            if not (segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _UNSURE)
            and segment.compression_ratio < _MAX_COMPRESSION
        ]
        text = " ".join(segment.text.strip() for segment in heard)
        confidence = math.exp(min((segment.avg_logprob for segment in heard), default=0.0))
        return Transcript(text, info.language, confidence)

    def close(self) -> None:
        """Free the weights."""
        self._model.model.unload_model()


def build(model: Path, threads: int) -> WhisperStt:
    """``model``: folder in CTranslate2's format. Raises ModelError when it cannot be loaded."""
    try:
        whisper = WhisperModel(
            str(model), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"{model.name} cannot be loaded ({error})", "run `hearth models verify`") from error
    return WhisperStt(whisper, bool(whisper.model.is_multilingual))
