"""What the light looks like: pure functions of what it tells and of how long it has told it."""

import math
from typing import Final

from edge.panel import DARK, Cue, Light

FRAME_S: Final = 1 / 30
"""Between two steps of a light that moves."""

_LISTENING: Final = Light(blue=1.0)
_MUTED: Final = Light(red=0.3)
_OFFLINE: Final = Light(red=0.1, blue=0.1)
"""Dim: it may stay on all night."""
_FAULT: Final = Light(red=1.0, green=0.3)
_RINGING: Final = Light(red=1.0, green=0.6)

_PULSE_S: Final = 0.8
_BREATH_S: Final = 3.0
_RING_S: Final = 0.5
_FAULT_S: Final = 0.25


def light(cue: Cue, at: float) -> tuple[Light, float | None]:
    """The light ``at`` seconds after ``cue`` began, and for how many seconds it stays so; None: until the next cue."""
    match cue:
        case Cue.IDLE:
            return DARK, None
        case Cue.LISTENING:
            return _LISTENING, None
        case Cue.MUTED:
            return _MUTED, None
        case Cue.OFFLINE:
            return _OFFLINE, None
        case Cue.THINKING:
            level = _wave(at, _PULSE_S)
            return Light(green=0.5 * level, blue=level), FRAME_S
        case Cue.SPEAKING:
            return Light(green=_wave(at, _BREATH_S)), FRAME_S
        case Cue.RINGING:
            return _blink(_RINGING, at, _RING_S)
        case Cue.FAULT:
            return _blink(_FAULT, at, _FAULT_S)


def _wave(at: float, period_s: float) -> float:
    """From 1 down to 0.2 and back, without a corner."""
    return 0.6 + 0.4 * math.cos(2 * math.pi * at / period_s)


def _blink(on: Light, at: float, period_s: float) -> tuple[Light, float]:
    """Half of the time on, beginning with it."""
    halves, rest = divmod(at, period_s / 2)
    return (DARK if halves % 2 else on), period_s / 2 - rest
