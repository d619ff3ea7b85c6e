"""A microphone that is dead or too loud, told once."""

import numpy as np
import pytest

from edge.audio.health import Health, Symptom, read
from edge.chunk import CHUNK_SAMPLES, Pcm

DIED, REVIVED, TOO_LOUD = Symptom.DIED, Symptom.REVIVED, Symptom.TOO_LOUD


def chunks(kind: str, seconds: float) -> list[Pcm]:
    chance = np.random.default_rng(0)
    count = round(seconds / 0.02)
    match kind:
        case "zero":
            return [np.zeros(CHUNK_SAMPLES, np.int16)] * count
        case "stuck":
            return [np.full(CHUNK_SAMPLES, -7, np.int16)] * count
        case "last bit":
            return [chance.integers(0, 2, CHUNK_SAMPLES).astype(np.int16) for _ in range(count)]
        case "click":
            return [np.array([32767, *np.zeros(CHUNK_SAMPLES - 1)]).astype(np.int16)] * count
    level = {"quiet": 10.0, "speech": 3000.0, "clipped": 60_000.0}[kind]
    return [np.clip(chance.normal(0, level, CHUNK_SAMPLES), -32768, 32767).astype(np.int16) for _ in range(count)]


def symptoms(*parts: tuple[str, float]) -> list[Symptom]:
    health = Health()
    told = [health.feed(pcm) for kind, seconds in parts for pcm in chunks(kind, seconds)]
    return [symptom for symptom in told if symptom is not None]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("quiet", 10)], []),
        ([("last bit", 10)], []),
        ([("zero", 2.9)], []),
        ([("zero", 3.1)], [DIED]),
        ([("stuck", 3.1)], [DIED]),
        ([("zero", 60)], [DIED]),
        # Zeros and then a stuck value are two deaths of which neither lasts.
        ([("zero", 2), ("stuck", 2)], []),
        ([("zero", 2), ("quiet", 0.02), ("zero", 2)], []),
        ([("zero", 4), ("quiet", 1)], [DIED, REVIVED]),
        ([("zero", 4), ("quiet", 1), ("zero", 4), ("quiet", 1)], [DIED, REVIVED, DIED, REVIVED]),
        ([("speech", 10)], []),
        ([("click", 10)], []),
        ([("clipped", 0.3), ("quiet", 5)], []),
        ([("clipped", 0.6)], [TOO_LOUD]),
        ([("clipped", 5)], [TOO_LOUD]),
        # One loud word after another, with pauses.
        ([("clipped", 0.2), ("quiet", 3)] * 4, [TOO_LOUD]),
        ([("clipped", 0.2), ("quiet", 30)] * 4, []),
        ([("clipped", 1), ("quiet", 30), ("clipped", 1)], [TOO_LOUD]),
        ([("clipped", 1), ("quiet", 60), ("clipped", 1)], [TOO_LOUD, TOO_LOUD]),
    ],
)
def test_each_symptom_is_told_when_it_comes(parts: list[tuple[str, float]], expected: list[Symptom]) -> None:
    assert symptoms(*parts) == expected


def test_a_reading() -> None:
    half = np.where(np.arange(16_000) % 2, 16_384, -16_384).astype(np.int16)
    assert read(half).level_dbfs == pytest.approx(-6.0, abs=0.1)
    assert read(half // 2 + np.int16(8192)).offset == pytest.approx(0.25, abs=0.001)
    assert read(np.concatenate([half, np.full(16_000, 32_767, np.int16)])).clipped == pytest.approx(0.5)
    assert read(np.zeros(320, np.int16)).still
    assert read(np.zeros(320, np.int16)).level_dbfs < -90
    assert not read(half).still
