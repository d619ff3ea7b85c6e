"""Which sentences of the crowd collections are for training: a fixed part of them, told by the sentence alone."""

import hashlib
from typing import Final

_SEED: Final = "hearthside-1"
_TRAINING: Final = 77
"""Of 256: 30 %."""


def is_training(sentence: str) -> bool:
    """Whether ``sentence`` may be learnt from; all others are for measuring."""
    return hashlib.sha256(f"{_SEED}:{sentence}".encode()).digest()[0] < _TRAINING
