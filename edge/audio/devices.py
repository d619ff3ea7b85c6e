"""Which of the machine's sound devices is meant by a name in the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from edge.errors import AudioError

Direction: TypeAlias = Literal["input", "output"]

_KIND: Final[dict[Direction, str]] = {"input": "microphone", "output": "loudspeaker"}


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """One entry of PortAudio's list."""

    index: int
    """Its place in the list; changes as devices come and go."""
    name: str
    """``USB PnP Sound Device: Audio (hw:1,0)``."""
    inputs: int
    """Channels it can record, 0 for a loudspeaker."""
    outputs: int
    """Channels it can play, 0 for a microphone."""
    rate: int
    """Its own samples per second."""
    default_input: bool = False
    default_output: bool = False

    def channels(self, direction: Direction) -> int:
        """The most channels in that direction."""
        return self.inputs if direction == "input" else self.outputs

    def is_default(self, direction: Direction) -> bool:
        """Whether the system prefers it in that direction."""
        return self.default_input if direction == "input" else self.default_output


def choose(devices: Sequence[SoundDevice], wanted: str, direction: Direction) -> SoundDevice:
    """The device that ``wanted`` names: ``default``, an index, a name, or a part of one in any case.

    Of several that contain it the first is taken. Raises AudioError that names what there is.
    """
    usable = [device for device in devices if device.channels(direction)]
    name = wanted.strip().casefold()
    found = (
        [device for device in usable if name == "default" and device.is_default(direction)]
        or [device for device in usable if name == device.name.casefold()]
        or [device for device in usable if name == str(device.index)]
        or [device for device in usable if name and name in device.name.casefold()]
        # A machine whose system names no default still has its first device.
        or [device for device in usable if name == "default"]
    )
    if found:
        return found[0]
    kind = _KIND[direction]
    if not usable:
        raise AudioError(f"there is no {kind}", f"connect one, or set audio.{direction} to none")
    there = ", ".join(device.name for device in usable)
    raise AudioError(f"there is no {kind} named {wanted!r}", f"set audio.{direction} to one of: {there}")
