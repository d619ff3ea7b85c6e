"""A second opinion on a wake word: another model looks at the recorded word, and confirms or refuses.

The first model's threshold can then be low enough to miss nobody, since what it lets in by mistake is turned away
here. The two share neither features nor training material, so they seldom err on the same sound.
It runs at a detection only, in the wake thread.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from edge.chunk import RATE, Pcm
from edge.errors import ModelError
from edge.wake import embedding
from edge.wake.detector import Detection
from edge.wake.embedding import SIZE, STEP, SpeechEmbedding
from edge.wake.word_model import WordModel, load

_EMBEDDING_S: Final = 0.775
"""What one embedding hears."""
_LOOKS: Final = 2
"""Places, 80 ms apart, at which the word may have ended."""
_FIRST: Final = {"alexa": 0.15}
"""First thresholds, lower than without verification: see docs/decisions."""
_LEAST: Final = 1e-4
"""No model is surer than this, int8 ones with steps of 1/256 least of all."""
_EARLIER_S: Final = {"alexa": 0.12}
"""How much earlier a word is detected at that first threshold than at the model's own: median of 49 recordings."""
_OWN: Final = Path(__file__).parent / "verifiers"


class Verifier:
    """Second models for some words; the others are taken at the first model's word."""

    def __init__(self, speech: SpeechEmbedding, models: Mapping[str, WordModel]) -> None:
        self._speech, self._models = speech, models

    @property
    def words(self) -> frozenset[str]:
        """The words that it knows."""
        return frozenset(self._models)

    @property
    def first_thresholds(self) -> Mapping[str, float]:
        """For the words that it knows, how sure the first model must be before it is asked."""
        return {word: _FIRST[word] for word in self._models if word in _FIRST}

    @staticmethod
    def earlier_s(word: str) -> float:
        """How much earlier the first model detects ``word`` than without verification, in seconds."""
        return _EARLIER_S.get(word, 0.0)

    def seconds(self, word: str) -> float:
        """How much sound before the detection it hears."""
        return _EMBEDDING_S + (self._models[word].windows + _LOOKS - 2) * STEP / RATE

    def score(self, word: str, recorded: Pcm) -> float:
        """``recorded``: int16, 16 kHz, the sound up to the detection, as long as :meth:`seconds` if there is so much.

        Returns its probability that ``word`` was said, 0–1.
        """
        model = self._models[word]
        steps = int(np.ceil(self.seconds(word) * RATE / STEP))
        sound = np.zeros(steps * STEP, np.int16)
        kept = recorded[-len(sound) :]
        sound[len(sound) - len(kept) :] = kept
        self._speech.reset()
        heard = self._speech.last(sound, model.windows + _LOOKS - 1)
        assert heard.shape == (model.windows + _LOOKS - 1, SIZE)
        return max(model.score(heard[look : look + model.windows]) for look in range(_LOOKS))

    def confirms(self, detection: Detection, recorded: Pcm) -> bool:
        """Whether both models together are sure enough; for a word it does not know, always.

        They are independent, so their odds multiply: the surer one is, the less is asked of the other.
        """
        if detection.word not in self._models:
            return True
        odds = _log_odds(detection.score) + _log_odds(self.score(detection.word, recorded))
        return odds >= _log_odds(self._models[detection.word].word.threshold)


def build(models: Path) -> Verifier:
    """``models``: folder of the speech embedding. Knows the words that come with the program. Raises ModelError."""
    known = {path.stem: load(path) for path in sorted(_OWN.glob("*.onnx"))}
    if not known:
        raise ModelError(f"{_OWN} has no models", "install the program again")
    return Verifier(embedding.build(models), known)


def _log_odds(probability: float) -> float:
    within = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(within / (1 - within))
