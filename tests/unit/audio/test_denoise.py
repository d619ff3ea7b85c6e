"""What every denoiser must do, on the one that ships."""

import sys
from pathlib import Path

import numpy as np
import pytest

from edge.audio.denoise_webrtc import build
from edge.chunk import CHUNK_SAMPLES, RATE
from edge.errors import SettingsError
from edge.evaluation.noise import denoised
from edge.ports import Denoiser
from tests.sounds import Say, quiet


def power(pcm: object) -> float:
    return float(np.mean(np.square(np.asarray(pcm, float)))) + 1.0


def test_noise_goes_and_speech_stays_in_its_place(say: Say) -> None:
    denoiser: Denoiser = build(Path())
    speech = np.concatenate([np.zeros(2 * RATE, np.int16), say("Turn on the kitchen light.")])
    noisy = speech + quiet(len(speech) / RATE, 300.0)
    clean = denoised(denoiser, noisy)
    assert clean.shape == noisy.shape
    assert clean.dtype == np.int16
    assert 10 * np.log10(power(noisy[RATE : 2 * RATE]) / power(clean[RATE : 2 * RATE])) > 6
    spoken = slice(2 * RATE, None)
    gain = float(
        np.dot(clean[spoken].astype(float), speech[spoken]) / np.dot(speech[spoken].astype(float), speech[spoken])
    )
    assert 0.8 < gain < 1.1
    assert power(clean[spoken] - gain * speech[spoken]) < power(noisy[spoken].astype(float) - speech[spoken])


def test_forgetting_the_stream_gives_the_same_again() -> None:
    denoiser, noise = build(Path()), quiet(0.2, 300.0)
    first = denoiser.denoise(noise)
    denoiser.reset()
    assert np.array_equal(denoiser.denoise(noise), first)
    assert len(denoiser.denoise(noise[:CHUNK_SAMPLES])) == CHUNK_SAMPLES
    denoiser.close()


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(SettingsError, match="not installed") as caught:
        build(Path())
    assert caught.value.remedy == "pip install hearthside[denoise]"
