"""Sentences that a person has explained ("this was wrong, I meant …"), in a file that people may edit as well.

``examples.jsonl`` in the data directory: one JSON object a line, ``{"sentence": …, "intent": …, "slots": {…}}``, with
``"turn"``, the id of the turn in which it was said, where it was explained afterwards. What is in the file is in force
from the next sentence on.
"""

import json
import logging
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from edge.errors import SettingsError, StorageError
from edge.intents import Intent, SlotValue

FILE: Final = "examples.jsonl"
_log = logging.getLogger(__name__)
_State = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and what it means."""

    sentence: str
    intent: str
    slots: dict[str, SlotValue]
    turn: str = ""
    """The turn that was explained; empty: a person wrote it into the file."""


class Explained:
    """The file's sentences. Every method may be called from any thread."""

    def __init__(self, file: Path) -> None:
        """Raises SettingsError that names the line which is no example."""
        self._file = file
        self._state = _state(file)
        self._examples = tuple(read(file))
        self._exact = _exact(self._examples)

    def __call__(self) -> Sequence[Example]:
        """All of them; the same object as long as the file is the same. A look at the file takes some 2 µs."""
        self._look()
        return self._examples

    def meaning(self, sentence: str) -> Intent | None:
        """What that very sentence means, but for capitals and punctuation."""
        self._look()
        return self._exact.get(plain(sentence)) if self._exact else None

    def _look(self) -> None:
        if (state := _state(self._file)) == self._state:
            return
        self._state = state
        try:
            self._examples = tuple(read(self._file))
        except SettingsError as error:
            _log.warning("%s; what was explained before holds", error)
            return
        self._exact = _exact(self._examples)


def read(path: Path) -> list[Example]:
    """The examples in ``path``; none when there is no such file. Raises SettingsError that names the line."""
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(_ADAPTER.validate_python(json.loads(line)))
        except (ValueError, ValidationError) as error:
            what = f"{path}: line {number} is not an example"
            raise SettingsError(what, "correct or delete it", permanent=True) from error
    return found


def add(path: Path, example: Example) -> None:
    """Keep ``example`` in place of what the same turn had taught before. Raises StorageError."""
    line = json.dumps(asdict(example), ensure_ascii=False)
    _write(path, [*(each for each in _lines(path) if _turn_of(each) != example.turn), line])


def drop(path: Path, turns: Collection[str] | None) -> None:
    """Take back what those turns had taught; None: what any had. What a person wrote stays. Raises StorageError."""
    lines = _lines(path)
    left = [line for line in lines if not (turn := _turn_of(line)) or (turns is not None and turn not in turns)]
    if len(left) < len(lines):
        _write(path, left)


def plain(sentence: str) -> str:
    """Without what is not said."""
    return " ".join(re.sub(r"[^\w\s'%°-]", " ", sentence.casefold()).split())


_ADAPTER: Final = TypeAdapter(Example)


def _exact(examples: Sequence[Example]) -> Mapping[str, Intent]:
    return {plain(example.sentence): Intent(example.intent, example.slots) for example in examples}


def _state(file: Path) -> _State | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines() if path.exists() else []
    except OSError as error:
        raise StorageError(f"{path} can't be read: {error.strerror}", "check the data directory") from error


def _turn_of(line: str) -> str:
    try:
        return str(json.loads(line).get("turn", ""))
    except (ValueError, AttributeError):
        return ""


def _write(path: Path, lines: Sequence[str]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageError(
            f"{path} can't be written: {error.strerror}", "check the data directory and the disk"
        ) from error
