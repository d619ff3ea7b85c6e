"""microWakeWord: streaming inception network on 40 PCAN features, int8, by TensorFlow Lite.

Source: https://github.com/kahrendt/microWakeWord (Kevin Ahrendt), run by the ``pymicro-wakeword`` package.
"""

import difflib
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from edge.chunk import CHUNK_SAMPLES, Pcm
from edge.errors import SettingsError
from edge.ports import WakeWord
from edge.wake.gate import Gate

_LAG_S: Final = {"alexa": 0.2, "hey_jarvis": 0.2, "hey_mycroft": 0.1, "okay_nabu": 0.1}
"""Measured: see docs/decisions/0004. A model of one's own gets the middle."""
_USUAL_LAG_S: Final = 0.15


_PREROLL: Final = 50
"""Features of 10 ms each that are kept while nothing sounds: a word's first sound may be quieter than the room."""


class MicroWakeEngine:
    """Several words on one stream; the features are computed once for all, the models asked only when something sounds.

    While the gate is closed, the models keep the state that a quiet room left in them; when it opens, they first
    hear the last half second, so that for them the quiet was only shorter.
    """

    def __init__(self, models: Mapping[str, MicroWakeWord]) -> None:
        self._models = models
        self._features = MicroWakeWordFeatures()
        self._gate = Gate()
        self._kept: deque[Any] = deque(maxlen=_PREROLL)

    @property
    def words(self) -> Mapping[str, WakeWord]:
        """Each word with the cutoff its model was tuned for."""
        return {
            word: WakeWord(model.probability_cutoff, _LAG_S.get(word, _USUAL_LAG_S))
            for word, model in self._models.items()
        }

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        """``pcm``: int16, any length, 16 kHz. Returns the mean of each word's last windows, 0–1, at its highest."""
        scores: dict[str, float] = {}
        # The gate looks at short pieces, whatever it is given.
        for start in range(0, len(pcm), CHUNK_SAMPLES):
            piece = pcm[start : start + CHUNK_SAMPLES]
            self._kept.extend(self._features.process_streaming(piece.tobytes()))
            if self._gate.feed(piece):
                self._score_kept(scores)
        return scores

    def _score_kept(self, scores: dict[str, float]) -> None:
        while self._kept:
            features = self._kept.popleft()
            for word, model in self._models.items():
                # 0.0 while the model gathers one stride (3 windows of 10 ms) is no score at all.
                if (probability := model.process_streaming_prob(features)) is not None and probability > 0.0:
                    scores[word] = max(probability, scores.get(word, 0.0))

    def reset(self) -> None:
        """Forget the stream."""
        self._features.reset()
        self._gate = Gate()
        self._kept.clear()
        for model in self._models.values():
            model.reset()

    def close(self) -> None:
        """Free the interpreters."""
        for model in self._models.values():
            model.close()


def build(words: Sequence[str], models: Path) -> MicroWakeEngine:
    """``words``: names of built-in models, or paths of microWakeWord's JSON files. ``models`` is not needed.

    Raises SettingsError naming the nearest word that exists.
    """
    return MicroWakeEngine({Path(word).stem: _load(word) for word in words})


def _load(word: str) -> MicroWakeWord:
    if word.endswith(".json"):
        if not Path(word).is_file():
            raise SettingsError(f"wake model {word} does not exist", "check wake.words", permanent=True)
        return MicroWakeWord.from_config(word)
    builtin = [model.value for model in Model]
    if word not in builtin:
        near = difflib.get_close_matches(word, builtin, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(builtin)}"
        raise SettingsError(f"there is no microWakeWord model for {word!r}", hint, permanent=True)
    return MicroWakeWord.from_builtin(Model(word))
