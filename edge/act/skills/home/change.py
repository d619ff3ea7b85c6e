"""What a device is told for an intent, or why it is told nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from edge.devices import Device, DeviceState, Value
from edge.intents import Intent

Change: TypeAlias = Mapping[str, Value]
"""As in :class:`edge.devices.Command`."""


class Refusal(StrEnum):
    """Why a device is told nothing."""

    UNABLE = "unable"
    """It can't do that."""
    UNKNOWN = "unknown"
    """It has not said where it stands, and the change is relative to that."""
    IDLE = "idle"
    """It is off, and less of nothing is nothing."""
    CODED = "coded"
    """It wants a code of its own for that, which is the person's."""
    BEYOND = "beyond"
    """It does not go so far."""
    CURRENT = "current"
    """It has nothing newer to install."""


Make: TypeAlias = Callable[[Intent, Device, DeviceState], Change | Refusal]


@dataclass(frozen=True, slots=True)
class Control:
    """How an intent becomes a change of one device."""

    domains: frozenset[str]
    """Kinds of devices that it is for."""
    change: Make
