"""The sound of one utterance, as it comes over the network, for the ears."""

from typing import Final

import anyio
import numpy as np
import soxr
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk, Pcm, SoundCut

_WAITING: Final = 500
"""Chunks that are not heard yet, 10 s: a client that sends more waits, as nothing more is read from it."""


class Incoming:
    """Bytes in, chunks of 20 ms out."""

    def __init__(self, rate: int, at: float, patience_s: float) -> None:
        """``rate`` of what comes, in samples a second; ``at``: the moment it begins, in seconds. When nothing comes for
        ``patience_s``, the sound is cut.
        """
        self._send: MemoryObjectSendStream[AudioChunk]
        self._receive: MemoryObjectReceiveStream[AudioChunk]
        self._send, self._receive = anyio.create_memory_object_stream[AudioChunk](_WAITING)
        self._resampler = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, dtype="int16")
        self._rest: Pcm = np.zeros(0, np.int16)
        self._at, self._patience_s = at, patience_s
        self._ended = False

    @property
    def open(self) -> bool:
        """Whether more is wanted."""
        return not self._ended

    async def put(self, payload: bytes) -> None:
        """The next sound: int16, mono. Ignored once it has ended, or nobody listens any more."""
        if self._ended:
            return
        pcm: Pcm = np.frombuffer(payload, "<i2")
        await self._put(pcm if self._resampler is None else self._resampler.resample_chunk(pcm))

    async def end(self) -> None:
        """That was all: what is there is heard to its end."""
        if self._ended:
            return
        if self._resampler is not None:
            await self._put(self._resampler.resample_chunk(np.zeros(0, np.int16), last=True))
        await self._put(np.zeros(-len(self._rest) % CHUNK_SAMPLES, np.int16))
        self._ended = True
        self._send.close()

    def close(self) -> None:
        """Nobody listens any more."""
        self._ended = True
        self._send.close()
        self._receive.close()

    def __aiter__(self) -> "Incoming":
        return self

    async def __anext__(self) -> AudioChunk:
        try:
            with anyio.fail_after(self._patience_s):
                return await self._receive.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            raise StopAsyncIteration from None
        except TimeoutError:
            # Whoever spoke is gone in mid-sentence.
            raise SoundCut from None

    async def _put(self, pcm: Pcm) -> None:
        pending = np.concatenate([self._rest, pcm])
        whole = len(pending) // CHUNK_SAMPLES * CHUNK_SAMPLES
        self._rest = pending[whole:]
        for piece in pending[:whole].reshape(-1, CHUNK_SAMPLES):
            if self._ended:
                return
            try:
                await self._send.send(AudioChunk(piece, self._at))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            self._at += CHUNK_SECONDS
