"""The assistant as a satellite: its wake word, microphone and loudspeaker, and Home Assistant's thinking.

While Home Assistant is connected and ready, what is said after the wake word goes there, and the answer that comes back
is played. While it is not, the assistant thinks for itself. Nothing else of the microphone's sound ever leaves, and
nothing at all while listening is switched off.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import anyio
import numpy as np
from wyoming.event import Event
from wyoming.ping import Pong
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.satellite import StreamingStarted, StreamingStopped
from wyoming.snd import Played
from wyoming.wake import Detection

from edge.api.wyoming.exchange import Exchange
from edge.api.wyoming.info import of_satellite
from edge.api.wyoming.session import Gone
from edge.assistant import Assistant
from edge.chunk import RATE, AudioChunk, Pcm
from edge.errors import AssistantError
from edge.intents import Origin
from edge.session.clock import TurnClock
from edge.wyoming.frames import Malformed
from edge.wyoming.messages import Note, Said, SoundFormat, Spoken, message
from edge.wyoming.sound import Incoming, chunks, started, stopped

Send = Callable[[Event], Awaitable[None]]

_COMMAND_S: Final = 15.0
"""The longest command."""
_LONGEST_S: Final = 120
"""Of an answer."""
_LET_GO_S: Final = 1.0
_WAITING: Final = 4
"""Announcements that may wait."""


class Satellite:
    """What all connections share, and the one :class:`edge.ports.Delegate`."""

    def __init__(self, assistant: Assistant) -> None:
        self.info = of_satellite(assistant.settings)
        self._assistant = assistant
        self._handler: SatelliteHandler | None = None
        self._announcing, self._announced = anyio.create_memory_object_stream[_Announcement](_WAITING)

    def handler(self, send: Send) -> "SatelliteHandler":
        """Of a new connection."""
        return SatelliteHandler(self, send)

    @property
    def here(self) -> bool:
        """Whether Home Assistant is connected and has said that it is ready."""
        return self._handler is not None

    def ready(self, handler: "SatelliteHandler") -> None:
        """From now on ``handler`` takes what is said; an earlier one, whose end was maybe not noticed, no more."""
        if self._handler is not None and self._handler is not handler:
            self.away(self._handler)
        self._handler = handler

    def away(self, handler: "SatelliteHandler") -> None:
        """That connection takes nothing any more."""
        if self._handler is handler:
            self._handler = None
        if handler.exchange is not None:
            handler.exchange.fail("Home Assistant went away")

    async def take(self, turn: str, word: str, at: float, sound: AsyncIterator[AudioChunk], origin: Origin) -> None:
        """One command: ``sound`` goes out until Home Assistant has heard enough, and its answer is played."""
        handler = self._handler
        assert handler is not None
        exchange = handler.exchange = Exchange(turn, self._assistant.bus, TurnClock(at), origin)
        try:
            # Whoever has switched listening off is heard by nobody.
            if self._assistant.listening.on:
                await self._stream(handler, exchange, word, sound)
                if await exchange.answered():
                    await self._play(exchange)
                    await handler.send(Played().event())
        except Gone:
            exchange.fail("Home Assistant went away")
        except AssistantError as error:
            exchange.fail(str(error))
        finally:
            handler.exchange = None
            exchange.end()

    def announce(self, pcm: Pcm, rate: int, send: Send) -> None:
        """Have played what Home Assistant says unasked. Raises Malformed when too much of it waits already."""
        try:
            self._announcing.send_nowait(_Announcement(pcm, rate, send))
        except anyio.WouldBlock:
            raise Malformed("too many announcements wait") from None

    async def announce_all(self) -> None:
        """Play what comes unasked, one after another, each once nobody is speaking; runs until it is cancelled."""
        async with self._announcing, self._announced:
            async for announcement in self._announced:
                await self._announce(announcement)

    async def _stream(
        self, handler: "SatelliteHandler", exchange: Exchange, word: str, sound: AsyncIterator[AudioChunk]
    ) -> None:
        run = RunPipeline(start_stage=PipelineStage.ASR, end_stage=PipelineStage.TTS, wake_word_name=word)
        for event in (Detection(name=word).event(), run.event(), StreamingStarted().event(), started(RATE)):
            await handler.send(event)
        try:
            with anyio.move_on_after(_COMMAND_S):
                async for chunk in sound:
                    exchange.clock.follow(chunk.end)
                    if exchange.heard or not self._assistant.listening.on:
                        break
                    for event in chunks(chunk.pcm, RATE):
                        await handler.send(event)
        finally:
            # Also when another wake word ends this: Home Assistant would wait for more of it.
            with anyio.move_on_after(_LET_GO_S, shield=True):
                await handler.send(stopped())
                await handler.send(StreamingStopped().event())

    async def _play(self, exchange: Exchange) -> None:
        voice = self._assistant.voice
        if exchange.sound is not None and voice is not None:
            exchange.speaking()
            await voice.play(*exchange.sound)
            exchange.spoken()

    async def _announce(self, what: "_Announcement") -> None:
        voice = self._assistant.voice
        try:
            if voice is not None:
                await self._assistant.unasked(lambda: voice.play(what.pcm, what.rate))
            await what.send(Played().event())
        except Gone:
            return
        except AssistantError as error:
            self._assistant.report(error)


@dataclass(frozen=True, slots=True)
class _Announcement:
    pcm: Pcm
    rate: int
    send: Send


class SatelliteHandler:
    """One connection, which Home Assistant makes and keeps."""

    def __init__(self, satellite: Satellite, send: Send) -> None:
        self.send = send
        self.exchange: Exchange | None = None
        """The command that is on its way."""
        self._satellite = satellite
        self._incoming: Incoming | None = None
        self._pieces: list[Pcm] = []
        self._samples = 0

    async def handle(self, event: Event) -> None:
        """Take ``event``; one that is not known is left alone, as the protocol demands. Raises Malformed."""
        match event.type:
            case "describe":
                await self.send(self._satellite.info.event())
            case "ping":
                await self.send(Pong(text=message(Note, event).text).event())
            case "run-satellite":
                self._satellite.ready(self)
            case "pause-satellite":
                self._satellite.away(self)
            case "audio-start" | "audio-chunk" | "audio-stop":
                self._sound(event)
            case _:
                if self.exchange is not None:
                    _answer(self.exchange, event)

    async def close(self) -> None:
        """The connection is over."""
        self._satellite.away(self)

    def _sound(self, event: Event) -> None:
        if event.type == "audio-stop":
            self._sounded()
            return
        form = message(SoundFormat, event)
        if event.type == "audio-start" or self._incoming is None:
            self._incoming, self._pieces, self._samples = Incoming(form, form.rate), [], 0
        if event.payload and len(pcm := self._incoming.take(event.payload)):
            self._pieces.append(pcm)
            self._samples += len(pcm)
            if self._samples > _LONGEST_S * form.rate:
                raise Malformed(f"an answer is longer than {_LONGEST_S} s")

    def _sounded(self) -> None:
        """The answer, or else an announcement, is complete."""
        if self._incoming is None:
            return
        pcm, rate = np.concatenate([np.zeros(0, np.int16), *self._pieces]), self._incoming.form.rate
        self._incoming, self._pieces = None, []
        if self.exchange is not None:
            self.exchange.sounded(pcm, rate)
        else:
            self._satellite.announce(pcm, rate, self.send)


def _answer(exchange: Exchange, event: Event) -> None:
    match event.type:
        case "voice-stopped":
            exchange.speech_ended()
        case "transcript":
            exchange.transcribed(message(Said, event).text)
        case "synthesize":
            exchange.worded(message(Spoken, event).text)
        case "error":
            exchange.fail(f"Home Assistant: {message(Note, event).text or 'an error'}")
