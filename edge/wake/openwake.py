"""openWakeWord: Google's speech embedding with a small classifier for each word, by ONNX Runtime.

Source: https://github.com/dscripka/openWakeWord. Its trained models are CC BY-NC-SA 4.0, so this engine is never the
default; a word of one's own (:mod:`edge.wake.training`) is run by it too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edge.chunk import Pcm
from edge.errors import SettingsError
from edge.ports import WakeWord
from edge.wake import embedding
from edge.wake.embedding import SIZE, Floats, SpeechEmbedding
from edge.wake.word_model import WordModel, load


class OpenWakeEngine:
    """Several words on one stream; mel spectrogram and embedding are computed once for all."""

    def __init__(self, speech: SpeechEmbedding, models: Mapping[str, WordModel]):
        self._speech, self._models = speech, models
        self._embeddings: Floats
        self.reset()

    @property
    def words(self) -> Mapping[str, WakeWord]:
        """Each word with what its model says of itself, else openWakeWord's usual threshold of 0.5."""
        return {word: model.word for word, model in self._models.items()}

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        """``pcm``: int16, any length, 16 kHz. Returns scores, 0–1, whenever another 80 ms are complete."""
        scores: dict[str, float] = {}
        for newest in self._speech.feed(pcm):
            self._embeddings = np.vstack([self._embeddings[1:], newest])
            for word, model in self._models.items():
                score = model.score(self._embeddings[-model.windows :])
                scores[word] = max(score, scores.get(word, 0.0))
        return scores

    def reset(self) -> None:
        """Forget the stream."""
        self._speech.reset()
        self._embeddings = np.zeros((max(model.windows for model in self._models.values()), SIZE), np.float32)

    def close(self) -> None:
        """Nothing to free beyond what the sessions free themselves."""


def build(words: Sequence[str], models: Path) -> OpenWakeEngine:
    """``words``: names such as ``alexa``, or paths of ONNX files; ``models``: folder of the openWakeWord models.

    Raises SettingsError for an unknown word, ModelError for a model of another shape.
    """
    known = {path.stem.rsplit("_v", 1)[0]: path for path in sorted(models.glob("*_v*.onnx"))}
    paths = {Path(word).stem: Path(word) if word.endswith(".onnx") else known.get(word) for word in words}
    for word, path in paths.items():
        if path is None or not path.is_file():
            choice = f"choose from {', '.join(known)}" if known else "give the path of a model's ONNX file"
            raise SettingsError(f"there is no openWakeWord model for {word!r}", choice, permanent=True)
    return OpenWakeEngine(embedding.build(models), {word: load(path) for word, path in paths.items() if path})
