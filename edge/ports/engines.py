"""The engines: from sound to words and back.

They are synchronous, and one thread builds, calls and closes each (:mod:`edge.engine_thread`). Building one raises
SettingsError for a name that it does not know, and ModelError for a model that is missing or damaged. A method may
raise EngineError, which ends the turn with an apology; anything else that it raises is a bug, and ends the process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.chunk import Pcm
from edge.intents import Transcript


class Closeable(Protocol):
    """Something that holds native memory."""

    def close(self) -> None:
        """Give it back; called once, and nothing after it."""


@dataclass(frozen=True, slots=True)
class WakeWord:
    """What is known of one wake word's model."""

    threshold: float
    """The probability that it was tuned for, 0–1."""
    lag_s: float = 0.15
    """How long after the word's end the model is sure of it, in seconds."""


class WakeEngine(Closeable, Protocol):
    """Scores a stream of sound against wake words."""

    @property
    def words(self) -> Mapping[str, WakeWord]:
        """The words it listens for."""

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        """Take the next ``pcm`` (int16, any length, 16 kHz); returns each word's highest probability in it, 0–1."""

    def reset(self) -> None:
        """Forget the stream, as if it began anew."""


class Denoiser(Closeable, Protocol):
    """Takes noise out of a stream of sound."""

    @property
    def delay(self) -> int:
        """Samples by which what comes out is later than what went in."""

    def denoise(self, pcm: Pcm) -> Pcm:
        """Take the next ``pcm`` (int16, 16 kHz, a multiple of 160 samples); returns as many samples."""

    def reset(self) -> None:
        """Forget the stream, as if it began anew."""


class SpeechStream(Protocol):
    """One stream of sound, of which is told what in it is speech. Used in the thread of its engine alone."""

    def probability(self, pcm: Pcm) -> float:
        """The next ``pcm``: int16, shape (window,), 16 kHz. Returns the probability of speech, 0–1."""


class VadEngine(Closeable, Protocol):
    """Tells speech from everything else, in any number of streams at a time."""

    @property
    def window(self) -> int:
        """Samples that a stream takes at a time."""

    def stream(self) -> SpeechStream:
        """A new one, which knows nothing of any other."""


class Sayable(Protocol):
    """Somewhere in a sentence that can be said in this house: before it, within it, or at its end.

    Walked by one thread at a time.
    """

    @property
    def following(self) -> "Mapping[str, Sayable]":
        """Each word that may come next, and where it leads. Numbers are in digits."""

    @property
    def complete(self) -> bool:
        """Whether the sentence may end here."""

    @property
    def longest(self) -> int:
        """The most words that may still follow."""


class SttEngine(Closeable, Protocol):
    """Speech to text."""

    def transcribe(self, pcm: Pcm, language: str | None, sayable: Sayable | None = None) -> Transcript:
        """``pcm``: int16, shape (n,), 16 kHz, one utterance; ``language``: ISO 639-1, None to detect it.

        ``sayable``, the start of every sentence that means something here, helps to hear right: the text is one of
        those sentences where the sound bears it out, and what was heard without that knowledge otherwise.
        """

    def prepare(self, sayable: Sayable) -> None:
        """Do ahead what recognising with ``sayable`` costs the first time."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model wrote."""

    text: str
    probability: float
    """How likely the model alone, without the grammar, would have written just this, 0–1."""


class LlmEngine(Closeable, Protocol):
    """A language model that writes only what a grammar allows."""

    def prepare(self, front: str, folder: Path) -> None:
        """Spare prompts that begin with ``front`` the cost of reading it: what is made of it the first time is kept in
        ``folder``, and taken from there from then on.
        """

    def complete(self, prompt: str, grammar: str, max_tokens: int) -> Completion:
        """The most likely completion of ``prompt`` that ``grammar`` allows, of at most ``max_tokens`` tokens.

        ``grammar``: GBNF, https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md, with the rule ``root``.
        """


class TtsEngine(Closeable, Protocol):
    """Text to speech."""

    @property
    def rate(self) -> int:
        """Samples per second of what it speaks."""

    def synthesize(self, sentence: str) -> Pcm:
        """Returns the spoken sentence: int16, shape (n,), at ``rate``; of nothing to say, no samples."""
