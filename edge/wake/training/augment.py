"""Sound as other people, rooms and microphones would have made it. Pure: chance is passed in.

Pitch and formants move together by resampling (vocal tract length); a smooth random curve over frequency stands for
microphone and voice; decaying noise stands for the room (Moorer, About This Reverberation Business, 1979).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import soxr

from edge.chunk import RATE, Pcm
from edge.wake.training.speaking import Samples

_LEVELS_DB: Final = (-38.0, -12.0)
_CURVE_POINTS: Final = 7


@dataclass(frozen=True, slots=True)
class Strength:
    """How far the examples are moved away from what they were."""

    pitch: tuple[float, float] = (0.85, 1.18)
    """Factor on all frequencies, least and most; length changes inversely."""
    curve_db: float = 6.0
    """Standard deviation of the random frequency curve, in dB."""
    reverb: float = 0.5
    """Share of examples that get a room."""
    noise: float = 0.75
    """Share of examples that get noise under them."""
    snr_db: tuple[float, float] = (3.0, 30.0)
    """Speech over that noise, in dB."""


def shifted(sound: Samples, factor: float) -> Samples:
    """All frequencies of ``sound`` times ``factor``, its length divided by it."""
    shifted: Samples = soxr.resample(sound, RATE, RATE / factor, quality="LQ").astype(np.float32)
    return shifted


def voiced_anew(sound: Samples, strength: Strength, chance: np.random.Generator) -> Samples:
    """``sound`` by another throat and through another microphone."""
    low, high = np.log(strength.pitch)
    sound = shifted(sound, float(np.exp(chance.uniform(low, high))))
    return _curved(sound, strength.curve_db, chance)


def in_some_room(sound: Samples, strength: Strength, chance: np.random.Generator) -> Samples:
    """``sound``, as long as before, with the echo of a room, or in a share of cases without."""
    return _in_a_room(sound, chance)[: len(sound)] if chance.random() < strength.reverb else sound


def at_some_level(sound: Samples, strength: Strength, chance: np.random.Generator, babble: Samples) -> Pcm:
    """``sound`` with noise under it (a stretch of ``babble``, or coloured noise), at a random level, as int16."""
    power = active_power(sound)
    if power > 0:
        if chance.random() < strength.noise:
            noise = some_noise(len(sound), chance, babble)
            wanted = power / 10 ** (chance.uniform(*strength.snr_db) / 10)
            sound = sound + noise * np.sqrt(wanted / max(float(np.mean(np.square(noise))), 1e-12))
        sound = sound * np.sqrt(10 ** (chance.uniform(*_LEVELS_DB) / 10) / power)
    return as_int16(sound)


def as_int16(sound: Samples) -> Pcm:
    """Clipped where it is beyond full scale."""
    pcm: Pcm = (np.clip(sound, -1.0, 1.0) * 32767).astype(np.int16)
    return pcm


def active_power(sound: Samples) -> float:
    """Mean power of the frames of 20 ms within 25 dB of the loudest."""
    frames = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    if len(frames) == 0:
        return 0.0
    powers = np.mean(np.square(frames), axis=1)
    return float(np.mean(powers[powers >= powers.max() * 10**-2.5]))


def _curved(sound: Samples, spread_db: float, chance: np.random.Generator) -> Samples:
    spectrum = np.fft.rfft(sound)
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    points = np.geomspace(80, 8000, _CURVE_POINTS)
    gains = chance.normal(0.0, spread_db, _CURVE_POINTS)
    gain = np.interp(np.log(np.maximum(frequency, 40)), np.log(points), gains)
    if chance.random() < 0.3:  # noqa: PLR2004  # a poor microphone or a telephone
        gain = gain - 30 * (frequency > chance.uniform(3200, 7000)) - 30 * (frequency < chance.uniform(60, 300))
    return np.fft.irfft(spectrum * 10 ** (gain / 20), len(sound)).astype(np.float32)


def _in_a_room(sound: Samples, chance: np.random.Generator) -> Samples:
    seconds = chance.uniform(0.08, 0.6)
    time = np.arange(round(seconds * RATE)) / RATE
    room = chance.normal(0.0, 1.0, len(time)) * 10 ** (-3 * time / seconds)
    room[: round(chance.uniform(0.001, 0.01) * RATE)] = 0.0
    room *= np.sqrt(10 ** (-chance.uniform(0, 12) / 10) / np.sum(np.square(room)))
    room[0] = 1.0
    length = len(sound) + len(room) - 1
    return np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(room, length), length).astype(np.float32)


def some_noise(length: int, chance: np.random.Generator, babble: Samples) -> Samples:
    """``length`` samples of many voices, or of noise of some colour, steady or coming and going."""
    if chance.random() < 0.35 and len(babble) > length:  # noqa: PLR2004
        start = int(chance.integers(len(babble) - length))
        return babble[start : start + length]
    spectrum = np.fft.rfft(chance.normal(0.0, 1.0, length))
    frequency = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 30)
    noise = np.fft.irfft(spectrum * frequency ** (-chance.uniform(0.0, 1.0)), length)
    if chance.random() < 0.3:  # noqa: PLR2004  # clatter: it comes and goes
        swell = np.interp(np.arange(length), np.linspace(0, length, 12), chance.exponential(1.0, 12))
        noise = noise * swell
    return noise.astype(np.float32)
