"""What a person sees and touches on the device: lights, buttons, switches."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Cue(StrEnum):
    """What the lights tell."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    RINGING = "ringing"
    MUTED = "muted"
    """The microphone is off."""
    FAULT = "fault"
    """Something has just gone wrong."""
    OFFLINE = "offline"
    """The broker is away: no device of the house can be commanded."""


@dataclass(frozen=True, slots=True)
class Light:
    """How bright each colour is, 0–1."""

    red: float = 0.0
    green: float = 0.0
    blue: float = 0.0

    @property
    def brightness(self) -> float:
        """For a light that has one colour only."""
        return max(self.red, self.green, self.blue)


DARK: Final = Light()


@dataclass(frozen=True, slots=True)
class Showing:
    """What a panel shows now: the light, and what it stands for, as not every panel has lights of any brightness."""

    cue: Cue
    light: Light
    muted: bool = False
    """Whether the microphone is off, whatever else is shown."""


class Control(StrEnum):
    """What a person did."""

    PRESSED = "pressed"
    """They want to speak, or that it stops ringing."""
    MUTE = "mute"
    """The microphone off, or on again: a mute button, or a button that was held."""
    SWITCH_OFF = "switch_off"
    """The mute switch was moved: the microphone is off."""
    SWITCH_ON = "switch_on"
    FOUND_OFF = "found_off"
    """The mute switch was in that position at the start."""
    FOUND_ON = "found_on"
    LOUDER = "louder"
    SOFTER = "softer"
