"""What is played to every system: commands, wake words, and both in one breath."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soxr

from edge import plugins
from edge.audio.wavfile import read_recording
from edge.bench.errors import BenchError
from edge.bench.peers import ENDPOINT_WAIT_MS
from edge.chunk import RATE, Pcm
from edge.engines import tts_engine, voice_model
from edge.evaluation.clips import Clip, clips
from edge.ports import TtsEngine
from edge.samples import KITCHEN_LIGHT
from edge.settings import Settings
from models.store import Store

COMMANDS: Final = (
    "turn off the kitchen light",
    "turn on the living room lamp and the bedroom light",
    "what is the outdoor temperature",
    "open the blinds",
    "set the living room lamp to fifty percent",
    "lock the front door",
    "is the back door open",
    "turn on the fan in the bedroom and set it to thirty percent please",
)
"""For the house of the demo, 1.5–5 s when spoken."""
_SAMPLE: Final = "turn on the kitchen light"
_HISS: Final = 8.0
"""Standard deviation of what stands for a quiet room, in int16 steps: a microphone is never silent."""
_SEED: Final = 7
_AROUND_WAKE_S: Final = 2.0
"""Quiet before and after a wake word: many recordings begin within 40 ms."""
_AROUND_TURN_S: Final = 1.0
"""Quiet before and after a wake word with its command."""
_LEAD_S: Final = 0.3
"""Quiet before a command without its wake word: Whisper drops a word that begins at sample zero."""
_BREATH_S: Final = 0.3
"""Between a wake word and its command."""
_WAKE_TAIL_S: Final = 0.1
"""Kept after the last sound of a wake word."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound, and the words in it."""

    text: str
    pcm: Pcm
    """int16, 16 kHz."""


@dataclass(frozen=True, slots=True)
class Woken:
    """Sound for the wake word ``word``."""

    word: str
    pcm: Pcm
    said: bool
    """Whether the word is in it; otherwise hearing it is a false accept."""


@dataclass(frozen=True, slots=True)
class Programme:
    """Everything that a run plays, in order."""

    turns: Sequence[Spoken]
    """A wake word and a command: for the complete assistant."""
    commands: Sequence[Spoken]
    """The same commands without it, and as much quiet as ends a command: for speech-to-text alone."""
    wakes: Sequence[Woken]
    fixtures: Path | None
    """What the house is made of; None for the demo's own."""
    source: str
    """Where the sounds are from, for people."""


def recorded(folder: Path, limit: int | None) -> Programme:
    """From labelled recordings: English commands, "alexa" and near misses of it. Raises EvaluationError."""
    commands = _picked(clips(folder, "commands", lang="en"), limit)
    wakes = _picked(clips(folder, "wake", word="alexa"), limit or len(commands))
    near = _picked(clips(folder, "wake_negative"), (limit or len(commands)) // 2)
    spoken = [Spoken(str(clip.labels["text"]), _until_end(clip)) for clip in commands]
    words = [clip.sound() for clip in wakes]
    opened = [_joined(words[number % len(words)], command.pcm) for number, command in enumerate(spoken)]
    return Programme(
        turns=[Spoken(command.text, pcm) for command, pcm in zip(spoken, opened, strict=True)],
        commands=[Spoken(command.text, as_command(command.pcm)) for command in spoken],
        wakes=[
            *(Woken("alexa", _in_quiet(pcm), said=True) for pcm in words),
            *(Woken("alexa", _in_quiet(clip.sound()), said=False) for clip in near),
        ],
        fixtures=folder / "commands" / "fixtures" / "en.yaml",
        source=f"{len(spoken)} recorded commands, {len(words)} wake words, {len(near)} near misses ({folder.name})",
    )


def made(settings: Settings, limit: int | None) -> Programme:
    """The packaged sample, and commands spoken by the configured voice. Raises ModelError."""
    sample = read_recording(KITCHEN_LIGHT)
    texts = COMMANDS[: None if limit is None else max(limit - 1, 0)]
    spoken = speak(settings, [*texts, *(f"okay nabu, {text}." for text in texts), *("okay nabu." for _ in range(3))])
    alone, together, words = spoken[: len(texts)], spoken[len(texts) : 2 * len(texts)], spoken[2 * len(texts) :]
    return Programme(
        turns=[
            Spoken(_SAMPLE, sample),
            *(Spoken(text, _in_quiet(each.pcm, _AROUND_TURN_S)) for text, each in zip(texts, together, strict=True)),
        ],
        commands=[Spoken(each.text, as_command(each.pcm)) for each in alone or [Spoken(_SAMPLE, sample)]],
        wakes=[Woken("okay_nabu", _in_quiet(each.pcm), said=True) for each in words],
        fixtures=None,
        source=f"the packaged sample and {len(texts)} commands spoken by {settings.speak.voice}",
    )


def speak(settings: Settings, texts: Iterable[str]) -> list[Spoken]:
    """``texts`` in the configured voice. Raises ModelError when it is missing, BenchError when it is not English."""
    if "en_" not in settings.speak.voice or not settings.understand.language.startswith("en"):
        what = "the bench's own commands are English, the language or the voice of the settings is not"
        raise BenchError(what, "set speak.voice, or give recordings with --data")
    folder = Store(settings.models_dir).require(settings.speak.voice)
    engine = tts_engine(settings) if voice_model(settings) else "piper"
    voice: TtsEngine = plugins.load("tts", engine)(next(folder.glob("*.onnx")), 1.0)
    try:
        return [Spoken(text, _at_speech_rate(voice.synthesize(text), voice.rate)) for text in texts]
    finally:
        voice.close()


def quiet(seconds: float) -> Pcm:
    """A quiet room: the same hiss every time."""
    hiss = np.random.default_rng(_SEED).normal(0.0, _HISS, round(seconds * RATE))
    return np.round(hiss).astype(np.int16)


def _picked(found: list[Clip], limit: int | None) -> list[Clip]:
    """At most ``limit``, from all over the list: an index is often sorted by its words."""
    if limit is None or limit >= len(found):
        return found
    return [found[number * len(found) // limit] for number in range(limit)]


def _until_end(clip: Clip) -> Pcm:
    """The clip up to the end of its speech, where that is known."""
    pcm, end = clip.sound(), clip.labels.get("est_end")
    return pcm[: round(float(end) * RATE)] if isinstance(end, int | float) else pcm


def as_command(pcm: Pcm) -> Pcm:
    """``pcm`` as a pipeline hands it to speech-to-text: with the quiet that ended it."""
    return np.concatenate([quiet(_LEAD_S), pcm, quiet(ENDPOINT_WAIT_MS / 1000)])


def _in_quiet(pcm: Pcm, seconds: float = _AROUND_WAKE_S) -> Pcm:
    return np.concatenate([quiet(seconds), pcm, quiet(seconds)])


def _joined(word: Pcm, command: Pcm) -> Pcm:
    return _in_quiet(np.concatenate([_trimmed(word), quiet(_BREATH_S), command]), _AROUND_TURN_S)


def _trimmed(word: Pcm) -> Pcm:
    """Without what follows the last frame within 25 dB of the loudest, so that the command follows closely."""
    frame = RATE // 50
    frames = word[: len(word) // frame * frame].astype(np.float64).reshape(-1, frame)
    powers = np.mean(np.square(frames), axis=1)
    last = int(np.flatnonzero(powers >= powers.max() * 10 ** (-25 / 10))[-1]) + 1
    return word[: last * frame + round(_WAKE_TAIL_S * RATE)]


def _at_speech_rate(pcm: Pcm, rate: int) -> Pcm:
    resampled: Pcm = soxr.resample(pcm, rate, RATE)
    return resampled
