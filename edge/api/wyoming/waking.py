"""Wake words for a guest: each connection has an engine of its own, since it follows a stream of its own."""

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import numpy as np
from wyoming.event import Event
from wyoming.wake import Detection, NotDetected

from edge.api.wyoming.guests import humbly
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, AudioChunk, Pcm
from edge.engine_thread import EngineThread
from edge.errors import EngineError
from edge.ports import WakeEngine
from edge.session.loop import WakeRules
from edge.wyoming.messages import Detect, SoundFormat
from edge.wyoming.sound import Incoming

STREAMS: Final = 3
"""That are watched at a time. One costs about as much as the assistant's own watching."""


class Watches:
    """What every connection shares: how a watch is made, and how many there are."""

    def __init__(self, engine: Callable[[], WakeEngine], rules: WakeRules) -> None:
        """``engine`` and the second opinion of ``rules`` are built anew for each stream."""
        self._engine, self._rules = engine, rules
        self._free = anyio.Semaphore(STREAMS, max_value=STREAMS)

    def stream(self) -> "_Stream":
        """In its own thread. Raises ModelError, SettingsError."""
        return humbly(lambda: _Stream(self._engine(), self._rules))

    def claim(self) -> None:
        """One more. Raises EngineError when there are too many."""
        try:
            self._free.acquire_nowait()
        except anyio.WouldBlock:
            raise EngineError(f"{STREAMS} streams are watched already", "end one of them") from None

    def release(self) -> None:
        """One less."""
        self._free.release()


class Watching:
    """One stream of one connection."""

    def __init__(self, watches: Watches, asked: Detect, send: Callable[[Event], Awaitable[None]]) -> None:
        self._watches, self._send = watches, send
        self._names = frozenset(asked.names) if asked.names else None
        self._thread: EngineThread[_Stream] | None = None
        self._incoming: Incoming | None = None
        self._detected = False

    async def start(self, form: SoundFormat) -> None:
        """Sound in that format follows. Raises EngineError when too many are watched."""
        self._incoming, self._detected = Incoming(form), False
        if self._thread is None:
            self._watches.claim()
            self._thread = await EngineThread[_Stream]("wyoming-wake", self._watches.stream).__aenter__()
        else:
            await self._thread.call(_Stream.begin)

    async def take(self, form: SoundFormat, payload: bytes) -> None:
        """The next sound; a wake word in it is told at once."""
        if self._thread is None or self._incoming is None:
            await self.start(form)
        assert self._thread is not None
        assert self._incoming is not None
        for word, at in await self._thread.call(_Stream.feed, self._incoming.take(payload)):
            if self._names is None or word in self._names:
                self._detected = True
                await self._send(Detection(name=word, timestamp=round(at * 1000)).event())

    async def stop(self) -> None:
        """The stream is over."""
        if not self._detected:
            await self._send(NotDetected().event())

    async def close(self) -> None:
        """Let the engine go."""
        if self._thread is not None:
            thread, self._thread = self._thread, None
            self._watches.release()
            await thread.__aexit__(None, None, None)


class _Stream:
    """A watch in the chunks of 20 ms in which the assistant itself listens."""

    def __init__(self, engine: WakeEngine, rules: WakeRules) -> None:
        self._engine, self._rules = engine, rules
        self.begin()

    def begin(self) -> None:
        """A new stream."""
        self._engine.reset()
        self._watch = self._rules.watch(self._engine)
        self._pending: Pcm = np.zeros(0, np.int16)
        self._at = 0.0

    def feed(self, pcm: Pcm) -> list[tuple[str, float]]:
        """Wake words that ``pcm`` (int16, 16 kHz) completed, and when, in seconds of the stream."""
        pending = np.concatenate([self._pending, pcm])
        whole = len(pending) // CHUNK_SAMPLES * CHUNK_SAMPLES
        self._pending = pending[whole:]
        heard = []
        for chunk in pending[:whole].reshape(-1, CHUNK_SAMPLES):
            wake = self._watch.feed(AudioChunk(chunk, self._at))
            self._at += CHUNK_SECONDS
            if wake is not None:
                heard.append((wake.detection.word, wake.detection.at))
        return heard

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()
