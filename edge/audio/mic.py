"""The microphone: from a sound device into the ring, for as long as the assistant runs."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Final, TypeAlias

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from edge.audio.capture import Capture
from edge.audio.front_end import FrontEnd
from edge.audio.health import Symptom
from edge.audio.portaudio import PortAudio, Request
from edge.audio.ring import Ring
from edge.chunk import CHUNK_SECONDS, RATE
from edge.errors import AudioError, MicrophoneSilent, MicrophoneTooLoud
from edge.ports import ListeningSwitch

_log = logging.getLogger(__name__)

_LATENCY_S: Final = 0.06
_RETRY_S: Final = 1.0

Report: TypeAlias = Callable[[AudioError | None], None]


class Microphone:
    """Use as an async context manager. A device that disappears is reported, and opened again when it is back.

    While it is switched off the device is closed, so that nothing can hear, and the ring holds nothing of before.

    Chunks are stamped with the monotonic time at which they were heard. In a gapless stream they are 20 ms apart, but
    for corrections of at most 1 ms each by which the sound card's clock is kept to the system's.
    """

    def __init__(
        self,
        device: str,
        ring: Ring,
        portaudio: PortAudio,
        report: Report,
        *,
        rate: int = RATE,
        front_end: FrontEnd | None = None,
        switch: ListeningSwitch | None = None,
        waits: bool = False,
    ) -> None:
        """``device``: a name or part of it, an index, or ``default``. ``rate``: what it is asked for first.

        ``report`` is told once when the device is lost or silent (the error), and once when it is heard again (None);
        once, too, when it is too loud. ``front_end`` None: hum is taken out, and nothing else. ``switch`` None: it is
        always on. ``waits``: a device that is not there yet is waited for, as one that was lost.
        """
        self._request = Request("input", device, rate, CHUNK_SECONDS, _LATENCY_S)
        self._ring, self._portaudio, self._report = ring, portaudio, report
        self._front_end, self._switch, self._waits = front_end or FrontEnd(), switch, waits
        self._gone = False
        """Whether it was reported as lost, and not yet as heard again."""
        self._name = device
        self._loop: asyncio.AbstractEventLoop
        self._context: contextvars.Context
        self._capture: Capture | None = None
        self._tasks: TaskGroup

    @property
    def overflows(self) -> int:
        """How often the device dropped sound since it was last opened."""
        return self._capture.overflows if self._capture is not None else 0

    @property
    def gone(self) -> bool:
        """Whether the device was lost, and has not been heard again."""
        return self._gone

    async def __aenter__(self) -> "Microphone":
        """Raises AudioError when the device, switched on, does not exist or does not open, and is not waited for."""
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        if self._switch is None or self._switch.on:
            try:
                self._capture = await self._open()
            except AudioError:
                if not self._waits:
                    raise
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._supervise)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        return await self._tasks.__aexit__(kind, error, trace)

    async def _supervise(self) -> None:
        if self._switch is None:
            await self._keep_open()
            return
        while True:
            if self._switch.on:
                await self._keep_open_until_off(self._switch)
            elif (capture := self._capture) is not None:
                # It was switched off after it was opened, and before this began.
                self._capture = None
                await capture.close()
            self._ring.cut()
            await self._switch.becomes(True)

    async def _keep_open_until_off(self, switch: ListeningSwitch) -> None:
        async with anyio.create_task_group() as on:

            async def end() -> None:
                await switch.becomes(False)
                on.cancel_scope.cancel()

            on.start_soon(end)
            await self._keep_open()

    async def _keep_open(self) -> None:
        """Until cancelled; the device is closed then."""
        there = not self._gone and (self._capture is not None or await self._opens())
        while True:
            if not there:
                await self._recovered()
            capture = self._capture
            assert capture is not None
            try:
                await capture.lost()
            finally:
                self._capture = None
                await capture.close()
            there = capture.displaced and await self._opens()

    async def _recovered(self) -> None:
        """Returns when there is sound again."""
        if not self._gone:
            self._gone = True
            self._report(AudioError(f"the microphone {self._name!r} is gone", "connect it again"))
        while not await self._recovers():  # noqa: ASYNC110  # nothing tells when a device comes back
            await anyio.sleep(_RETRY_S)
        self._gone = False
        self._report(None)

    async def _opens(self) -> bool:
        try:
            self._capture = await self._open()
        except AudioError as error:
            _log.debug("the microphone is not back yet: %s", error)
            return False
        return True

    async def _recovers(self) -> bool:
        """One attempt: whether there is sound again."""
        try:
            await run_sync(self._portaudio.refresh, abandon_on_cancel=True)
        except AudioError as error:
            _log.debug("the microphone is not back yet: %s", error)
            return False
        if not await self._opens():
            return False
        capture = self._capture
        assert capture is not None
        heard = False
        try:
            heard = await capture.hears()
        finally:
            if not heard:
                self._capture = None
                await capture.close()
        return heard

    async def _open(self) -> Capture:
        capture = Capture(self._portaudio, self._ring, self._front_end, self._noticed)
        await capture.open(self._request)
        self._name = capture.name
        return capture

    def _noticed(self, symptom: Symptom) -> None:
        """In the device's thread."""
        try:
            # The sound's thread knows of no event loop, and what is told may start tasks.
            self._loop.call_soon_threadsafe(self._tell, symptom, context=self._context)
        except RuntimeError:
            # The loop was closed while the device still ran: nobody wants to know any more.
            return

    def _tell(self, symptom: Symptom) -> None:
        match symptom:
            case Symptom.DIED:
                self._report(MicrophoneSilent(self._name))
            case Symptom.TOO_LOUD:
                self._report(MicrophoneTooLoud(self._name))
            case Symptom.REVIVED:
                self._report(None)
