"""One of our own engines as a Wyoming server, to be measured exactly as peers are.

``python -m edge.bench.wyoming_serve stt --engine whisper --model FOLDER --threads 2 --fixtures FILE --port 10300``
``python -m edge.bench.wyoming_serve wake --engine microwakeword --model FOLDER --words alexa --port 10400``
"""

import argparse
import asyncio
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.server import AsyncEventHandler, AsyncTcpServer
from wyoming.wake import Detection, NotDetected

from edge import plugins
from edge.bench.errors import UNREADABLE
from edge.bench.wyoming_client import HOST
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, Pcm
from edge.chunk import AudioChunk as SoundChunk
from edge.engines import wake_engine, wake_rules
from edge.errors import AssistantError, ModelError
from edge.evaluation.fixtures import FixtureHouse
from edge.ports import Sayable, SttEngine, WakeEngine
from edge.sections import WakeSettings
from edge.session.loop import WakeRules
from edge.settings import load
from edge.understand.grammar import Grammar

_LANGUAGE: Final = "en"
"""That of all commands of the bench."""
_SILENCE: Final[Pcm] = np.zeros(0, np.int16)


class SttHandler(AsyncEventHandler):
    """One connection: a command in, its transcript out."""

    def __init__(
        self, engine: SttEngine, sayable: Sayable | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(reader, writer)
        self._engine, self._sayable = engine, sayable
        self._language: str | None = None
        self._pieces: list[Pcm] = []

    async def handle_event(self, event: Event) -> bool:
        """False ends the connection."""
        if Describe.is_type(event.type):
            await self.write_event(Info().event())
        elif Transcribe.is_type(event.type):
            self._language = Transcribe.from_event(event).language
        elif AudioChunk.is_type(event.type):
            self._pieces.append(np.frombuffer(AudioChunk.from_event(event).audio, np.int16))
        elif AudioStop.is_type(event.type):
            pcm = np.concatenate(self._pieces) if self._pieces else _SILENCE
            heard = await asyncio.to_thread(self._engine.transcribe, pcm, self._language, self._sayable)
            await self.write_event(Transcript(text=heard.text).event())
            return False
        return True


class WakeHandler(AsyncEventHandler):
    """One connection: a stream in, a detection out, or word at its end that there was none."""

    def __init__(
        self, engine: WakeEngine, rules: WakeRules, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(reader, writer)
        self._engine = engine
        self._watch = rules.watch(engine)
        self._pending = _SILENCE
        self._at = 0.0

    async def handle_event(self, event: Event) -> bool:
        """False ends the connection."""
        if Describe.is_type(event.type):
            await self.write_event(Info().event())
        elif AudioStart.is_type(event.type):
            self._engine.reset()
        elif AudioChunk.is_type(event.type):
            await self._listen(np.frombuffer(AudioChunk.from_event(event).audio, np.int16))
        elif AudioStop.is_type(event.type):
            await self.write_event(NotDetected().event())
            return False
        return True

    async def _listen(self, pcm: Pcm) -> None:
        """In the chunks of 20 ms in which the assistant itself listens."""
        self._pending = np.concatenate([self._pending, pcm])
        while len(self._pending) >= CHUNK_SAMPLES:
            chunk, self._pending = self._pending[:CHUNK_SAMPLES], self._pending[CHUNK_SAMPLES:]
            self._at += CHUNK_SECONDS
            wake = self._watch.feed(SoundChunk(chunk, self._at - CHUNK_SECONDS))
            if wake is not None:
                await self.write_event(Detection(name=wake.detection.word).event())


async def serve(handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], AsyncEventHandler], port: int) -> None:
    """Until it is cancelled."""
    await AsyncTcpServer(HOST, port).run(handler)


def _sayable(fixtures: Path) -> Sayable:
    return Grammar(FixtureHouse(fixtures), _LANGUAGE, None).sayable()


def main() -> None:
    """Serve the engine that the arguments name."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("stt", "wake"))
    parser.add_argument("--engine", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fixtures", type=Path)
    parser.add_argument("--words", nargs="*", default=())
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    if asked.kind == "stt":
        engine = plugins.load("stt", asked.engine)(asked.model, asked.threads)
        # The first time takes longer; the assistant too does it before anybody speaks.
        sayable = _sayable(asked.fixtures) if asked.fixtures else None
        if sayable is not None:
            engine.prepare(sayable)
        engine.transcribe(np.zeros(RATE, np.int16), _LANGUAGE, sayable)
        asyncio.run(serve(functools.partial(SttHandler, engine, sayable), asked.port))
    else:
        wake = WakeSettings(engine=asked.engine, words=asked.words)
        settings = load().model_copy(update={"wake": wake})
        handler = functools.partial(WakeHandler, wake_engine(settings), wake_rules(settings))
        asyncio.run(serve(handler, asked.port))


if __name__ == "__main__":
    try:
        main()
    except AssistantError as error:
        print(f"hearth: {error}", file=sys.stderr)
        sys.exit(UNREADABLE if isinstance(error, ModelError) else 1)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(UNREADABLE)
    except KeyboardInterrupt:
        sys.exit(130)
