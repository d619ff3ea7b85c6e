"""Silero VAD v6 by ONNX Runtime, on one thread.

Source: https://github.com/snakers4/silero-vad (MIT). The weights come inside the ``faster-whisper`` package.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from edge.chunk import Pcm
from edge.onnx import session

Floats = npt.NDArray[np.float32]

_WINDOW: Final = 512
_CONTEXT: Final = 64  # samples of the window before, that the network sees again
_STATE: Final = (1, 1, 128)
_FULL_SCALE: Final = 32768.0


class SileroVad:
    """Probability of speech for windows of 512 samples (32 ms)."""

    window = _WINDOW
    computes = True

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session

    def stream(self) -> "SileroStream":
        """A new one. The network's memory is handed in and out with each window, so all share one session."""
        return SileroStream(self._session)

    def close(self) -> None:
        """The session frees its memory when the object goes."""


class SileroStream:
    """What the network remembers of one stream."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._h: Floats = np.zeros(_STATE, np.float32)
        self._c: Floats = np.zeros(_STATE, np.float32)
        self._context: Floats = np.zeros(_CONTEXT, np.float32)

    def probability(self, pcm: Pcm) -> float:
        """``pcm``: int16, shape (512,), 16 kHz. Returns 0–1."""
        samples = pcm.astype(np.float32) / _FULL_SCALE
        speech, self._h, self._c = self._session.run(
            None, {"input": np.concatenate([self._context, samples])[None], "h": self._h, "c": self._c}
        )
        self._context = samples[-_CONTEXT:]
        return float(speech.reshape(-1)[0])


def build(model: Path) -> SileroVad:
    """``model``: the ONNX file. Raises ModelError when it cannot be loaded."""
    return SileroVad(session(model))
