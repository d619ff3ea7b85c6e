"""Examples as the running engine would meet them: a word or other speech in a stream, and its embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.chunk import RATE, Pcm
from edge.wake.embedding import SIZE, STEP_SECONDS, Floats, SpeechEmbedding
from edge.wake.training.augment import Strength, as_int16, at_some_level, in_some_room, some_noise, voiced_anew
from edge.wake.training.speaking import Samples

_LEAD_S: Final = (1.0, 1.6)
_TAIL_S: Final = 0.6
_HEARD_S: Final = (0.0, 0.33)
"""Embeddings that end this long after the word's end have heard it: some of these must wake."""
_IN_SPEECH: Final = 0.3
"""Share of the examples in which somebody spoke just before or after the word."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The embeddings of one stretch of sound."""

    embeddings: Floats
    """float32, shape (steps, 96); the k-th ends at (k + 1) · 80 ms."""
    word_end: float | None
    """Where the wake word ends, in seconds; None when it was not said."""

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.embeddings) * STEP_SECONDS

    def windows(self, count: int) -> Floats:
        """What a model of ``count`` embeddings sees at each step: float32, shape (steps, count, 96)."""
        padded = np.concatenate([np.zeros((count - 1, SIZE), np.float32), self.embeddings])
        return np.lib.stride_tricks.sliding_window_view(padded, count, axis=0).transpose(0, 2, 1)

    def heard(self) -> slice:
        """The steps at which the word was just said."""
        assert self.word_end is not None
        first = int(np.ceil((self.word_end + _HEARD_S[0]) / STEP_SECONDS)) - 1
        last = int(np.floor((self.word_end + _HEARD_S[1]) / STEP_SECONDS)) - 1
        return slice(max(0, first), min(len(self.embeddings), last + 1))


class Maker:
    """Makes streams out of sounds; every one different."""

    def __init__(self, speech: SpeechEmbedding, background: Sequence[Samples], chance: np.random.Generator) -> None:
        """``background``: speech that may stand before, after and (many at once) under the examples."""
        self._speech, self._background, self._chance = speech, background, chance
        self._babble = _babble(background, chance)

    def positive(self, word: Samples, strength: Strength) -> Stream:
        """``word``: the wake word alone, without quiet around it."""
        chance = self._chance
        voiced = voiced_anew(word, strength, chance)
        lead = self._around(chance.uniform(*_LEAD_S), before=True)
        tail = self._around(_TAIL_S, before=False)
        sound = in_some_room(np.concatenate([lead, voiced, tail]), strength, chance)
        return Stream(self._embed(sound, strength), (len(lead) + len(voiced)) / RATE)

    def negative(self, sound: Samples, strength: Strength) -> Stream:
        """``sound``: anything in which the wake word is not said."""
        voiced = voiced_anew(sound, strength, self._chance)
        return Stream(self._embed(in_some_room(voiced, strength, self._chance), strength), None)

    def noise(self, seconds: float) -> Stream:
        """Noise without anybody in particular, or quiet."""
        sound = some_noise(round(seconds * RATE), self._chance, self._babble)
        loudness = 10 ** (self._chance.uniform(-70, -15) / 20) / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-9)
        return Stream(self._embedded(as_int16(sound * loudness)), None)

    def _around(self, seconds: float, *, before: bool) -> Samples:
        chance = self._chance
        around = np.zeros(round(seconds * RATE), np.float32)
        if self._background and chance.random() < _IN_SPEECH:
            other = self._background[int(chance.integers(len(self._background)))]
            other = other * float(chance.uniform(0.3, 1.0))
            gap = round(chance.uniform(0.02, 0.4) * RATE)
            free = len(around) - gap
            if before:
                around[max(0, free - len(other)) : free] = other[-free:]
            else:
                around[gap : gap + len(other)] = other[:free]
        return around

    def _embed(self, sound: Samples, strength: Strength) -> Floats:
        return self._embedded(at_some_level(sound, strength, self._chance, self._babble))

    def _embedded(self, pcm: Pcm) -> Floats:
        self._speech.reset()
        return np.array(self._speech.feed(pcm), np.float32).reshape(-1, SIZE)


def _babble(background: Sequence[Samples], chance: np.random.Generator) -> Samples:
    """Six voices at once."""
    if not background:
        return np.zeros(0, np.float32)
    voices = []
    for _ in range(6):
        order = chance.permutation(len(background))
        voices.append(np.concatenate([background[i] for i in order]))
    length = min(len(voice) for voice in voices)
    babble: Samples = np.sum([voice[:length] for voice in voices], axis=0, dtype=np.float32)
    return babble
