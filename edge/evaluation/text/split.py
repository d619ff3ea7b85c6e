"""Which sentences of crowd-sourced data may be learnt from; all others are for measuring."""

import hashlib

_TRAINING = 77
"""Of 256: 30 %."""


def is_training(sentence: str) -> bool:
    """Whether ``sentence`` of nlu_eval, slurp or home_llm is for training; decided by its text alone, for ever."""
    return hashlib.sha256(f"hearthside-1:{sentence}".encode()).digest()[0] < _TRAINING
