"""The patterns of light, as tables."""

import pytest

from edge.hardware.patterns import FRAME_S, light
from edge.panel import DARK, Cue, Light

BLUE, RED, DIM = Light(blue=1.0), Light(red=0.3), Light(red=0.1, blue=0.1)
AMBER, ALARM = Light(red=1.0, green=0.6), Light(red=1.0, green=0.3)


@pytest.mark.parametrize(
    ("cue", "at", "shown", "stays_s"),
    [
        (Cue.IDLE, 0.0, DARK, None),
        (Cue.IDLE, 99.0, DARK, None),
        (Cue.LISTENING, 0.0, BLUE, None),
        (Cue.LISTENING, 7.3, BLUE, None),
        (Cue.MUTED, 5.0, RED, None),
        (Cue.OFFLINE, 5.0, DIM, None),
        (Cue.THINKING, 0.0, Light(green=0.5, blue=1.0), FRAME_S),
        (Cue.THINKING, 0.4, Light(green=0.1, blue=0.2), FRAME_S),
        (Cue.THINKING, 0.8, Light(green=0.5, blue=1.0), FRAME_S),
        (Cue.SPEAKING, 0.0, Light(green=1.0), FRAME_S),
        (Cue.SPEAKING, 0.75, Light(green=0.6), FRAME_S),
        (Cue.SPEAKING, 1.5, Light(green=0.2), FRAME_S),
        (Cue.RINGING, 0.0, AMBER, 0.25),
        (Cue.RINGING, 0.2, AMBER, 0.05),
        (Cue.RINGING, 0.3, DARK, 0.2),
        (Cue.RINGING, 10.6, AMBER, 0.15),
        (Cue.FAULT, 0.0, ALARM, 0.125),
        (Cue.FAULT, 0.13, DARK, 0.12),
    ],
)
def test_the_light_at_a_moment(cue: Cue, at: float, shown: Light, stays_s: float | None) -> None:
    found, stays = light(cue, at)
    assert (found.red, found.green, found.blue) == pytest.approx((shown.red, shown.green, shown.blue))
    assert stays == (None if stays_s is None else pytest.approx(stays_s))


@pytest.mark.parametrize("cue", list(Cue))
def test_a_light_that_moves_moves_at_most_30_times_a_second_and_stays_within_bounds(cue: Cue) -> None:
    at = 0.0
    for _ in range(200):
        shown, stays = light(cue, at)
        assert all(0 <= level <= 1 for level in (shown.red, shown.green, shown.blue))
        if stays is None:
            return
        # The edge of a blink may fall just after a moment that was reckoned with.
        assert stays >= FRAME_S - 1e-9 or cue in (Cue.RINGING, Cue.FAULT)
        at += stays
    assert at > 6.0
