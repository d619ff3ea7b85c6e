"""Wake words of one's own, in ``wake`` in the data directory: recordings of people who say them, and trained models.

``wake/<word>/<take>.wav`` are recordings, ``wake/<word>.onnx`` is the model. A word is its phrase in small letters,
with underscores.
"""

import json
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge import atomic_file
from edge.errors import StorageError
from edge.onnx import session
from edge.wake.curves import Curve, CurvePoint
from edge.wake.word_model import CURVE_KEY, PHRASE_KEY, THRESHOLD_KEY

WORD: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
TAKE: Final = re.compile(r"[0-9a-f]{12}")
MOST_TAKES: Final = 40


@dataclass(frozen=True, slots=True)
class OwnWord:
    """A trained word."""

    word: str
    phrase: str
    path: Path
    threshold: float
    """That it was tuned for."""
    curve: Curve | None
    """On what was held back of its training: mostly synthetic voices; None: an older model tells none."""


class OwnWords:
    """What there is, and recording more."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "wake"

    def recorded(self) -> Sequence[str]:
        """Words that there are recordings of."""
        folders = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(path.name for path in folders if path.is_dir() and WORD.fullmatch(path.name))

    def folder(self, word: str) -> Path:
        """Where the recordings of ``word`` lie."""
        assert WORD.fullmatch(word)
        return self._folder / word

    def model(self, word: str) -> Path:
        """Where its model lies, or would."""
        return self.folder(word).with_suffix(".onnx")

    def takes(self, word: str) -> Sequence[str]:
        """The recordings of ``word``, oldest first."""
        files = [path for path in self.folder(word).glob("*.wav") if TAKE.fullmatch(path.stem)]
        return [path.stem for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.stem))]

    def path(self, word: str, take: str) -> Path:
        """The file of one recording."""
        assert TAKE.fullmatch(take)
        return self.folder(word) / f"{take}.wav"

    def keep(self, word: str, wav: bytes) -> str:
        """Keep a recording, a WAV file. Returns what it is called. Raises StorageError."""
        take = secrets.token_hex(6)
        path = self.path(word, take)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_file.replace(path, wav, durable=False)
        except OSError as error:
            what = f"{path} can't be written: {error.strerror or error}"
            raise StorageError(what, "see to the disk and its permissions") from None
        return take

    def delete(self, word: str, take: str) -> None:
        """Delete one recording; with the last one, its folder."""
        self.path(word, take).unlink(missing_ok=True)
        if not self.takes(word):
            shutil.rmtree(self.folder(word), ignore_errors=True)

    def trained(self) -> Sequence[OwnWord]:
        """The words that there are models of."""
        files = sorted(self._folder.glob("*.onnx")) if self._folder.is_dir() else []
        return [_described(path) for path in files if WORD.fullmatch(path.stem)]


def _described(path: Path) -> OwnWord:
    told = session(path).get_modelmeta().custom_metadata_map
    threshold = float(told.get(THRESHOLD_KEY, 0.5))
    curve = None
    if (kept := told.get(CURVE_KEY)) is not None:
        measured = json.loads(kept)
        points = tuple(CurvePoint(*point) for point in measured["points"])
        curve = Curve(path.stem, False, threshold, measured["words"], measured["hours"], points)
    return OwnWord(path.stem, told.get(PHRASE_KEY, path.stem.replace("_", " ")), path, threshold, curve)


def word_of(phrase: str) -> str:
    """What ``phrase`` is called in files; empty for one without Latin letters."""
    return re.sub(r"[^a-z0-9]+", "_", phrase.lower()).strip("_")
