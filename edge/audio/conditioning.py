"""What is taken out of the sound before anybody hears it: the microphone's offset, the mains' hum, rumble.

A sixth-order Butterworth high-pass at 90 Hz: 50 Hz is 30 dB down and 60 Hz 21 dB, 300 Hz untouched. The lowest of a
deep voice goes too, which neither wake words nor recognisers miss: their mel bands hardly reach below.

The filter is linear, so 64 samples at a time are products of small matrices. With ``s`` the state before a block and
``x`` its samples, the output is ``y = R s + T x`` and the next state ``A⁶⁴ s + K x`` (Burrus, Block Realization of
Digital Filters, IEEE Trans. Audio Electroacoust. 20, 1972).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from edge.chunk import CHUNK_SAMPLES, RATE, Pcm

Floats = npt.NDArray[np.float64]

CUTOFF_HZ: Final = 90.0
_SECTIONS: Final = 3
"""Of second order each."""
_BLOCK: Final = 64
_BLOCKS: Final = CHUNK_SAMPLES // _BLOCK
_MOST: Final = 32767.0


class HighPass:
    """A filter with a memory: one for each stream."""

    def __init__(self, cutoff_hz: float = CUTOFF_HZ) -> None:
        transition, into, out, through = _cascade(cutoff_hz)
        order = len(transition)
        powers = [np.eye(order)]
        for _ in range(_BLOCK):
            powers.append(transition @ powers[-1])
        response = np.array([through, *(out @ powers[lag] @ into for lag in range(_BLOCK - 1))])
        lags = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
        # All transposed, as samples lie in rows.
        self._straight = np.where(lags >= 0, response[np.abs(lags)], 0.0).T.copy()
        self._ringing = np.array([out @ powers[n] for n in range(_BLOCK)]).T.copy()
        self._gather = np.array([powers[_BLOCK - 1 - n] @ into for n in range(_BLOCK)])
        self._unfold = _unfolded(powers[_BLOCK])
        self._state = np.zeros(order)

    def filter(self, pcm: Pcm) -> Pcm:
        """The next ``pcm`` (int16, shape (320,), 16 kHz) without what lies below the cutoff."""
        blocks = pcm.reshape(_BLOCKS, _BLOCK).astype(np.float64)
        states = np.concatenate([self._state, (blocks @ self._gather).ravel()]) @ self._unfold
        before, self._state = states[: -len(self._state)], states[-len(self._state) :]
        filtered = blocks @ self._straight
        filtered += before.reshape(_BLOCKS, -1) @ self._ringing
        np.rint(filtered, out=filtered)
        np.maximum(filtered, -_MOST, out=filtered)
        np.minimum(filtered, _MOST, out=filtered)
        return filtered.ravel().astype(np.int16)


def conditioned(pcm: Pcm) -> Pcm:
    """A whole recording as the ring would have got it from a microphone. ``pcm``: int16, 16 kHz."""
    padded = np.concatenate([pcm, np.zeros(-len(pcm) % CHUNK_SAMPLES, np.int16)])
    high_pass = HighPass()
    chunks = [high_pass.filter(chunk) for chunk in padded.reshape(-1, CHUNK_SAMPLES)]
    return np.concatenate([padded[:0], *chunks])[: len(pcm)]


def _unfolded(advance: Floats) -> Floats:
    """From the state before a chunk and what each block adds, the states before each block and after the last."""
    order = len(advance)
    powers = [np.linalg.matrix_power(advance, number).T for number in range(_BLOCKS + 1)]
    unfold = np.zeros((_BLOCKS + 1, order, _BLOCKS + 1, order))
    for source in range(_BLOCKS + 1):
        for target in range(source, _BLOCKS + 1):
            unfold[source, :, target] = powers[target - source]
    return unfold.reshape((_BLOCKS + 1) * order, -1)


def _cascade(cutoff_hz: float) -> tuple[Floats, Floats, Floats, float]:
    """The sections one after another as one system: x' = A x + b u, y = c x + d u."""
    transition, into, out, through = np.zeros((0, 0)), np.zeros(0), np.zeros(0), 1.0
    for number in range(_SECTIONS):
        a, b, c, d = _section(cutoff_hz, number)
        size = len(transition)
        joined = np.zeros((size + 2, size + 2))
        joined[:size, :size] = transition
        joined[size:, :size] = np.outer(b, out)
        joined[size:, size:] = a
        transition = joined
        into = np.concatenate([into, b * through])
        out = np.concatenate([d * out, c])
        through *= d
    return transition, into, out, through


def _section(cutoff_hz: float, number: int) -> tuple[Floats, Floats, Floats, float]:
    """One section of second order by the bilinear transform, in transposed direct form II."""
    warped = np.tan(np.pi * cutoff_hz / RATE)
    damping = 2 * np.sin(np.pi * (2 * number + 1) / (4 * _SECTIONS))
    norm = 1 + damping * warped + warped**2
    b0, b1, b2 = 1 / norm, -2 / norm, 1 / norm
    a1, a2 = 2 * (warped**2 - 1) / norm, (1 - damping * warped + warped**2) / norm
    return np.array([[-a1, 1.0], [-a2, 0.0]]), np.array([b1 - a1 * b0, b2 - a2 * b0]), np.array([1.0, 0.0]), b0
