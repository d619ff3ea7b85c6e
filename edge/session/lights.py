"""What the device's lights show: they follow the events, and never hold anybody up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import anyio

from edge.bus import Bus, Subscription
from edge.engine_thread import EngineThread
from edge.errors import HardwareError
from edge.events import AnyEvent, Fault
from edge.hardware import patterns
from edge.panel import Cue, Showing
from edge.ports import ListeningSwitch, Panel
from edge.session.phase import Phase, Status, after

_FAULT_S: Final = 3.0
"""How long a fault is shown."""
_LOOK_S: Final = 5.0
"""No event tells when the broker comes and goes, so it is looked at."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that the lights come from."""

    status: Status = field(default_factory=Status)
    fault_until: float = 0.0
    """On the monotonic clock."""

    def cue(self, now: float, *, online: bool, listening: bool) -> tuple[Cue, float | None]:
        """What to show, and for how many seconds at most; None: until something happens.

        What goes on outshines what went wrong, and that what is amiss for longer.
        """
        # Asked, not remembered: an event may be lost, and this must never be shown wrong.
        phase = replace(self.status, listening=listening).phase
        if phase not in (Phase.IDLE, Phase.MUTED):
            return Cue(phase.value), None
        if now < self.fault_until:
            return Cue.FAULT, self.fault_until - now
        if phase is Phase.IDLE and not online:
            return Cue.OFFLINE, None
        return Cue(phase.value), None


def seen_after(seen: Seen, event: AnyEvent, now: float) -> Seen:
    """What is to be shown once ``event`` has happened."""
    if isinstance(event, Fault):
        return replace(seen, fault_until=now + _FAULT_S)
    return replace(seen, status=after(seen.status, event))


class Lights:
    """Shows what happens on every panel."""

    def __init__(
        self,
        panels: Sequence[EngineThread[Panel]],
        online: Callable[[], bool],
        *,
        listening: ListeningSwitch,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``online``: whether the broker is there; ``listening``: whether the microphone is on."""
        self._panels, self._online, self._listening, self._now = list(panels), online, listening, now
        self._seen = Seen()

    async def follow(self, bus: Bus) -> None:
        """Until cancelled. A panel that fails is reported, once, and shown nothing any more."""
        shown: Showing | None = None
        cue, since = Cue.IDLE, self._now()
        with bus.subscribe(listener="lights") as events:
            while self._panels:
                now = self._now()
                wanted, cue_s = self._seen.cue(now, online=self._online(), listening=self._listening.on)
                if wanted is not cue:
                    cue, since = wanted, now
                light, light_s = patterns.light(cue, now - since)
                if (showing := Showing(cue, light, muted=not self._listening.on)) != shown:
                    shown = showing
                    await self._show(showing, bus)
                await self._wait(events, min(filter(None, (cue_s, light_s, _LOOK_S))))

    async def _show(self, showing: Showing, bus: Bus) -> None:
        for panel in list(self._panels):
            try:
                await panel.call(lambda engine: engine.show(showing))
            except HardwareError as error:
                self._panels.remove(panel)
                at = time.monotonic()
                bus.emit(Fault(turn="", at=at, code=error.code, stage=error.stage, message=str(error)))

    async def _wait(self, events: Subscription, at_most_s: float) -> None:
        """Until something happens; what has happened meanwhile is taken together."""
        with anyio.move_on_after(at_most_s):
            self._seen = seen_after(self._seen, await events.next(), self._now())
        for event in events.pending():
            self._seen = seen_after(self._seen, event, self._now())
