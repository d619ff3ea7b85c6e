"""Devices that did what they were told, said so, and went back on it while the answer was still in the air.

What a device confirms is told at once: to wait whether it means it would make every answer slower for the sake of the
few that lie, are told otherwise by an automation, or fight with another over a topic. So they are watched a moment
longer, and whoever was told is told again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import anyio

from edge.act.questions import described
from edge.devices import ActionReport, Confirmation, Device, DeviceState
from edge.intents import Origin, Phrase
from edge.ports import Announcer, House

_WATCHED_S: Final = 2.0
"""Longer after the command, somebody else may mean it."""
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Watched:
    device: Device
    report: ActionReport
    until: float
    """In the clock of the event loop."""
    area: str | None
    """Where it was asked for."""


class Relapses:
    """Watches what was confirmed."""

    def __init__(self, house: House, announcer: Announcer) -> None:
        self._house, self._announcer = house, announcer
        self._watched: dict[str, _Watched] = {}
        self._begun = anyio.Event()

    def watch(self, devices: Sequence[Device], reports: Sequence[ActionReport], origin: Origin) -> None:
        """Whether those of ``devices`` that have confirmed stand by it; what they were told before no longer counts."""
        until = anyio.current_time() + _WATCHED_S
        for device, report in zip(devices, reports, strict=True):
            self._watched.pop(device.id, None)
            if report.confirmation is Confirmation.CONFIRMED and report.before.value != report.state.value:
                self._watched[device.id] = _Watched(device, report, until, origin.area)
        self._begun.set()

    async def serve(self) -> None:
        """Runs as long as the assistant; rests while there is nothing to watch."""
        while True:
            await self._begun.wait()
            self._begun = anyio.Event()
            while self._watched:
                await anyio.sleep(_LOOK_S)
                for watched in list(self._watched.values()):
                    await self._look(watched)

    async def _look(self, watched: _Watched) -> None:
        if self._watched.get(watched.device.id) is not watched:
            return
        state = self._house.state(watched.device.id)
        if _went_back(watched.report, state):
            del self._watched[watched.device.id]
            await self._announcer.announce(Phrase("relapsed", described(watched.device, state)), watched.area)
        elif anyio.current_time() >= watched.until:
            del self._watched[watched.device.id]


def _went_back(report: ActionReport, state: DeviceState) -> bool:
    """Whether its main value is what it was before the command."""
    return state.available and state.value is not None and state.value == report.before.value
