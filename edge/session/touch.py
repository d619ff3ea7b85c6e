"""What it means that a person pressed, held, switched or turned something on the device."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from edge.bus import Bus
from edge.errors import AssistantError
from edge.events import Fault
from edge.panel import Control
from edge.session.listening import Listening

_STEP: Final = 7
"""Percent points that one press of a volume button is."""


class Touch:
    """Made and followed on the event loop; told from any thread."""

    def __init__(
        self,
        listening: Listening,
        press: Callable[[], Awaitable[None]],
        change_volume: Callable[[int], Awaitable[None]],
        bus: Bus,
    ) -> None:
        """``press``: somebody wants to speak; ``change_volume`` by so many percent points."""
        self._listening, self._press, self._change_volume, self._bus = listening, press, change_volume, bus
        self._loop = asyncio.get_running_loop()
        self._told: asyncio.Queue[Control] = asyncio.Queue()

    def tell(self, control: Control) -> None:
        """From any thread; returns at once."""
        try:
            self._loop.call_soon_threadsafe(self._told.put_nowait, control)
        except RuntimeError:
            # The loop was closed while a finger was still on the button.
            return

    async def follow(self) -> None:
        """Do what is asked, in order, until cancelled."""
        while True:
            control = await self._told.get()
            try:
                await self._do(control)
            except AssistantError as error:
                at = time.monotonic()
                self._bus.emit(Fault(turn="", at=at, code=error.code, stage=error.stage, message=str(error)))

    async def _do(self, control: Control) -> None:
        match control:
            case Control.PRESSED:
                await self._press()
            case Control.MUTE:
                self._listening.set(not self._listening.on)
            case Control.SWITCH_OFF | Control.SWITCH_ON:
                self._listening.switched(control is Control.SWITCH_ON)
            case Control.FOUND_OFF | Control.FOUND_ON:
                self._listening.found(control is Control.FOUND_ON)
            case Control.LOUDER:
                await self._change_volume(_STEP)
            case Control.SOFTER:
                await self._change_volume(-_STEP)
