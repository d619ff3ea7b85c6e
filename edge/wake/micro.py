"""microWakeWord: streaming inception network on 40 PCAN features, int8, by TensorFlow Lite.

Source: https://github.com/kahrendt/microWakeWord (Kevin Ahrendt), run by the ``pymicro-wakeword`` package.
"""

import ctypes
import difflib
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from edge.chunk import Pcm
from edge.errors import SettingsError
from edge.ports import WakeWord

_LAG_S: Final = {"alexa": 0.2, "hey_jarvis": 0.2, "hey_mycroft": 0.1, "okay_nabu": 0.1}
"""Measured: see docs/decisions/0004. A model of one's own gets the middle."""
_USUAL_LAG_S: Final = 0.15
_THRESHOLD: Final[Mapping[str, float]] = {}
_FEATURES: Final = 40


class MicroWakeEngine:
    """Several words on one stream; the features are computed once for all."""

    def __init__(self, models: Mapping[str, MicroWakeWord]) -> None:
        self._models = models
        self._streams = {word: _Stream(model) for word, model in models.items()}
        self._features = MicroWakeWordFeatures()

    @property
    def words(self) -> Mapping[str, WakeWord]:
        """Each word with its threshold (see :data:`_THRESHOLD`), else with the cutoff its model was tuned for."""
        return {
            word: WakeWord(_THRESHOLD.get(word, model.probability_cutoff), _LAG_S.get(word, _USUAL_LAG_S))
            for word, model in self._models.items()
        }

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        """``pcm``: int16, any length, 16 kHz. Returns the mean of each word's last windows, 0–1, at its highest."""
        scores: dict[str, float] = {}
        for features in self._features.process_streaming(pcm.tobytes()):
            for word, stream in self._streams.items():
                if (probability := stream.feed(features)) is not None:
                    scores[word] = max(probability, scores.get(word, 0.0))
        return scores

    def reset(self) -> None:
        """Forget the stream."""
        self._features.reset()
        for word, model in self._models.items():
            model.reset()
            self._streams[word] = _Stream(model)

    def close(self) -> None:
        """Free the interpreters."""
        for model in self._models.values():
            model.close()


class _Stream:
    """One model's interpreter on the stream of features.

    What ``MicroWakeWord.process_streaming_prob`` does, without its arrays made anew at each step, which cost more than
    the network.
    """

    def __init__(self, model: MicroWakeWord) -> None:
        self._lib, self._interpreter = model.lib, model.interpreter
        self._input, self._output = model.input_tensor, model.output_tensor
        self._given = np.zeros((model.stride, _FEATURES), model.input_dtype)
        self._got = np.zeros(1, model.output_dtype)
        self._given_at = self._given.ctypes.data_as(ctypes.c_void_p)
        self._got_at = self._got.ctypes.data_as(ctypes.c_void_p)
        self._in_scale, self._in_zero = model.input_scale, model.input_zero_point
        self._out_scale, self._out_zero = model.output_scale, model.output_zero_point
        self._filled = 0
        self._last: deque[float] = deque(maxlen=model.sliding_window_size)

    def feed(self, features: npt.NDArray[np.float64]) -> float | None:
        """``features``: shape (1, 1, 40), one window of 10 ms. Returns the mean of the last probabilities, if new."""
        self._given[self._filled] = np.rint(features[0, 0] / self._in_scale + self._in_zero)
        self._filled += 1
        if self._filled < len(self._given):
            return None
        self._filled = 0
        self._lib.TfLiteTensorCopyFromBuffer(self._input, self._given_at, self._given.nbytes)
        self._lib.TfLiteInterpreterInvoke(self._interpreter)
        self._lib.TfLiteTensorCopyToBuffer(self._output, self._got_at, self._got.nbytes)
        self._last.append((int(self._got[0]) - self._out_zero) * self._out_scale)
        return sum(self._last) / len(self._last) if len(self._last) == self._last.maxlen else None


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
