"""Wakes one coroutine from any thread, the audio callback's included."""

import asyncio


class Waker:
    """An event that is set from outside the loop. Make and await it on the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self) -> None:
        """From any thread; returns at once."""
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            # The loop was closed while the device still ran: nobody waits any more.
            return

    async def wait(self) -> None:
        """Returns as soon as :meth:`wake` has been called, even before."""
        await self._event.wait()
