"""What the assistant is doing, for lights and displays: a pure function of its events."""

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.events import (
    AnyEvent,
    FollowUp,
    ListeningChanged,
    Rang,
    RingingEnded,
    SpeakingStarted,
    SpeechEnded,
    TurnEnded,
    Woke,
)


class Phase(StrEnum):
    """What a light shows."""

    IDLE = "idle"
    """It waits for a wake word."""
    MUTED = "muted"
    """The microphone is off."""
    LISTENING = "listening"
    """It hears a command."""
    THINKING = "thinking"
    """The command is understood and carried out."""
    SPEAKING = "speaking"
    """It answers."""
    RINGING = "ringing"
    """A timer or an alarm rings."""


@dataclass(frozen=True, slots=True)
class Status:
    """All that the phase comes from."""

    turn: str = ""
    """The spoken turn that is going on; empty between turns."""
    of_turn: Phase = Phase.IDLE
    """How far that turn is."""
    ringing: bool = False
    listening: bool = True

    @property
    def phase(self) -> Phase:
        """A turn outshines what rings, and that the microphone's being off."""
        if self.turn:
            return self.of_turn
        if self.ringing:
            return Phase.RINGING
        return Phase.IDLE if self.listening else Phase.MUTED


def after(status: Status, event: AnyEvent) -> Status:
    """The status once ``event`` has happened. What belongs to a turn that another wake word ended changes nothing."""
    match event:
        case Woke() | FollowUp():
            return replace(status, turn=event.turn, of_turn=Phase.LISTENING)
        case Rang() | RingingEnded():
            return replace(status, ringing=isinstance(event, Rang))
        case ListeningChanged(on=on):
            return replace(status, listening=on)
    if not status.turn or event.turn != status.turn:
        return status
    match event:
        case SpeechEnded():
            return replace(status, of_turn=Phase.THINKING)
        case SpeakingStarted():
            return replace(status, of_turn=Phase.SPEAKING)
        case TurnEnded():
            return replace(status, turn="", of_turn=Phase.IDLE)
    return status
