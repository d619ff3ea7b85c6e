"""A device's stream, opened and closed from the event loop by threads that the device may hold up for ever."""

from collections.abc import Callable as Function
from typing import Final

import anyio
from anyio.to_thread import run_sync

from edge.audio.portaudio import Callback, DeviceStream, PortAudio, Request

_CLOSE_S: Final = 0.7
"""Closing a device that hangs is given up after this; the thread that waits for it stays behind."""


class Stream:
    """One stream, opened once."""

    def __init__(self, portaudio: PortAudio) -> None:
        self._portaudio = portaudio
        self._given_up = False
        self.device: DeviceStream | None = None
        """None until it is open."""

    @property
    def opened(self) -> DeviceStream:
        """The device, once it is open."""
        assert self.device is not None
        return self.device

    async def open(self, request: Request, callback: Function[[int], Callback], finished: Function[[], None]) -> None:
        """As :meth:`PortAudio.open`. Raises AudioError."""
        try:
            await run_sync(self._open, request, callback, finished, abandon_on_cancel=True)
        except anyio.get_cancelled_exc_class():
            # The thread may still be opening it: whoever comes second closes it.
            self._given_up = True
            await self.close()
            raise

    def _open(self, request: Request, callback: Function[[int], Callback], finished: Function[[], None]) -> None:
        self.device = self._portaudio.open(request, callback, finished)
        if self._given_up:
            self._portaudio.close(self.device)

    async def close(self) -> None:
        """Stop at once, dropping what the device still holds, and let it go, even if it hangs."""
        if self.device is not None:
            with anyio.move_on_after(_CLOSE_S, shield=True):
                await run_sync(self._portaudio.close, self.device, abandon_on_cancel=True)
