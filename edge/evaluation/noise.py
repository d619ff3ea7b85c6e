"""What noise costs, and what the ways to take it out again bring back, over ratios of speech to noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edge.audio.conditioning import conditioned
from edge.chunk import CHUNK_SAMPLES, RATE, Pcm
from edge.evaluation.barista import evaluate_barista
from edge.evaluation.clips import Clip, clips
from edge.evaluation.commands import evaluate_commands
from edge.evaluation.mixing import Noise
from edge.ports import Denoiser, WakeEngine
from edge.settings import Settings
from edge.wake.detector import Detector

_AROUND_S: Final = 2.0
"""Quiet before and after a wake word, which the noise fills."""
_REFRACTORY_S: Final = 1.0


class Treated(Noise):
    """Noise under a clip, and then what a microphone's sound goes through."""

    def __init__(self, noise: Noise | None, denoiser: Denoiser | None) -> None:
        """None: no noise, or no denoiser."""
        self._under, self._denoiser = noise, denoiser

    def under(self, pcm: Pcm, clip: str) -> Pcm:
        """``pcm``: int16, 16 kHz. Returns as many samples, not delayed."""
        heard = conditioned(self._under.under(pcm, clip) if self._under else pcm)
        return denoised(self._denoiser, heard) if self._denoiser else heard


@dataclass(frozen=True, slots=True)
class NoiseRow:
    """How much is understood at one ratio, with one way to take the noise out."""

    wer: float
    """Of the home commands, 0 and up."""
    intents: float
    """Home commands whose intent and slots were right, 0–1."""
    orders: float
    """Coffee orders with every slot right, 0–1."""
    woken: float
    """Wake words heard, 0–1."""


async def noise_row(
    settings: Settings, data: Path, treated: Treated, wake: WakeEngine, word: str, limit: int | None
) -> NoiseRow:
    """``limit`` clips of each task at most. Raises EvaluationError, ModelError."""
    commands = await evaluate_commands(settings, data, treated, limit, _tell_nobody)
    barista = await evaluate_barista(settings, data, treated, limit, _tell_nobody)
    words = clips(data, "wake", limit, word=word)
    woken = sum(wakes(wake, word, treated.under(surrounded(clip), clip.name)) for clip in words)
    return NoiseRow(commands.wer, commands.intent_accuracy, barista.accuracy, woken / len(words))


def denoised(denoiser: Denoiser, pcm: Pcm) -> Pcm:
    """``pcm`` through a denoiser that starts anew, chunk by chunk as it would come, its delay taken away."""
    denoiser.reset()
    tail = denoiser.delay + -(len(pcm) + denoiser.delay) % CHUNK_SAMPLES
    padded = np.concatenate([pcm, np.zeros(tail, np.int16)])
    clean = np.concatenate([denoiser.denoise(chunk) for chunk in chunks(padded)])
    return clean[denoiser.delay : denoiser.delay + len(pcm)]


def surrounded(clip: Clip) -> Pcm:
    """A clip with 2 s of nothing before and after it: many begin within 40 ms."""
    around = np.zeros(round(_AROUND_S * RATE), np.int16)
    return np.concatenate([around, clip.sound(), around])


def wakes(engine: WakeEngine, word: str, pcm: Pcm) -> bool:
    """Whether ``word`` is heard in ``pcm`` (int16, 16 kHz), at the threshold that its model was tuned for."""
    engine.reset()
    detector = Detector({word: engine.words[word].threshold}, _REFRACTORY_S)
    return any(
        detector.feed(engine.score(chunk), number * CHUNK_SAMPLES / RATE) is not None
        for number, chunk in enumerate(chunks(pcm))
    )


def chunks(pcm: Pcm) -> Iterator[Pcm]:
    """Whole chunks of 20 ms; a rest is left out."""
    for begin in range(0, len(pcm) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        yield pcm[begin : begin + CHUNK_SAMPLES]


def _tell_nobody(clip: str, right: bool) -> None:
    """The table has no room for single clips."""
