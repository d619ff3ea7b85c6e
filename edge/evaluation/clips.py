"""Labelled recordings: a folder with ``audio.jsonl``, one clip a line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.audio.wavfile import read_recording
from edge.chunk import Pcm
from edge.errors import AssistantError

_INDEX = "audio.jsonl"
_OWN = frozenset({"path", "task", "seconds"})


class EvaluationError(AssistantError):
    """The evaluation's data is not there or not as described."""

    code, stage = "evaluation", "evaluation"


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording and what is known of it."""

    path: Path
    """The sound, any format that libsndfile reads."""
    name: str
    """Its path inside the folder."""
    task: str
    """What it measures: ``wake``, ``barista``, …"""
    seconds: float
    """Its length."""
    labels: Mapping[str, Any] = field(default_factory=dict)
    """The other fields of its line."""

    def sound(self) -> Pcm:
        """int16, 16 kHz, mono. Raises AudioError."""
        return read_recording(self.path)


def clips(folder: Path, task: str, limit: int | None = None, **labels: object) -> list[Clip]:
    """The clips of ``task`` under ``folder`` whose labels equal ``labels``, in the index's order, at most ``limit``.

    Raises EvaluationError when there are none.
    """
    found = [clip for clip in _index(folder) if clip.task == task and _fits(clip, labels)]
    if not found:
        wanted = "".join(f", {key} {value}" for key, value in labels.items())
        raise EvaluationError(f"{folder} has no clips for {task}{wanted}", "check --data")
    return found[:limit]


def has(folder: Path, task: str) -> bool:
    """Whether there are clips of ``task`` under ``folder``. Raises EvaluationError."""
    return any(clip.task == task for clip in _index(folder))


def _fits(clip: Clip, labels: Mapping[str, object]) -> bool:
    return all(clip.labels.get(key) == value for key, value in labels.items())


def _index(folder: Path) -> Iterator[Clip]:
    try:
        lines = (folder / _INDEX).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvaluationError(f"cannot read {folder / _INDEX}: {error.strerror}", "check --data") from error
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            labels = {key: value for key, value in row.items() if key not in _OWN}
            yield Clip(folder / row["path"], row["path"], row["task"], float(row["seconds"]), labels)
        except (ValueError, KeyError, TypeError) as error:
            raise EvaluationError(f"{folder / _INDEX}, line {number}: {error!r}", "correct the line") from error
