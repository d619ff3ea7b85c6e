"""GTCRN: a recurrent network of 48,000 weights that masks noise in the spectrum, by ONNX Runtime.

Source: Rong et al., GTCRN: A Speech Enhancement Model Requiring Ultralow Computational Resources, ICASSP 2024;
https://github.com/Xiaobin-Rong/gtcrn (MIT). The streaming arithmetic follows its ``stream`` folder.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from edge.chunk import Pcm
from edge.onnx import session

Floats = npt.NDArray[np.float32]

_WINDOW: Final = 512
_HOP: Final = 256
_FULL_SCALE: Final = 32768.0
_STATES: Final = {
    "conv_cache": (2, 1, 16, 16, 33),
    "tra_cache": (2, 3, 1, 1, 16),
    "inter_cache": (2, 1, 33, 16),
}


class GtcrnDenoiser:
    """Frames of 32 ms, every 16 ms, each with what the network kept from those before."""

    def __init__(self, network: ort.InferenceSession) -> None:
        self._network = network
        # The root of Hann's window, before and after: the overlapping halves sum to one.
        self._window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)).astype(np.float32)
        self._states: dict[str, Floats]
        self._waiting: Floats
        self._half: Floats
        self._done: Floats
        self.reset()

    @property
    def delay(self) -> int:
        """32 ms: one hop until a frame is complete, one until its other half is."""
        return 2 * _HOP

    def denoise(self, pcm: Pcm) -> Pcm:
        """``pcm``: int16, 16 kHz, any length."""
        self._waiting = np.concatenate([self._waiting, pcm.astype(np.float32) / _FULL_SCALE])
        while len(self._waiting) >= _WINDOW:
            self._done = np.concatenate([self._done, self._next(self._waiting[:_WINDOW])])
            self._waiting = self._waiting[_HOP:]
        ready, self._done = self._done[: len(pcm)], self._done[len(pcm) :]
        clean: Pcm = np.clip(np.round(ready * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
        return clean

    def reset(self) -> None:
        """Forget the stream."""
        self._states = {name: np.zeros(shape, np.float32) for name, shape in _STATES.items()}
        self._waiting, self._half, self._done = (np.zeros(_HOP, np.float32) for _ in range(3))

    def close(self) -> None:
        """Nothing to free beyond what the session frees itself."""

    def _next(self, frame: Floats) -> Floats:
        """The next hop of clean sound."""
        spectrum = np.fft.rfft(frame * self._window)
        mix = np.stack([spectrum.real, spectrum.imag], axis=-1).astype(np.float32)[None, :, None, :]
        clean, *states = self._network.run(None, {"mix": mix, **self._states})
        self._states = dict(zip(_STATES, states, strict=True))
        complex_spectrum = clean[0, :, 0, 0] + 1j * clean[0, :, 0, 1]
        sound = np.fft.irfft(complex_spectrum, _WINDOW).astype(np.float32) * self._window
        hop: Floats = self._half + sound[:_HOP]
        self._half = sound[_HOP:]
        return hop


def build(models: Path) -> GtcrnDenoiser:
    """``models``: folder with the network. Raises ModelError."""
    return GtcrnDenoiser(session(models / "gtcrn_simple.onnx"))
