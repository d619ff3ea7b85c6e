"""A wake engine that says when it begins to suspect its word, before it is sure."""

from collections.abc import Callable, Mapping
from typing import Final

from edge.chunk import Pcm
from edge.ports import WakeEngine, WakeWord

_SUSPECTED: Final = 0.3
"""Of a word's threshold. Ordinary speech rarely comes there."""


class AttentiveWake:
    """Scores as the engine within does."""

    def __init__(self, engine: WakeEngine, suspect: Callable[[], None]) -> None:
        """``suspect`` is called in the engine's thread, for each score that may become a wake."""
        self._engine, self._suspect = engine, suspect
        self._from = {name: word.threshold * _SUSPECTED for name, word in engine.words.items()}

    @property
    def words(self) -> Mapping[str, WakeWord]:
        """Those of the engine."""
        return self._engine.words

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        """``pcm``: int16, any length, 16 kHz."""
        scores = self._engine.score(pcm)
        if any(score > self._from[word] for word, score in scores.items()):
            self._suspect()
        return scores

    def reset(self) -> None:
        """Forget the stream."""
        self._engine.reset()

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()
