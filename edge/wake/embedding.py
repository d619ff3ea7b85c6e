"""Google's speech embedding on a stream of sound: 96 numbers every 80 ms, each of the last 775 ms.

Source: Lin et al., Training Keyword Spotters with Limited and Synthesized Speech Data, 2020 (Apache-2.0), as ONNX in
https://github.com/dscripka/openWakeWord; the streaming arithmetic follows its ``AudioFeatures``. Recognition, training
and verification of wake words all use this code, so a model never meets sound treated otherwise than in its training.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from edge.chunk import RATE, Pcm
from edge.onnx import session

Floats = npt.NDArray[np.float32]

STEP: Final = 1280
"""Samples between embeddings: 80 ms."""
STEP_SECONDS: Final = STEP / RATE
SIZE: Final = 96
"""Numbers in an embedding."""
_OVERLAP: Final = 480  # samples of history that the mel windows of a step reach back
_MEL_WINDOW: Final = 76  # mel frames of one embedding: 775 ms
_MEL_BINS: Final = 32
_MEL_STEP: Final = 8  # mel frames of 80 ms


class SpeechEmbedding:
    """One stream."""

    def __init__(self, mel: ort.InferenceSession, embed: ort.InferenceSession) -> None:
        self._mel, self._embed = mel, embed
        self._sound: Pcm
        self._mels: Floats
        self.reset()

    def feed(self, pcm: Pcm) -> list[Floats]:
        """``pcm``: int16, any length, 16 kHz. Returns an embedding, float32, shape (96,), per further 80 ms."""
        self._sound = np.concatenate([self._sound, pcm])
        embeddings: list[Floats] = []
        while len(self._sound) >= _OVERLAP + STEP:
            embeddings.append(self._step(self._sound[: _OVERLAP + STEP]))
            self._sound = self._sound[STEP:]
        return embeddings

    def last(self, pcm: Pcm, count: int) -> Floats:
        """The last ``count`` embeddings of ``pcm`` (int16, 16 kHz), which stands alone, shape (count, 96).

        Cheaper than :meth:`feed`: embeddings that nobody asked for are not computed. ``pcm`` must be whole steps.
        """
        self.reset()
        steps = len(pcm) // STEP
        embeddings = []
        for number, sound in enumerate(np.split(pcm, steps)):
            self._hear(np.concatenate([self._sound, sound]))
            self._sound = sound[-_OVERLAP:]
            if number >= steps - count:
                embeddings.append(self._embedding())
        self.reset()
        return np.stack(embeddings)

    def reset(self) -> None:
        """Forget the stream."""
        self._sound = np.zeros(_OVERLAP, np.int16)
        self._mels = np.ones((_MEL_WINDOW, _MEL_BINS), np.float32)

    def _step(self, sound: Pcm) -> Floats:
        self._hear(sound)
        return self._embedding()

    def _hear(self, sound: Pcm) -> None:
        mel = self._mel.run(None, {"input": sound[None].astype(np.float32)})[0].reshape(-1, _MEL_BINS)
        # The ONNX mel spectrogram is in dB / 10 off from the one that the embedding was trained on.
        self._mels = np.vstack([self._mels, mel[-_MEL_STEP:] / 10 + 2])[-_MEL_WINDOW:]

    def _embedding(self) -> Floats:
        embedding: Floats = self._embed.run(None, {"input_1": self._mels[None, :, :, None]})[0].reshape(SIZE)
        return embedding


def build(models: Path) -> SpeechEmbedding:
    """``models``: folder of ``melspectrogram.onnx`` and ``embedding_model.onnx``. Raises ModelError."""
    return SpeechEmbedding(session(models / "melspectrogram.onnx"), session(models / "embedding_model.onnx"))
