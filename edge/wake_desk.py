"""The wake words of a running assistant: what can be chosen, recordings judged by their models, training beside it."""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import anyio
import anyio.to_thread
import numpy as np
from anyio.streams.text import TextReceiveStream

from edge.assistant import Assistant
from edge.audio.wavfile import read_recording, write_wav
from edge.chunk import RATE, Pcm
from edge.engines import wake_engine
from edge.errors import AssistantError, AudioError, SettingsError
from edge.ports import WakeEngine
from edge.sections import WakeSettings
from edge.settings import environment_for_others
from edge.wake.curves import Curve, shipped
from edge.wake.own_words import MOST_TAKES, OwnWords
from edge.wake.takes import Suggestion, peak, suggestion
from models.manifest import load

_BUILT_IN: Final = "microwakeword"
_USUAL: Final = 0.5
"""For a word that nothing else is known of."""
_OWN: Final = "openwakeword"
_SHORTEST_S, _LONGEST_S = 0.3, 10.0
_QUIETEST: Final = 300
"""Peak of int16 below which nobody can have spoken into the microphone."""
_FULL_SCALE: Final = 32_700
_CLIPPED: Final = 0.002
"""More of a recording at full scale than this, and it is distorted."""
END_S: Final = 2.0
"""Longer than that nobody waits for the end of a training that was cancelled."""
_ROW: Final = '{"type": '
"""How a line begins by which a training tells of itself."""
_TAIL: Final = 2_000
"""Characters of what a training that failed had said."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A word that can be chosen."""

    word: str
    """As curves and ``wake.thresholds`` call it."""
    phrase: str
    setting: str
    """As it stands in ``wake.words``."""
    engine: str
    """The engine that knows it; words of two engines can't be listened for at a time."""
    own: bool
    in_use: bool
    threshold: float
    """That holds now, or would."""
    curve: Curve | None


@dataclass(frozen=True, slots=True)
class Take:
    """One recording."""

    id: str
    seconds: float
    problem: str
    """What is wrong with it, in words; empty where nothing is."""
    score: float | None
    """The highest of the word's model; None: there is no model of it yet."""


@dataclass(frozen=True, slots=True)
class Takes:
    """The recordings of one word."""

    word: str
    has_model: bool
    threshold: float | None
    """That holds for it now, or would."""
    takes: tuple[Take, ...]
    suggestion: Suggestion | None


class TrainingStage(StrEnum):
    """How far a training has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Training:
    """One training."""

    word: str
    phrase: str
    stage: TrainingStage = TrainingStage.RUNNING
    doing: str = ""
    """``speaking``, ``listening`` or ``learning``."""
    done: int = 0
    total: int = 0
    error: str = ""
    recall: float | None = None
    """On what was held back, once it is done."""
    false_accepts_per_hour: float | None = None


class Busy(AssistantError):
    """Something of this kind is going on already."""

    code = "busy"


class WakeDesk:
    """Words, recordings, training."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.own = OwnWords(assistant.settings.data_dir)
        self.training: Training | None = None
        self._training_scope: anyio.CancelScope | None = None
        self._training_over = anyio.Event()

    def choices(self) -> Sequence[Choice]:
        """Blocks for some milliseconds."""
        wake = self._assistant.settings.wake
        curves = {(curve.word, curve.verified): curve for curve in shipped()}
        found = []
        for word in _built_in():
            curve = curves.get((word, wake.verify)) or curves.get((word, False))
            usual = curve.usual if curve is not None else _USUAL
            in_use = wake.engine == _BUILT_IN and word in wake.words
            phrase = word.replace("_", " ")
            found.append(Choice(word, phrase, word, _BUILT_IN, False, in_use, _threshold(wake, word, usual), curve))
        for own in self.own.trained():
            threshold, in_use = _threshold(wake, own.word, own.threshold), str(own.path) in wake.words
            found.append(Choice(own.word, own.phrase, str(own.path), _OWN, True, in_use, threshold, own.curve))
        return found

    def keep(self, word: str, wav: bytes) -> Take:
        """Keep a recording of ``word``. Raises AudioError for what is none."""
        if len(self.own.takes(word)) >= MOST_TAKES:
            raise AudioError(f"there are {MOST_TAKES} recordings already", "delete some first", permanent=True)
        take = self.own.keep(word, wav)
        path = self.own.path(word, take)
        try:
            pcm = read_recording(path)
            _check_length(pcm)
            write_wav(path, pcm, RATE)  # whatever it came as
        except AudioError:
            self.own.delete(word, take)
            raise
        return Take(take, len(pcm) / RATE, _problem(pcm), None)

    def judged(self, word: str) -> Takes:
        """The recordings of ``word``, each with its score; takes a second. Raises ModelError, SettingsError."""
        choice = next((choice for choice in self.choices() if choice.word == word), None)
        engine = self._engine(choice) if choice is not None else None
        takes = []
        try:
            for take in self.own.takes(word):
                pcm = read_recording(self.own.path(word, take))
                score = peak(engine, word, pcm) if engine is not None else None
                takes.append(Take(take, len(pcm) / RATE, _problem(pcm), score))
        finally:
            if engine is not None:
                engine.close()
        usable = [take.score for take in takes if take.score is not None and not take.problem]
        curve = choice.curve if choice is not None else None
        threshold = choice.threshold if choice is not None else None
        return Takes(word, choice is not None, threshold, tuple(takes), suggestion(usable, curve))

    def _engine(self, choice: Choice) -> WakeEngine:
        wake = WakeSettings(engine=choice.engine, words=(choice.setting,))
        return wake_engine(self._assistant.settings.model_copy(update={"wake": wake}))

    def command(self, word: str, phrase: str) -> Sequence[str]:
        """What to type to train it."""
        config = self._assistant.settings.file
        recordings = ["--recordings", str(self.own.folder(word))] if self.own.takes(word) else []
        known = ["--config", str(config)] if config is not None and config.exists() else []
        return ["hearth", "wake", "train", phrase, *recordings, "--out", str(self.own.model(word)), *known]

    def train(self, word: str, phrase: str) -> Training:
        """Begin in a process of its own, with what nothing else needs. Raises Busy, SettingsError."""
        if self.training is not None and self.training.stage is TrainingStage.RUNNING:
            raise Busy(f"{self.training.phrase} is being trained", "wait for its end, or cancel it")
        if (missing := missing_packages()) != "":
            raise SettingsError(missing, "pip install 'hearthside[train]'")
        self.training = Training(word, phrase)
        self._training_scope, self._training_over = anyio.CancelScope(), anyio.Event()
        self._assistant.tasks.start_soon(self._train, self.training, self._training_scope, self._training_over)
        return self.training

    async def cancel(self) -> None:
        """End the training that is going on. Returns when its process has ended; a process that the kernel keeps, as it
        waits for a disk, is waited for ``END_S`` and ends then.
        """
        if self._training_scope is not None:
            self._training_scope.cancel()  # which kills the process
            with anyio.move_on_after(END_S):
                await self._training_over.wait()

    async def _train(self, training: Training, scope: anyio.CancelScope, over: anyio.Event) -> None:
        hearth = [sys.executable, "-c", "from edge.cli import main; main()"]
        patient = [nice, "-n", "19"] if (nice := shutil.which("nice")) else []
        command = [*patient, *hearth, *self.command(training.word, training.phrase)[1:], "--json"]
        ended = replace(training, stage=TrainingStage.CANCELLED)
        try:
            with scope:
                environment = environment_for_others(os.environ)
                async with await anyio.open_process(command, stdin=subprocess.DEVNULL, env=environment) as process:
                    assert process.stdout is not None
                    assert process.stderr is not None
                    said: list[str] = []
                    async with anyio.create_task_group() as reading:
                        reading.start_soon(_collect, TextReceiveStream(process.stderr), said)
                        ended = await self._follow(TextReceiveStream(process.stdout), training)
                    if await process.wait() != 0:
                        error = "".join(said)[-_TAIL:].strip().rpartition("\n")[2].removeprefix("hearth: ")
                        ended = replace(ended, stage=TrainingStage.FAILED, error=error)
        except OSError as error:
            # Such as no memory for another process: the assistant goes on.
            ended = replace(training, stage=TrainingStage.FAILED, error=f"it can't begin: {error.strerror}")
        finally:
            self.training = replace(ended, stage=TrainingStage.CANCELLED) if scope.cancel_called else ended
            over.set()

    async def _follow(self, lines: TextReceiveStream, training: Training) -> Training:
        buffer, ended = "", training
        async for text in lines:
            *whole, buffer = (buffer + text).split("\n")
            for line in whole:
                # Libraries have something to say there, too.
                if line.startswith(_ROW):
                    ended = self.training = _told(ended, json.loads(line))
        return replace(ended, stage=TrainingStage.DONE)


@functools.cache
def _built_in() -> Sequence[str]:
    """Words that come with the program."""
    prefix = f"{_BUILT_IN}-"
    return [model.id.removeprefix(prefix) for model in load().models if model.id.startswith(prefix)]


def missing_packages() -> str:
    """What training needs and is not here, in words; empty where all is."""
    needed = {"sklearn": "scikit-learn", "onnx": "onnx"}
    missing = [package for module, package in needed.items() if importlib.util.find_spec(module) is None]
    return f"training needs {', '.join(missing)}" if missing else ""


def _threshold(wake: WakeSettings, word: str, usual: float) -> float:
    return wake.thresholds.get(word, usual if wake.threshold is None else wake.threshold)


def _check_length(pcm: Pcm) -> None:
    seconds = len(pcm) / RATE
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        remedy = f"say the word alone, in {_SHORTEST_S} to {_LONGEST_S:g} s"
        raise AudioError(f"that lasts {seconds:.1f} s", remedy, permanent=True)


def _problem(pcm: Pcm) -> str:
    loud = np.abs(pcm.astype(np.int32))
    if loud.max(initial=0) < _QUIETEST:
        return "nothing is to be heard"
    return "too loud: it is distorted" if float(np.mean(loud >= _FULL_SCALE)) > _CLIPPED else ""


def _told(training: Training, row: Mapping[str, Any]) -> Training:
    if row["type"] == "trained":
        return replace(training, recall=row["recall"], false_accepts_per_hour=row["false_accepts_per_hour"])
    return replace(training, doing=row["stage"], done=row["done"], total=row["total"])


async def _collect(stream: TextReceiveStream, said: list[str]) -> None:
    async for text in stream:
        said.append(text)
        if len(said) > _TAIL:
            del said[0]
