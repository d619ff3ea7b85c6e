"""Text to speech on another machine, by the Wyoming protocol, and on this one while that is away or slow."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from wyoming.audio import AudioChunk, AudioStop
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeVoice

from edge.chunk import Pcm
from edge.ports import TtsEngine
from edge.wyoming.frames import Malformed
from edge.wyoming.messages import SoundFormat, message
from edge.wyoming.remote import Machine, Remote
from edge.wyoming.sound import Incoming

_LONGEST_S: Final = 120
"""Of the sound of a sentence: a machine in the house can send a gigabyte before the deadline."""


class WyomingTts:
    """The other machine's voice, and the local one behind it."""

    def __init__(self, remote: Remote, local: TtsEngine, voice: str | None, volume: float) -> None:
        """``voice``: one of the other machine's; None: its usual one. ``volume``: 0–1."""
        self.remote, self._local, self._volume = remote, local, volume
        self._voice = SynthesizeVoice(name=voice) if voice else None
        self.rate = local.rate

    def synthesize(self, sentence: str) -> Pcm:
        """Returns int16, mono, at the local voice's ``rate``, whichever spoke."""
        if not sentence.strip():
            return np.zeros(0, np.int16)
        spoken = self.remote.ask([Synthesize(text=sentence, voice=self._voice).event()], self._sound)
        if spoken is None:
            return self._local.synthesize(sentence)
        quieter: Pcm = spoken if self._volume == 1.0 else np.round(spoken * self._volume).astype(np.int16)
        return quieter

    def close(self) -> None:
        """Close the local voice; the other machine is let go."""
        self.remote.close()
        self._local.close()

    def _sound(self, events: Iterator[Event]) -> Pcm:
        incoming: Incoming | None = None
        pieces: list[Pcm] = [np.zeros(0, np.int16)]
        samples = 0
        for event in events:
            if AudioChunk.is_type(event.type):
                incoming = incoming or Incoming(message(SoundFormat, event), self.rate)
                pieces.append(incoming.take(event.payload or b""))
                samples += len(pieces[-1])
                if samples > _LONGEST_S * self.rate:
                    raise Malformed(f"a sentence is longer than {_LONGEST_S} s")
            elif AudioStop.is_type(event.type):
                break
        if incoming is not None:
            pieces.append(incoming.rest())
        return np.concatenate(pieces)


def build(local: Callable[[], TtsEngine], machine: Machine, voice: str | None, volume: float) -> WyomingTts:
    """``local`` builds the voice of this machine. Raises ModelError when that cannot be loaded."""
    return WyomingTts(Remote("tts", machine), local(), voice, volume)
