"""Fixtures that every kind of test uses."""

import numpy as np
import pytest
import soxr

from edge.chunk import RATE, Pcm
from edge.settings import load
from edge.speak.tts_piper import PiperTts
from edge.speak.tts_piper import build as build_piper
from models.store import Store
from tests.sounds import Say


@pytest.fixture
def anyio_backend() -> str:
    """The runtime is built on anyio over asyncio, so that is what tests run on."""
    return "asyncio"


@pytest.fixture(scope="session")
def store() -> Store:
    """The models that ./scripts/test has installed."""
    return Store(load().models_dir)


@pytest.fixture(scope="session")
def piper(store: Store) -> PiperTts:
    """A voice, to make recordings with while the tests run."""
    return build_piper(store.require("piper-en_US-joe-medium") / "en_US-joe-medium.onnx", 1.0)


@pytest.fixture(scope="session")
def say(piper: PiperTts) -> Say:
    """Speaks a sentence: int16, 16 kHz, mono."""

    def speak(text: str) -> Pcm:
        spoken = soxr.resample(piper.synthesize(text).astype(np.float32), piper.rate, RATE)
        return np.clip(spoken, -32768, 32767).astype(np.int16)

    return speak
