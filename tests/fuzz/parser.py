"""What a parser is to a fuzzer, and what has to hold for each thing that it is fed."""

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

BLOCKS_S: Final = 0.1
"""Processor time that one message may take, where the event loop waits for it."""
GROWS_KIB: Final = 64 * 1024
"""Memory that one message may add to the most that this process ever had."""
_AGAIN: Final = 3
"""How often a slow one is fed anew: only what is slow each time is slow by itself."""


class Finding(AssertionError):
    """Something that no message may do."""


@dataclass(frozen=True, slots=True)
class Parser:
    """One way in."""

    name: str
    """``family.what``."""
    about: str
    feed: Callable[[bytes], float | None]
    """Hand it an entry. Returns for what is taken and for what is refused as documented, and only after something good
    was taken afterwards; raises for anything else. Where an entry is several messages, between which others have their
    turn: the most processor time that one of them took, in seconds.
    """
    seeds: Sequence[bytes]
    """Entries of our own making that are good, or nearly."""
    tokens: Sequence[bytes] = ()
    """What means something to it."""
    largest: int = 262_144
    """Bytes of an entry: the most that its door lets in, where trying that makes sense."""
    blocks_s: float = BLOCKS_S
    """More for what runs in a thread or a command of its own, and is bounded otherwise."""


def hold(parser: Parser, entry: bytes) -> float:
    """Feed ``entry``. Returns the processor time that it took, in seconds. Raises Finding for time and memory, and
    whatever the parser raises that it must not.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = _timed(parser, entry)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if grown > GROWS_KIB:
        raise Finding(f"{parser.name}: {len(entry)} bytes took {grown // 1024} MiB of memory")
    for _ in range(_AGAIN):
        if took <= parser.blocks_s:
            return took
        took = min(took, _timed(parser, entry))
    if took > parser.blocks_s:
        raise Finding(f"{parser.name}: {len(entry)} bytes took {took:.2f} s")
    return took


def _timed(parser: Parser, entry: bytes) -> float:
    begun = time.process_time()
    longest = parser.feed(entry)
    return time.process_time() - begun if longest is None else longest


class Steps:
    """The longest of several steps."""

    def __init__(self) -> None:
        self.longest = 0.0

    def __enter__(self) -> None:
        self._begun = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.longest = max(self.longest, time.process_time() - self._begun)
