"""The examples of one wake word: who says it, what else is said, and how much of each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.chunk import RATE
from edge.wake.training.augment import Strength
from edge.wake.training.examples import Maker, Stream
from edge.wake.training.phrases import near_misses, other_speech
from edge.wake.training.speaking import Samples, Speaker, trimmed

_RECORDED: Final = Strength(pitch=(0.84, 1.2), curve_db=5.0)
_SPOKEN: Final = Strength()
_SHORTEST_S: Final = 0.1
_NOISE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Budget:
    """How many examples of each kind."""

    spoken: int = 350
    """Times that the phrase is synthesised."""
    takes: int = 2
    """Examples made from each of them."""
    recorded: int = 600
    """Examples made from the person's recordings, all together."""
    near: int = 400
    """Near misses that are synthesised."""
    other: int = 500
    """Other sentences, words and inventions that are synthesised."""
    noise: int = 15
    """Stretches of noise and quiet, 20 s each."""

    @property
    def texts(self) -> int:
        """What is synthesised."""
        return self.spoken + self.near + self.other

    def examples(self, recordings: int) -> int:
        """What is embedded."""
        mine = self.recorded if recordings else 0
        return self.spoken * self.takes + mine + self.near + self.other + self.noise


@dataclass(frozen=True, slots=True)
class Sounds:
    """What is said, before it is made into examples."""

    phrase: list[Samples]
    near: list[Samples]
    other: list[Samples]


def spoken(
    phrase: str, speaker: Speaker, budget: Budget, chance: np.random.Generator, step: Callable[[], None]
) -> Sounds:
    """Everything that is synthesised; ``step`` is called after each text."""

    def said(texts: Sequence[str]) -> Iterator[Samples]:
        for text in texts:
            sound = trimmed(speaker.speak(text, chance))
            step()
            if len(sound) > _SHORTEST_S * RATE:
                yield sound

    return Sounds(
        phrase=list(said([phrase] * budget.spoken)),
        near=list(said(near_misses(phrase, chance, budget.near))),
        other=list(said(other_speech(phrase, chance, budget.other))),
    )


@dataclass(frozen=True, slots=True)
class Examples:
    """Embedded, ready to learn from."""

    spoken: list[Stream]
    recorded: list[Stream]
    negative: list[Stream]


def examples(
    sounds: Sounds,
    recordings: Sequence[Samples],
    maker: Maker,
    budget: Budget,
    chance: np.random.Generator,
    step: Callable[[], None],
) -> Examples:
    """``recordings``: the wake word alone, trimmed. ``step`` is called after each example."""

    def counted(stream: Stream) -> Stream:
        step()
        return stream

    own = budget.recorded if recordings else 0
    return Examples(
        spoken=[counted(maker.positive(word, _SPOKEN)) for word in sounds.phrase for _ in range(budget.takes)],
        recorded=[counted(maker.positive(recordings[n % len(recordings)], _RECORDED)) for n in range(own)],
        negative=[
            *(counted(maker.negative(sound, _SPOKEN)) for sound in _spaced(sounds.near + sounds.other, chance)),
            *(counted(maker.noise(_NOISE_S)) for _ in range(budget.noise)),
        ],
    )


def _spaced(sounds: Sequence[Samples], chance: np.random.Generator) -> Iterator[Samples]:
    """Each with quiet around it, as long as the engine needs to have seen all of it."""
    for sound in sounds:
        lead, tail = (np.zeros(round(chance.uniform(*span) * RATE), np.float32) for span in ((0.3, 1.0), (0.2, 0.6)))
        yield np.concatenate([lead, sound, tail])
