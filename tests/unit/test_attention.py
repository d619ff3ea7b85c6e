"""A suspicion is told before a wake word is sure."""

from collections.abc import Mapping

import numpy as np

from edge.chunk import Pcm
from edge.ports import WakeWord
from edge.session.attention import AttentiveWake


class Scores:
    """A wake engine whose scores are given."""

    def __init__(self, scores: list[float]) -> None:
        self.left = scores
        self.calls: list[str] = []
        self.words: Mapping[str, WakeWord] = {"alexa": WakeWord(0.9)}

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        return {"alexa": self.left.pop(0)}

    def reset(self) -> None:
        self.calls.append("reset")

    def close(self) -> None:
        self.calls.append("close")


def test_scores_from_a_third_of_the_threshold_on_are_suspicious() -> None:
    engine = Scores([0.0, 0.2, 0.3, 0.95, 0.1])
    told = []
    wake = AttentiveWake(engine, lambda: told.append(len(engine.left)))
    scores = [wake.score(np.zeros(320, np.int16))["alexa"] for _ in range(5)]
    assert scores == [0.0, 0.2, 0.3, 0.95, 0.1]
    assert told == [2, 1]
    assert wake.words == engine.words
    wake.reset()
    wake.close()
    assert engine.calls == ["reset", "close"]
