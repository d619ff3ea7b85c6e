"""A short listen to a microphone, to see whether it hears at all."""

import threading
from typing import Any, Final

import numpy as np

from edge.audio.framing import Framing
from edge.audio.portaudio import Callback, PortAudio, Request
from edge.chunk import CHUNK_SECONDS, RATE, Pcm
from edge.errors import AudioError

_SETTLE_S: Final = 0.4
"""Microphones begin with zeros or with a thump."""
_LATENCY_S: Final = 0.1
_PATIENCE_S: Final = 3.0


def recorded(portaudio: PortAudio, device: str, seconds: float) -> Pcm:
    """The next ``seconds`` of ``device``, int16, 16 kHz; blocks for half a second longer.

    Raises AudioError where it does not open, or delivers nothing.
    """
    pieces: list[Pcm] = []
    wanted = round((_SETTLE_S + seconds) / CHUNK_SECONDS)
    enough = threading.Event()

    def callback(rate: int) -> Callback:
        framing = Framing(rate)

        def take(block: Any, frames: int, times: Any, flags: Any) -> None:
            pieces.extend(framing.feed(block))
            if len(pieces) >= wanted:
                enough.set()

        return take

    opened = portaudio.open(Request("input", device, RATE, CHUNK_SECONDS, _LATENCY_S), callback, enough.set)
    try:
        enough.wait(_SETTLE_S + seconds + _PATIENCE_S)
    finally:
        portaudio.close(opened)
    if len(pieces) < wanted:
        raise AudioError(f"the microphone {opened.name!r} delivers no sound", "connect it again")
    return np.concatenate(pieces[wanted - round(seconds / CHUNK_SECONDS) : wanted])
