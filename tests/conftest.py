"""Fixtures that every kind of test uses."""

import gc
import hashlib
import os
import signal
import uuid
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import HealthCheck, settings
from piper import PiperVoice
from piper.config import SynthesisConfig

from edge.chunk import RATE, Pcm
from edge.listen.stt_moonshine import build
from edge.settings import load
from models.store import Store
from tests.sounds import Recognise, Say

# Examples are not timed: whoever else uses the processor may hold up any of them.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture
def anyio_backend() -> str:
    """The runtime is built on anyio over asyncio, so that is what tests run on."""
    return "asyncio"


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_reaches_what_tests_start() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and so would all that tests start in their turn."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="module")
def _what_others_left_is_not_looked_through() -> None:
    """A full collection would take up to two seconds, in the middle of whatever counts its own time: hundreds of modules
    leave something that lives on. The product sets aside likewise what it has loaded.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_settings_of_ones_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings of whoever runs it, nor those of another test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / f"config-{uuid.uuid4().hex}"))
    # What was read of sentences is the same for all: each process reads them once.
    monkeypatch.setenv("HEARTH_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))
    # Several run at a time.
    monkeypatch.setenv("HEARTH_API__PORT", "0")


@pytest.fixture(scope="session")
def store() -> Store:
    """The models that ./scripts/test has installed."""
    return Store(load().models_dir)


@pytest.fixture(scope="session")
def say(store: Store) -> Say:
    """Speaks a sentence: int16, 16 kHz, mono. Without the voice's chance variation, so that every run hears the same.

    Where TESTS_SPEECH names a folder, what has been spoken once is kept there: on an emulated processor a sentence
    takes minutes.
    """
    steady = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    kept = Path(folder) if (folder := os.environ.get("TESTS_SPEECH")) else None
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    voice = cache(lambda: PiperVoice.load(store.require("piper-en_US-joe-medium") / "en_US-joe-medium.onnx"))

    def speak(text: str) -> Pcm:
        file = kept / f"{hashlib.sha256(text.encode()).hexdigest()}.npy" if kept else None
        if file and file.exists():
            sound: Pcm = np.load(file)
            return sound
        pieces = [piece.audio_int16_array for piece in voice().synthesize(text, steady)]
        spoken = soxr.resample(np.concatenate(pieces).astype(np.float32), voice().config.sample_rate, RATE)
        sound = np.clip(spoken, -32768, 32767).astype(np.int16)
        if file:
            # Several write at a time.
            part = file.with_suffix(f".{os.getpid()}.npy")
            np.save(part, sound)
            part.replace(file)
        return sound

    return speak


@pytest.fixture(scope="session")
def recognise(store: Store) -> Recognise:
    """Without any help by what may be said."""
    stt = build(store.require("moonshine-tiny-en"), 1)
    return lambda pcm, rate: stt.transcribe(soxr.resample(pcm, rate, RATE), "en").text
