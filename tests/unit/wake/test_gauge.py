"""What is shown of the sound."""

import numpy as np
import pytest

from edge.chunk import CHUNK_SAMPLES
from edge.wake.gauge import KEPT_CHUNKS, SPAN_CHUNKS, Gauge

QUIET = np.zeros(CHUNK_SAMPLES, np.int16)
LOUD = np.full(CHUNK_SAMPLES, 16_384, np.int16)


def test_nothing_is_noted_while_nobody_looks_on() -> None:
    gauge = Gauge()
    gauge.note(LOUD, {"alexa": 0.9})
    assert (gauge.read(0), gauge.count) == (None, 0)
    with gauge.watched(), gauge.watched():
        gauge.note(LOUD, {"alexa": 0.9})
    gauge.note(LOUD, {"alexa": 0.9})
    assert (gauge.read(0), gauge.count) == (None, 1), "nothing of what was heard when somebody last looked on"


@pytest.mark.parametrize(
    ("chunks", "level", "peak"),
    [
        ([QUIET], -100.0, -100.0),
        ([LOUD], -6.02, -6.02),
        ([LOUD, QUIET], -9.03, -6.02),
        ([np.full(CHUNK_SAMPLES, -32_768, np.int16)], 0.0, 0.0),
        ([LOUD] + [QUIET] * SPAN_CHUNKS, -100.0, -100.0),
    ],
)
def test_the_level_is_that_of_the_last_tenth_of_a_second(chunks: list[np.ndarray], level: float, peak: float) -> None:
    gauge = Gauge()
    with gauge.watched():
        for chunk in chunks:
            gauge.note(chunk, {})
        reading = gauge.read(0)
    assert reading is not None
    assert (reading.level_db, reading.peak_db) == (pytest.approx(level, abs=0.01), pytest.approx(peak, abs=0.01))


def test_a_word_s_score_is_the_most_of_the_last_tenth_of_a_second() -> None:
    gauge = Gauge()
    with gauge.watched():
        for score in (1.0, 0.2, 0.9, 0.4, 0.1, 0.1):
            gauge.note(QUIET, {"alexa": score, "jarvis": 0.0})
        reading = gauge.read(gauge.count - 1)
    assert reading is not None
    assert reading.scores == {"alexa": 0.9, "jarvis": 0.0}


@pytest.mark.parametrize(("late", "score"), [(SPAN_CHUNKS, 0.9), (KEPT_CHUNKS - 1, 0.9), (KEPT_CHUNKS, 0.0)])
def test_whoever_looks_late_is_told_the_score_that_was_missed(late: int, score: float) -> None:
    gauge = Gauge()
    with gauge.watched():
        gauge.note(QUIET, {"alexa": 1.0})
        seen = gauge.count
        for each in (0.9, *[0.0] * late):
            gauge.note(QUIET, {"alexa": each})
        reading = gauge.read(seen)
    assert reading is not None
    assert reading.scores == {"alexa": score}
