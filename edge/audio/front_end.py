"""From a device's samples to those that are listened to: judged, cleaned of hum, of our own voice, of noise."""

from collections.abc import Callable
from typing import Final

from edge.audio.conditioning import HighPass
from edge.audio.echo import EchoCanceller
from edge.audio.health import Health, Symptom
from edge.audio.reference import Reference
from edge.chunk import Pcm
from edge.ports import Denoiser

_EARLY_S: Final = 0.04
"""The reference is taken to sound so much earlier than it says. An echo that came before its sound can't be found, and
the times that drivers give are that wrong."""


class FrontEnd:
    """For one microphone, for as long as the assistant runs. Everything happens in the device's thread."""

    def __init__(self, reference: Reference | None = None, denoiser: Denoiser | None = None) -> None:
        """``reference``: what our loudspeaker plays, where there is one; ``denoiser`` None for none."""
        self._health, self._high_pass = Health(), HighPass()
        self._reference, self._denoiser = reference, denoiser
        self._canceller = EchoCanceller()

    def process(self, pcm: Pcm, at: float, tell: Callable[[Symptom], None]) -> Pcm:
        """``pcm``: int16, shape (320,), heard at the monotonic time ``at``. Returns as many samples.

        ``tell`` is called with what has changed about the microphone itself.
        """
        clean = self._high_pass.filter(pcm)
        if self._reference is not None:
            clean = self._canceller.cancel(clean, self._reference.at(at + _EARLY_S, len(pcm)))
        # That we hear ourselves is no sign of life: some systems carry the loudspeaker's sound to a muted microphone.
        if not self._canceller.sounding and (symptom := self._health.feed(pcm)) is not None:
            tell(symptom)
        return clean if self._denoiser is None else self._denoiser.denoise(clean)
