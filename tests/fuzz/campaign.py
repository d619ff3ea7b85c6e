"""Feeding parsers for a while, and keeping what they could not bear."""

import contextlib
import hashlib
import logging
import resource
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import BinaryIO, Final

import platformdirs

from tests.fuzz import answers, files, house, housemates, network, synced, web
from tests.fuzz.mutate import Mutator
from tests.fuzz.parser import Parser, hold

PARSERS: Final = (
    *house.PARSERS,
    *housemates.PARSERS,
    *network.PARSERS,
    *web.PARSERS,
    *synced.PARSERS,
    *answers.PARSERS,
    *files.PARSERS,
)
ROOT: Final = Path(__file__).resolve().parents[2]
_LARGE: Final = 12
"""One in so many entries is as large as the parser takes."""
_MOST_KEPT: Final = 200
_MOST_MEMORY: Final = 4 << 30
"""Bytes of addresses, of which libraries take half a GiB."""
_OURS: Final = tuple(str(ROOT / part) for part in ("edge", "cloud_sync", "models"))


def bounded() -> None:
    """From now on this process gets no more memory than that: what takes gigabytes is a finding, and harms nobody."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


def found(names: Sequence[str]) -> list[Parser]:
    """Those whose names begin with one of ``names``; without any, all. Raises ValueError."""
    for name in names:
        if not any(parser.name.startswith(name) for parser in PARSERS):
            raise ValueError(f"there is no parser {name}: see --list")
    return [parser for parser in PARSERS if not names or parser.name.startswith(tuple(names))]


def cache() -> Path:
    """Where entries that reach something new, and findings, are kept."""
    return Path(platformdirs.user_cache_dir("hearthside")) / "fuzz"


@dataclass(slots=True)
class Told:
    """What came of feeding one parser."""

    parser: Parser
    entries: int = 0
    seconds: float = 0.0
    """Processor time."""
    slowest: float = 0.0
    findings: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """By what is alike about them: the smallest entry, and what was raised."""

    def take(self, entry: bytes, error: BaseException) -> bool:
        """Whether it is news, or smaller than what was known."""
        key = alike(error)
        known = self.findings.get(key)
        if known is not None and len(known[0]) <= len(entry):
            return False
        self.findings[key] = (entry, "".join(traceback.format_exception(error, limit=-6)))
        return True

    def keep(self, folder: Path) -> None:
        """Write the findings down."""
        for entry, said in self.findings.values():
            place = folder / "findings" / self.parser.name
            place.mkdir(parents=True, exist_ok=True)
            name = hashlib.sha256(entry).hexdigest()[:12]
            (place / name).write_bytes(entry)
            (place / f"{name}.txt").write_text(said, "utf-8", "surrogateescape")


def alike(error: BaseException) -> str:
    """The last place of ours that it went through, and its kind: for telling findings apart."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_OURS)]
    last = (ours or list(frames))[-1]
    kind = type(error).__name__
    return f"{kind} in {Path(last.filename).name}:{last.name}" + ("" if ours else f": {str(error)[:60]}")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing of what the parsers log."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(level)


def fed(
    parser: Parser,
    number: int,
    *,
    entries: int | None = None,
    seconds: float = 0.0,
    corpus: Sequence[bytes] = (),
    box: BinaryIO | None = None,
) -> Told:
    """Feed it its seeds, ``corpus``, and what is made out of them: ``entries``, or for ``seconds`` of processor time.
    ``box``: where each entry lies while it is fed, for whoever finds this process gone.
    """
    told = Told(parser)
    mutator = Mutator([*parser.seeds, *corpus], parser.tokens, parser.largest, Random(number))
    begun = time.process_time()
    with quiet():
        for seed in (*parser.seeds, *corpus):
            _feed(told, seed, box)
        told.slowest = 0.0
        while told.entries < entries if entries is not None else time.process_time() - begun < seconds:
            entry = mutator.large() if told.entries % _LARGE == 0 else mutator.entry()
            _feed(told, entry, box)
    told.seconds = time.process_time() - begun
    return told


def _feed(told: Told, entry: bytes, box: BinaryIO | None = None) -> None:
    told.entries += 1
    if box is not None:
        box.seek(0)
        box.write(entry)
        box.truncate()
    try:
        told.slowest = max(told.slowest, hold(told.parser, entry))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is a finding
        told.take(entry, error)


def smaller(parser: Parser, entry: bytes, error: BaseException, seconds: float = 5.0) -> bytes:
    """A piece of ``entry`` that raises alike."""
    key, until, size = alike(error), time.process_time() + seconds, max(1, len(entry) // 2)
    with quiet():
        while size and time.process_time() < until:
            at = 0
            while at < len(entry) and time.process_time() < until:
                shorter = entry[:at] + entry[at + size :]
                try:
                    hold(parser, shorter)
                except Exception as other:  # noqa: BLE001  # likewise
                    if alike(other) == key:
                        entry = shorter
                        continue
                at += size
            size //= 2
    return entry


def corpus(parser: Parser, number: int) -> list[bytes]:
    """Of what guided campaigns have kept, as many as take no time, others for each ``number``; and all that was found."""
    kept, found = _kept("corpus", parser), _kept("findings", parser)
    chosen = kept if len(kept) <= _MOST_KEPT else Random(number).sample(kept, _MOST_KEPT)
    return [path.read_bytes() for path in (*chosen, *found)]


def _kept(what: str, parser: Parser) -> list[Path]:
    folder = cache() / what / parser.name
    return [path for path in sorted(folder.iterdir()) if path.suffix != ".txt"] if folder.is_dir() else []
