"""One word's classifier over speech embeddings, in an ONNX file that may say its own threshold and lag.

Metadata of the file, all optional, written by :mod:`edge.wake.training.export`: ``hearthside.threshold`` (0–1),
``hearthside.lag_s`` (seconds), ``hearthside.phrase``, ``hearthside.curve`` (JSON: ``words``, ``hours`` and ``points``,
each a threshold, its recall, its false accepts an hour).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from edge.errors import ModelError
from edge.onnx import LOAD_ERRORS, session
from edge.ports import WakeWord
from edge.wake.embedding import SIZE, Floats

THRESHOLD_KEY: Final = "hearthside.threshold"
LAG_KEY: Final = "hearthside.lag_s"
PHRASE_KEY: Final = "hearthside.phrase"
CURVE_KEY: Final = "hearthside.curve"
_USUAL_THRESHOLD: Final = 0.5
_USUAL_LAG_S: Final = 0.15
_MOST_LAG_S: Final = 2.0


class WordModel:
    """Scores the embeddings of one stretch of sound."""

    def __init__(self, classifier: ort.InferenceSession, windows: int, word: WakeWord) -> None:
        self._classifier = classifier
        self._input: str = classifier.get_inputs()[0].name
        self.windows = windows
        """How many embeddings it looks at."""
        self.word = word

    def score(self, embeddings: Floats) -> float:
        """``embeddings``: float32, shape (windows, 96), the newest last. Returns the word's probability, 0–1."""
        return float(self._classifier.run(None, {self._input: embeddings[None]})[0].reshape(-1)[0])


def load(path: Path) -> WordModel:
    """The model in the ONNX file ``path``. Raises ModelError naming the file and the shapes when they do not fit."""
    classifier = session(path)
    inputs, outputs = classifier.get_inputs(), classifier.get_outputs()
    if len(inputs) != 1 or not _takes_embeddings(inputs[0].shape):
        shapes = ", ".join(str(put.shape) for put in inputs)
        raise ModelError(f"{path.name} takes input of shape {shapes}", f"a wake model takes (1, n, {SIZE})")
    if outputs[0].type != "tensor(float)" or not _gives_one_number(outputs[0].shape):
        what = f"{path.name} gives output of shape {outputs[0].shape}, {outputs[0].type}"
        raise ModelError(what, "a wake model gives one probability, float, (1, 1)")
    metadata = classifier.get_modelmeta().custom_metadata_map
    word = WakeWord(
        _number(path, metadata, THRESHOLD_KEY, _USUAL_THRESHOLD, 1.0),
        _number(path, metadata, LAG_KEY, _USUAL_LAG_S, _MOST_LAG_S),
    )
    model = WordModel(classifier, inputs[0].shape[1], word)
    _try(path, model)
    return model


def _takes_embeddings(shape: list[int | str | None]) -> bool:
    return len(shape) == 3 and isinstance(shape[1], int) and shape[1] > 0 and shape[2] == SIZE  # noqa: PLR2004


def _gives_one_number(shape: list[int | str | None]) -> bool:
    """A dimension without a fixed size, such as the batch, is 1 when run."""
    return all(size == 1 or not isinstance(size, int) for size in shape)


def _try(path: Path, model: WordModel) -> None:
    """What the declared shapes do not show, one run does."""
    try:
        model.score(np.zeros((model.windows, SIZE), np.float32))
    except LOAD_ERRORS as error:
        raise ModelError(f"{path.name} cannot score (1, {model.windows}, {SIZE})", "train it again") from error


def _number(path: Path, metadata: Mapping[str, str], key: str, usual: float, most: float) -> float:
    try:
        value = float(metadata.get(key, usual))
    except ValueError:
        value = float("nan")
    if not 0 <= value <= most:
        raise ModelError(f"{path.name} says {key} = {metadata[key]!r}", f"it must be from 0 to {most:g}")
    return value
