"""Where sound comes from and goes to, and what switches it."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from edge.chunk import AudioChunk, Pcm
from edge.intents import Origin
from edge.panel import Showing
from edge.ports.engines import Closeable


class AudioSink(Protocol):
    """Where answers are heard."""

    async def play(self, pcm: Pcm, rate: int) -> None:
        """``pcm``: int16, mono, ``rate`` samples a second. Returns when it has been played, but for a tail of at most
        50 ms. Cancelling stops the sound within 50 ms. Raises AudioError.
        """

    async def finish(self) -> str | None:
        """The answer is complete: returns when its last sample was heard.

        Gives the path of its recording, where this sink makes one. Raises AudioError.
        """


class SoundReader(Protocol):
    """A cursor over the incoming sound, of its own."""

    @property
    def lost(self) -> int:
        """Chunks that were overwritten before this reader came to them."""

    @property
    def passed_s(self) -> float:
        """Seconds of sound that came since this reader last took any: more than moments, and whoever reads is stuck."""

    def read(self, timeout: float | None) -> AudioChunk:
        """The next chunk; blocks, so it belongs in a thread. Raises EndOfSound when there is no more, and SoundCut when
        what comes does not follow on what came before; iterating does, too.
        """

    def read_some(self, count: int) -> list[AudioChunk]:
        """The next ``count`` chunks together, fewer before the end; blocks until they are all there, and so wakes the
        thread once for all of them. Raises EndOfSound and SoundCut as :meth:`read` does.
        """

    def __aiter__(self) -> AsyncIterator[AudioChunk]: ...

    def close(self) -> None:
        """Stop reading; a blocked :meth:`read` ends with EndOfSound."""


class Sound(Protocol):
    """The incoming sound, of which some seconds are kept."""

    def reader(self, start: float | None = None) -> SoundReader:
        """A cursor from the time ``start`` in seconds, or from now. From any thread, at once."""


class ListeningSwitch(Protocol):
    """Whether sound may come in."""

    @property
    def on(self) -> bool:
        """Whether it may now."""

    @property
    def button(self) -> bool:
        """Whether there is a button or a switch on the device that turns it on."""

    def set(self, on: bool) -> None:
        """Throw it; call from the event loop's thread. On is refused while the device's own switch is off."""

    async def becomes(self, on: bool) -> None:
        """Returns once it is so."""


class Loudness(Protocol):
    """How loud the assistant's own voice is."""

    @property
    def volume(self) -> float:
        """0–1 of what the settings allow."""

    @property
    def muted(self) -> bool:
        """Whether it is silent, whatever the volume."""

    def set(self, volume: float, *, muted: bool) -> None:
        """From the next sentence on. ``volume``: 0–1, as above."""


class Panel(Closeable, Protocol):
    """Lights, buttons and switches of the device.

    It is built with a function that it tells of every :class:`edge.panel.Control`, from any thread.
    """

    @property
    def found(self) -> Sequence[str]:
        """What there is, in words, for whoever sets it up: ``light on GPIO 17``."""

    def show(self, showing: Showing) -> None:
        """Until the next one. Raises HardwareError when it is gone."""


class Delegate(Protocol):
    """Another program that takes spoken commands in the assistant's place, as long as it is there."""

    @property
    def here(self) -> bool:
        """Whether it takes the next one."""

    async def take(self, turn: str, word: str, at: float, sound: AsyncIterator[AudioChunk], origin: Origin) -> None:
        """One command, for which ``word`` woke at ``at`` (seconds on the clock of the sound), and which begins
        ``sound``; returns after the answer.

        The turn's events are its own to tell, to the TurnEnded.
        """
