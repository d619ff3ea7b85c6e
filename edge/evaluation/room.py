"""How a room carries sound from a loudspeaker or a mouth to a microphone.

The image method: Allen and Berkley, Image method for efficiently simulating small-room acoustics, J. Acoust. Soc. Am.
65, 1979. Every wall is a mirror; each image of the source is heard once, later and softer.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.chunk import RATE, Pcm

Floats = npt.NDArray[np.float64]
Point = tuple[float, float, float]

_SOUND_M_S: Final = 343.0
_SABINE: Final = 24 * np.log(10) / _SOUND_M_S
"""Seconds a metre: Sabine's reverberation time is this times volume by absorbing surface."""
_TALKER: Final[Point] = (3.4, 2.9, 1.5)
_MICROPHONE: Final[Point] = (1.2, 0.8, 0.9)
_DRIVEN: Final = 0.7
_LOUDSPEAKER: Final[Point] = (1.32, 0.8, 0.85)
"""In the same case as the microphone."""


@dataclass(frozen=True, slots=True)
class Room:
    """A box of air."""

    size: Point = (4.6, 3.7, 2.5)
    """Metres."""
    reverberation_s: float = 0.25
    """Until a sound has faded by 60 dB: 0.25 s is a living room with carpet and curtains."""

    def response(self, source: Point, microphone: Point, seconds: float) -> Floats:
        """The impulse response between two places, ``seconds`` of it, 16 kHz; 1.0 is the direct sound at a metre."""
        samples = round(seconds * RATE)
        reach = [int(np.ceil(seconds * _SOUND_M_S / (2 * side))) for side in self.size]
        mirrored = product(*(range(-most, most + 1) for most in reach))
        rooms = np.array(list(mirrored), np.float64)
        response = np.zeros(samples)
        for side in product((0, 1), repeat=3):
            flip = np.array(side)
            images = (1 - 2 * flip) * np.array(source) + 2 * rooms * np.array(self.size)
            distance = np.linalg.norm(images - np.array(microphone), axis=1)
            bounces = np.abs(rooms - flip).sum(axis=1) + np.abs(rooms).sum(axis=1)
            arrival = np.round(distance / _SOUND_M_S * RATE).astype(np.intp)
            in_time = arrival < samples
            loudness = self._reflection() ** bounces / np.maximum(distance, 0.05)
            np.add.at(response, arrival[in_time], loudness[in_time])
        return response

    def _reflection(self) -> float:
        """What a wall gives back of a sound's pressure, from Sabine's formula."""
        x, y, z = self.size
        absorption = _SABINE * x * y * z / (2 * (x * y + y * z + z * x)) / self.reverberation_s
        return float(np.sqrt(max(0.0, 1 - min(1.0, absorption))))


def carried(pcm: Pcm, response: Floats) -> Floats:
    """``pcm`` (int16) as it arrives: float, int16 units, as long as ``pcm``."""
    size = len(pcm) + len(response)
    spectrum = np.fft.rfft(pcm.astype(np.float64), size) * np.fft.rfft(response, size)
    arrived: Floats = np.fft.irfft(spectrum, size)[: len(pcm)]
    return arrived


def distorted(pcm: Pcm) -> Pcm:
    """``pcm`` (int16) as a small loudspeaker plays it that is turned up: 4 % of the loudest tones are harmonics."""
    limit = max(1.0, float(np.abs(pcm.astype(np.int32)).max())) / _DRIVEN
    bent: Pcm = np.round(limit * np.tanh(pcm / limit)).astype(np.int16)
    return bent


def own_voice(room: Room, seconds: float) -> Floats:
    """From the loudspeaker to the microphone in the same case."""
    return room.response(_LOUDSPEAKER, _MICROPHONE, seconds)


def talker(room: Room, seconds: float) -> Floats:
    """From a person across the room."""
    return room.response(_TALKER, _MICROPHONE, seconds)
