"""Time of sound from callbacks that come late, in virtual time."""

import numpy as np
import pytest

from edge.audio.soundclock import SoundClock

BLOCK = 0.02


def run(
    clock: SoundClock, lateness: list[float], begin: float = 100.0, pace: float = 1.0, first: int = 0
) -> list[float]:
    """Times that ``clock`` gives, for blocks heard every ``pace`` × 20 ms, each reported by its own lateness."""
    times = []
    for number, late in enumerate(lateness, first):
        clock.observe(number * BLOCK, begin + number * BLOCK * pace + late)
        times.append(clock.at(number * BLOCK))
    return times


def steps(times: list[float]) -> list[float]:
    return [float(step) for step in np.diff(times)]


def test_late_callbacks_do_not_move_the_time() -> None:
    jitter = np.random.default_rng(0).exponential(0.004, 500)
    times = run(SoundClock(), [0.0, *jitter])
    assert steps(times) == pytest.approx([BLOCK] * 500)


@pytest.mark.parametrize("pace", [1.0002, 0.9998])
def test_a_card_with_another_crystal_is_followed_by_less_than_a_millisecond_a_block(pace: float) -> None:
    blocks = 30_000
    times = run(SoundClock(), [0.0] * blocks, pace=pace)
    truth = 100.0 + np.arange(blocks) * BLOCK * pace
    assert abs(np.array(times) - truth).max() < 0.03
    assert all(abs(step - BLOCK) < 0.00101 for step in steps(times))


def test_a_first_callback_that_came_late_is_corrected_slowly() -> None:
    times = run(SoundClock(), [0.08] + [0.0] * 300)
    assert min(steps(times)) > 0.0189
    assert times[-1] == pytest.approx(100.0 + 300 * BLOCK, abs=0.021)


def test_sound_that_the_device_dropped_moves_the_time_at_once() -> None:
    clock = SoundClock()
    run(clock, [0.0] * 10)
    clock.observe(10 * BLOCK, 100.0 + 10 * BLOCK + 0.5, lost=True)
    assert clock.at(10 * BLOCK) == pytest.approx(100.0 + 10 * BLOCK + 0.5)


def test_sound_that_was_dropped_without_a_word_is_noticed_within_a_second() -> None:
    times = run(SoundClock(), [0.0] * 100 + [0.4] * 50)
    assert times[-1] == pytest.approx(100.4 + 149 * BLOCK)
    assert min(steps(times)) > 0


def test_a_stream_that_continues_another_never_goes_back() -> None:
    times = run(SoundClock(not_before=101.0), [0.0] * 5)
    assert times[0] == 101.0
    assert steps(times) == pytest.approx([BLOCK] * 4)
