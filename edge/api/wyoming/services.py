"""One connection to the assistant's engines: each event to what it is for."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Protocol

from wyoming.event import Event
from wyoming.info import Info
from wyoming.ping import Pong

from edge.api.wyoming.commanding import Butler
from edge.api.wyoming.guests import Guest
from edge.api.wyoming.hearing import Dictation, Ears
from edge.api.wyoming.info import of_services
from edge.api.wyoming.speaking import Mouth
from edge.api.wyoming.waking import Watches, Watching
from edge.assistant import Assistant
from edge.engines import local_stt, local_tts, wake_engine, wake_rules
from edge.ports import SttEngine, TtsEngine
from edge.wyoming.messages import Detect, Note, Said, SoundFormat, Spoken, Transcribe, message
from models.store import Store

Send = Callable[[Event], Awaitable[None]]


class Taker(Protocol):
    """Takes the sound that follows a request."""

    async def start(self, form: SoundFormat) -> None: ...

    async def take(self, form: SoundFormat, payload: bytes) -> None: ...

    async def stop(self) -> None: ...

    async def close(self) -> None: ...


class Services:
    """What all connections share."""

    def __init__(self, assistant: Assistant, stack: AsyncExitStack) -> None:
        """Nothing is loaded yet; what will be is closed with ``stack``. Raises SettingsError, ModelError."""
        settings = assistant.settings
        store = Store(settings.models_dir)
        stt = Guest[SttEngine]("wyoming-stt", local_stt(settings, store), stack)
        self.info: Info = of_services(settings)
        self.ears = Ears(stt, settings.understand.language, assistant.sayable)
        self.tts = Guest[TtsEngine]("wyoming-tts", local_tts(settings, store), stack)
        self.watches = Watches(lambda: wake_engine(settings), wake_rules(settings))
        self.butler = Butler(assistant, may_act=settings.wyoming.commands)

    def handler(self, send: Send) -> "ServiceHandler":
        """Of a new connection."""
        return ServiceHandler(self, send)


class ServiceHandler:
    """One connection."""

    def __init__(self, services: Services, send: Send) -> None:
        self._services, self._send = services, send
        self._mouth = Mouth(services.tts, send)
        self._taker: Taker | None = None

    async def handle(self, event: Event) -> None:
        """Answer ``event``; one that is not known is left alone, as the protocol demands.

        Raises Malformed, AssistantError.
        """
        match event.type:
            case "describe":
                await self._send(self._services.info.event())
            case "ping":
                await self._send(Pong(text=message(Note, event).text).event())
            case "transcribe":
                await self._turn_to(Dictation(self._services.ears, message(Transcribe, event), self._send))
            case "detect":
                await self._turn_to(Watching(self._services.watches, message(Detect, event), self._send))
            case "audio-start" | "audio-chunk" | "audio-stop":
                await self._sound(event)
            case "synthesize":
                await self._mouth.speak(message(Spoken, event).text)
            case "synthesize-start":
                await self._mouth.begin()
            case "synthesize-chunk":
                await self._mouth.add(message(Spoken, event).text)
            case "synthesize-stop":
                await self._mouth.end()
            case "recognize":
                for answer in await self._services.butler.recognize(message(Said, event)):
                    await self._send(answer)
            case "transcript":
                await self._send(await self._services.butler.handle(message(Said, event)))

    async def close(self) -> None:
        """The connection is over."""
        if self._taker is not None:
            await self._taker.close()

    async def _turn_to(self, taker: Taker) -> None:
        await self.close()
        self._taker = taker

    async def _sound(self, event: Event) -> None:
        if self._taker is None:
            # Sound that nobody announced is to be transcribed.
            self._taker = Dictation(self._services.ears, Transcribe(), self._send)
        match event.type:
            case "audio-start":
                await self._taker.start(message(SoundFormat, event))
            case "audio-chunk":
                await self._taker.take(message(SoundFormat, event), event.payload or b"")
            case _:
                await self._taker.stop()
