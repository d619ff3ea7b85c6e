"""From a sentence to the kind of thing it asks for: a softmax over labels, one of which is "none of these".

What it looks at are the sentence's vector and which of some thousand words and pairs of words it has: a vector tells
"I'm freezing" from "I'm boiling", but "on" and "off" are all but the same to it.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from edge.errors import ModelError
from edge.understand.semantic.encoder import Floats

NONE: Final = "none"
"""The label of what asks nothing of the house."""
SCALE: Final = np.float32(4.0)
"""Weight of the vector beside the words, which are 0 or 1."""

_CALLED: Final = re.compile(
    r"^(?:(?:hey|hi|ok|okay|yo|hello) )?(?:alexa|siri|google|cortana|jarvis|nabu|computer|assistant|mycroft|olly) "
)
"""Names that people call assistants by, before they say what they want."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a sentence asks for, most likely."""

    label: str
    probability: float
    """Calibrated, 0–1."""
    second: str
    """What it asks for if not that."""
    second_probability: float


class Head:
    """A linear classifier with a temperature and, for each label, the least probability to be believed at."""

    def __init__(
        self,
        labels: Sequence[str],
        grams: Sequence[str],
        weights: Floats,
        bias: Floats,
        temperature: float,
        thresholds: Floats,
    ) -> None:
        """``weights``: (384 + len(grams), len(labels)); ``bias`` and ``thresholds``: (len(labels),)."""
        self.labels = tuple(labels)
        self.grams = tuple(grams)
        self._places = {gram: place for place, gram in enumerate(grams, start=len(weights) - len(grams))}
        self._weights, self._bias = weights, bias
        self._temperature = temperature
        self._thresholds = dict(zip(labels, thresholds.tolist(), strict=True))

    def probabilities(self, text: str, vector: Floats) -> Mapping[str, float]:
        """Of each label, for ``text`` and its ``vector`` (384,)."""
        there = [self._places[gram] for gram in grams_of(text) if gram in self._places]
        logits = (vector * SCALE) @ self._weights[: vector.size] + self._weights[there].sum(axis=0) + self._bias
        scaled = (logits - logits.max()) / self._temperature
        shares = np.exp(scaled) / np.exp(scaled).sum()
        return dict(zip(self.labels, shares.tolist(), strict=True))

    def guess(self, text: str, vector: Floats) -> Guess | None:
        """The likeliest label, or None where that is none of these or not likely enough."""
        ranked = sorted(self.probabilities(text, vector).items(), key=lambda pair: -pair[1])
        (label, probability), (second, second_probability) = ranked[:2]
        if label == NONE or probability < self._thresholds[label]:
            return None
        return Guess(label, probability, second, second_probability)

    def write(self, path: Path) -> None:
        """As ``.npz``."""
        np.savez_compressed(
            path,
            labels=np.array(self.labels),
            grams=np.array(self.grams),
            weights=self._weights.astype(np.float16),
            bias=self._bias,
            temperature=np.float32(self._temperature),
            thresholds=np.array([self._thresholds[label] for label in self.labels], np.float32),
        )


def read(path: Path) -> Head:
    """A head that :meth:`Head.write` wrote. Raises ModelError."""
    try:
        # Opened here: of a file that is no archive, numpy leaves the closing to chance.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return Head(
                labels=file["labels"].tolist(),
                grams=file["grams"].tolist(),
                weights=file["weights"].astype(np.float32),
                bias=file["bias"],
                temperature=float(file["temperature"]),
                thresholds=file["thresholds"],
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError(f"{path.name} is no head of the semantic tier", "reinstall hearthside") from error


def bare(text: str) -> str:
    """``text`` as the encoder reads it: without signs at the end of words, and without a name that is called first."""
    plain = re.sub(r"[.,;:!?]+(?=\s|$)", "", text.lower().replace("’", "'")).strip()
    return _CALLED.sub("", plain) or plain


def grams_of(text: str) -> set[str]:
    """The words of ``text`` and the pairs of words that stand together; all numbers in digits are the same word."""
    words = re.findall(r"[a-z']+|\d+", text.lower().replace("’", "'"))
    words = ["0" if word.isdecimal() else word for word in words]
    return {*words, *(f"{first} {second}" for first, second in itertools.pairwise(words))}
