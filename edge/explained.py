"""Sentences that a person has explained: by hand in a file, or afterwards, of a turn ("this was wrong, I meant …").

The file is ``examples.jsonl`` in the data directory: one JSON object a line, ``{"sentence": …, "intent": …,
"slots": {…}}``. What was learnt of turns is in the database, where it is encrypted, and goes with them. Either is in
force from the next sentence on.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import TypeAdapter, ValidationError

from edge.errors import SettingsError
from edge.intents import Intent, SlotValue

FILE: Final = "examples.jsonl"
_log = logging.getLogger(__name__)
_LEARNT: Final = "SELECT heard, intent FROM memory_feedback WHERE learnt ORDER BY at"
_State = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and what it means."""

    sentence: str
    intent: str
    slots: dict[str, SlotValue]


class Learnt(Protocol):
    """The database, which only reads."""

    def version(self) -> int:
        """Another number once somebody has written to it."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What ``query`` gives; nothing where the table is not there."""


class Explained:
    """All of these sentences. Belongs to the event loop's thread."""

    def __init__(self, file: Path, learnt: Learnt | None = None) -> None:
        """``learnt`` None: only what is in the file. Raises SettingsError that names the line which is no example."""
        self._file, self._learnt = file, learnt
        self._state = self._seen()
        self._by_hand = read(file)
        self._examples: tuple[Example, ...] = ()
        self._exact: Mapping[str, Intent] = {}
        self._take(self._of_turns())

    def __call__(self) -> Sequence[Example]:
        """All of them; the same object as long as they are the same. A look takes some 10 µs."""
        self._look()
        return self._examples

    def meaning(self, sentence: str) -> Intent | None:
        """What that very sentence means, but for capitals and punctuation."""
        self._look()
        return self._exact.get(plain(sentence)) if self._exact else None

    def _look(self) -> None:
        before, self._state = self._state, self._seen()
        if self._state == before:
            return
        if self._state[0] != before[0]:
            try:
                self._by_hand = read(self._file)
            except SettingsError as error:
                _log.warning("%s; what was explained before holds", error)
        self._take(self._of_turns())

    def _take(self, of_turns: Sequence[Example]) -> None:
        examples = (*self._by_hand, *of_turns)
        if self._examples != examples:
            self._examples = examples
            self._exact = {plain(each.sentence): Intent(each.intent, each.slots) for each in examples}

    def _of_turns(self) -> list[Example]:
        if self._learnt is None:
            return []
        found = ((heard, json.loads(intent)) for heard, intent in self._learnt.rows(_LEARNT))
        return [Example(heard, intent["name"], intent["slots"]) for heard, intent in found]

    def _seen(self) -> tuple[_State | None, int]:
        return _state(self._file), self._learnt.version() if self._learnt is not None else 0


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


def plain(sentence: str) -> str:
    """Without what is not said."""
    return " ".join(re.sub(r"[^\w\s'%°-]", " ", sentence.casefold()).split())


_ADAPTER: Final = TypeAdapter(Example)


def _state(file: Path) -> _State | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
