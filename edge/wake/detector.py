"""The decision that a wake word was said, from a stream of probabilities. Pure: no clock, no sound, no model."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detection:
    """A wake word was heard."""

    word: str
    score: float
    """The model's probability, 0–1."""
    at: float
    """End of the chunk that completed it, in seconds."""


class Detector:
    """One threshold per word, and a refractory time in which the tail of the same word cannot wake again.

    A word must fall below its threshold before it can wake anew, however long it stays above.
    """

    def __init__(self, thresholds: Mapping[str, float], refractory_s: float) -> None:
        self._thresholds = dict(thresholds)
        self._refractory_s = refractory_s
        self._deaf_until = float("-inf")
        self._armed = dict.fromkeys(self._thresholds, True)
        self._again: dict[str, float] = {}
        """Words that were refused and have not fallen since → when they may be detected again."""

    def feed(self, scores: Mapping[str, float], at: float) -> Detection | None:
        """``scores``: each word's probability up to the moment ``at``. Returns the surest word that woke, if any."""
        crossed = [
            word for word, score in scores.items() if score > self._thresholds[word] and self._may_wake(word, at)
        ]
        for word, score in scores.items():
            self._armed[word] = score <= self._thresholds[word]
            if self._armed[word]:
                self._again.pop(word, None)
        if not crossed or at < self._deaf_until:
            return None
        self._deaf_until = at + self._refractory_s
        word = max(crossed, key=lambda word: scores[word] - self._thresholds[word])
        self._again.pop(word, None)
        return Detection(word, scores[word], at)

    def refuse(self, detection: Detection, pause_s: float) -> None:
        """It was not the word after all, or not yet: forget ``detection``.

        The same word may be detected again ``pause_s`` later, even if its score has not fallen since; others at once.
        """
        self._deaf_until = float("-inf")
        self._again[detection.word] = detection.at + pause_s

    def _may_wake(self, word: str, at: float) -> bool:
        return self._armed[word] or at >= self._again.get(word, float("inf"))
