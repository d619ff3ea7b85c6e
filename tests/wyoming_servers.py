"""A Wyoming server that is not ours: the package's own, in a thread, with an engine behind it or a fault."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import AsrProgram, Attribution, Describe, Info, TtsProgram
from wyoming.server import AsyncEventHandler, AsyncTcpServer
from wyoming.tts import Synthesize

from edge.chunk import Pcm
from tests.brokers import free_port

_BY = Attribution(name="test", url="")


@dataclass
class Behaviour:
    """What the server does; may be changed while it runs."""

    hear: Callable[[Pcm], str] = lambda pcm: f"{len(pcm)} samples"
    speak: Callable[[str], tuple[Pcm, int]] = lambda text: (np.full(len(text) * 100, 7, np.int16), 16000)
    silent: bool = False
    """It takes a request and never answers; it still describes itself."""
    fails: bool = False
    """It answers a request with an error."""
    offers: bool = True
    asked: list[str] = field(default_factory=list)
    """Types of the events that came."""


class _Handler(AsyncEventHandler):
    def __init__(self, behaviour: Behaviour, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._behaviour, self._pieces = behaviour, [b""]

    async def handle_event(self, event: Event) -> bool:
        behaviour = self._behaviour
        behaviour.asked.append(event.type)
        if Describe.is_type(event.type):
            await self.write_event(_info(behaviour.offers).event())
        elif AudioChunk.is_type(event.type):
            self._pieces.append(event.payload or b"")
        elif not (AudioStop.is_type(event.type) or Synthesize.is_type(event.type)) or behaviour.silent:
            return True
        elif behaviour.fails:
            await self.write_event(Error(text="out of order").event())
        elif AudioStop.is_type(event.type):
            text = await asyncio.to_thread(behaviour.hear, np.frombuffer(b"".join(self._pieces), np.int16))
            await self.write_event(Transcript(text=text).event())
            return False
        else:
            pcm, rate = behaviour.speak(Synthesize.from_event(event).text)
            await self.write_event(AudioStart(rate=rate, width=2, channels=1).event())
            await self.write_event(AudioChunk(rate=rate, width=2, channels=1, audio=pcm.tobytes()).event())
            await self.write_event(AudioStop().event())
        return True


def _info(offers: bool) -> Info:
    common = {"name": "test", "attribution": _BY, "installed": True, "description": None, "version": "1"}
    return Info(asr=[AsrProgram(models=[], **common)], tts=[TtsProgram(voices=[], **common)]) if offers else Info()


class Server:
    """One port, on which it can be started and stopped."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour, self.port = behaviour, free_port()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns when it listens."""
        listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(listening)))
        self._thread.start()
        assert listening.wait(60)

    def stop(self) -> None:
        """Returns when nobody listens there any more."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()
            self._loop = None

    async def _run(self, listening: threading.Event) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = AsyncTcpServer("127.0.0.1", self.port)
        await server.start(lambda reader, writer: _Handler(self.behaviour, reader, writer))
        listening.set()
        await self._ended.wait()
        await server.stop()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Server]:
    """One that runs."""
    server = Server(behaviour)
    server.start()
    try:
        yield server
    finally:
        server.stop()
