"""openWakeWord: Google's speech embedding with a small classifier for each word, by ONNX Runtime.

Source: https://github.com/dscripka/openWakeWord; the streaming arithmetic below follows its ``AudioFeatures``.
The trained models are CC BY-NC-SA 4.0, so this engine is never the default.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from edge.chunk import Pcm
from edge.errors import ModelError, SettingsError
from edge.onnx import session
from edge.ports import WakeWord

Floats = npt.NDArray[np.float32]

_STEP: Final = 1280  # samples between embeddings: 80 ms
_OVERLAP: Final = 480  # samples of history that the mel windows of a step reach back
_MEL_WINDOW: Final = 76  # mel frames of one embedding: 775 ms
_MEL_BINS: Final = 32
_MEL_STEP: Final = 8  # mel frames of 80 ms
_EMBEDDING: Final = 96
_THRESHOLD: Final = 0.5


class OpenWakeEngine:
    """Several words on one stream; mel spectrogram and embedding are computed once for all."""

    def __init__(
        self, mel: ort.InferenceSession, embed: ort.InferenceSession, words: Mapping[str, ort.InferenceSession]
    ):
        self._mel, self._embed, self._words = mel, embed, words
        self._windows = {word: int(model.get_inputs()[0].shape[1]) for word, model in words.items()}
        self._sound: Pcm
        self._mels: Floats
        self._embeddings: Floats
        self.reset()

    @property
    def words(self) -> Mapping[str, WakeWord]:
        """Each word with openWakeWord's usual threshold of 0.5."""
        return dict.fromkeys(self._words, WakeWord(_THRESHOLD))

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        """``pcm``: int16, any length, 16 kHz. Returns scores, 0–1, whenever another 80 ms are complete."""
        self._sound = np.concatenate([self._sound, pcm])
        scores: dict[str, float] = {}
        while len(self._sound) >= _OVERLAP + _STEP:
            for word, score in self._step(self._sound[: _OVERLAP + _STEP]).items():
                scores[word] = max(score, scores.get(word, 0.0))
            self._sound = self._sound[_STEP:]
        return scores

    def reset(self) -> None:
        """Forget the stream."""
        self._sound = np.zeros(_OVERLAP, np.int16)
        self._mels = np.ones((_MEL_WINDOW, _MEL_BINS), np.float32)
        self._embeddings = np.zeros((max(self._windows.values()), _EMBEDDING), np.float32)

    def close(self) -> None:
        """Nothing to free beyond what the sessions free themselves."""

    def _step(self, sound: Pcm) -> Mapping[str, float]:
        mel = self._mel.run(None, {"input": sound[None].astype(np.float32)})[0].reshape(-1, _MEL_BINS)
        # The ONNX mel spectrogram is in dB / 10 off from the one that the embedding was trained on.
        self._mels = np.vstack([self._mels, mel[-_MEL_STEP:] / 10 + 2])[-_MEL_WINDOW:]
        embedding = self._embed.run(None, {"input_1": self._mels[None, :, :, None]})[0].reshape(1, _EMBEDDING)
        self._embeddings = np.vstack([self._embeddings[1:], embedding])
        return {word: self._classify(word) for word in self._words}

    def _classify(self, word: str) -> float:
        classifier = self._words[word]
        window = self._embeddings[None, -self._windows[word] :]
        return float(classifier.run(None, {classifier.get_inputs()[0].name: window})[0].reshape(-1)[0])


def build(words: Sequence[str], models: Path) -> OpenWakeEngine:
    """``words``: names such as ``alexa``, or paths of ONNX files; ``models``: folder of the openWakeWord models.

    Raises SettingsError for an unknown word, ModelError for a model of another shape.
    """
    known = {path.stem.rsplit("_v", 1)[0]: path for path in sorted(models.glob("*_v*.onnx"))}
    paths = {Path(word).stem: Path(word) if word.endswith(".onnx") else known.get(word) for word in words}
    for word, path in paths.items():
        if path is None or not path.is_file():
            raise SettingsError(
                f"there is no openWakeWord model for {word!r}", f"choose from {', '.join(known)}", permanent=True
            )
    return OpenWakeEngine(
        session(models / "melspectrogram.onnx"),
        session(models / "embedding_model.onnx"),
        {word: _word_session(path) for word, path in paths.items() if path},
    )


def _word_session(path: Path) -> ort.InferenceSession:
    word = session(path)
    shape = word.get_inputs()[0].shape
    if len(shape) != 3 or shape[2] != _EMBEDDING:  # noqa: PLR2004  # (batch, embeddings, 96)
        raise ModelError(f"{path.name} takes input of shape {shape}", f"a wake model takes (1, n, {_EMBEDDING})")
    return word
