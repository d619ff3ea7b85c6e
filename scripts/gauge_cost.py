"""What the wake thread pays for the page's level meter: nobody looks on, and somebody does.

Processor time of the same recording through the wake engine, alternated; run it on a machine that has nothing else to
do: `python scripts/gauge_cost.py`.
"""

import statistics
import time
from contextlib import nullcontext
from typing import Final

import numpy as np

from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk
from edge.engines import wake_engine, wake_rules
from edge.settings import load
from edge.wake.gauge import Gauge

_SECONDS: Final = 60
_ROUNDS: Final = 9


def main() -> None:
    """Prints microseconds a chunk."""
    settings = load()
    sound = np.random.default_rng(1).normal(0, 300, _SECONDS * RATE).astype(np.int16)
    chunks = [AudioChunk(sound[at : at + CHUNK_SAMPLES], at / RATE) for at in range(0, len(sound), CHUNK_SAMPLES)]
    engine, gauge = wake_engine(settings), Gauge()
    watch = wake_rules(settings).watch(engine, gauge)
    spent: dict[bool, list[float]] = {False: [], True: []}
    for round_ in range(2 * _ROUNDS):
        watched = round_ % 2 == 1
        with gauge.watched() if watched else nullcontext():
            begun = time.thread_time()
            for chunk in chunks:
                watch.feed(chunk)
            spent[watched].append((time.thread_time() - begun) / len(chunks) * 1e6)
    alone = time.thread_time()
    for _ in range(100_000):
        gauge.note(chunks[0].pcm, {})
    note_us = (time.thread_time() - alone) * 10
    unwatched, watched_us = (statistics.median(spent[watched]) for watched in (False, True))
    print(f"a chunk of {CHUNK_SECONDS * 1000:.0f} ms: {unwatched:.1f} µs, {watched_us:.1f} µs while somebody looks on")
    print(f"of which asking whether anybody does: {note_us:.3f} µs")
    engine.close()


if __name__ == "__main__":
    main()
