"""What is heard without having been asked for: announcements, and what rings until somebody ends it.

A turn hushes all of it from its wake word to its end. Without a loudspeaker it goes out as events alone.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from edge.bus import Bus
from edge.chunk import RATE, Pcm
from edge.errors import AssistantError
from edge.events import Announced, AnyEvent, Fault, Rang, RingingEnded
from edge.intents import Phrase
from edge.ports import RingingEnd, Silenced
from edge.session.chime import chime
from edge.session.floor import Floor
from edge.speak.speak import Voice
from edge.speak.wording import Wording

_UNHEARD_S: Final = 600.0
_PAUSE_S: Final = 1.0
_CHIMES: Final = 2
"""Rings before the phrase is said again."""
_AGAIN_S: Final = 5.0
"""After the loudspeaker failed."""

Sleep = Callable[[float], Awaitable[None]]


class Announcements:
    """The one :class:`edge.ports.Announcer` of the assistant."""

    def __init__(
        self,
        floor: Floor,
        wording: Wording,
        bus: Bus,
        voice: Voice | None,
        area: str | None,
        *,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        """``voice`` None: nothing is heard. ``area``: the room that this assistant stands in."""
        self._floor, self._wording, self._bus, self._voice, self._area = floor, wording, bus, voice, area
        self._sleep = sleep
        self._queue = anyio.Lock()
        self._current: _Ringing | None = None

    @property
    def ringing(self) -> Phrase | None:
        """What rings now, be it that a turn has hushed it."""
        ringing = self._current
        return ringing.phrase if ringing is not None and not ringing.ended.is_set() else None

    @property
    def audible(self) -> bool:
        """Whether there is a loudspeaker."""
        return self._voice is not None

    async def announce(self, phrase: Phrase, area: str | None = None) -> None:
        """Say ``phrase`` once; returns when it was heard. ``area``: the room that it is for; None: for all."""
        text = self._wording.say(phrase)
        self._emit(Announced(turn="", at=time.monotonic(), text=text, area=area))
        if self._voice is None or area not in (None, self._area):
            return
        voice = self._voice

        async def say() -> None:
            await voice.speak(text, lambda: None)
            await voice.finish()

        await self._heard(say)

    async def pass_on(self, phrase: Phrase, pcm: Pcm) -> bool:
        """Chime, say ``phrase``, and play ``pcm`` (int16, 16 kHz), once; returns whether it was played to its end."""
        text = self._wording.say(phrase)
        self._emit(Announced(turn="", at=time.monotonic(), text=text, area=None))
        if self._voice is None:
            return False
        voice, played = self._voice, False

        async def play() -> None:
            nonlocal played
            await voice.sound(chime)
            await voice.speak(text, lambda: None)
            await voice.finish()
            await voice.play(pcm, RATE)
            played = True

        await self._heard(play)
        return played

    async def ring(self, phrase: Phrase, over: Callable[[Silenced], Awaitable[None]]) -> None:
        """Play a sound, and say ``phrase``, again and again, until a person ends it or ten minutes are over.

        What is due meanwhile waits until this is over.
        """
        async with self._queue:
            text = self._wording.say(phrase)
            ringing = self._current = _Ringing(phrase, text, over)
            self._emit(Rang(turn="", at=time.monotonic(), text=text))
            try:
                async with anyio.create_task_group() as sounding:
                    sounding.start_soon(self._sound, text)
                    sounding.start_soon(self._give_up, ringing)
                    await ringing.ended.wait()
                    sounding.cancel_scope.cancel()
            finally:
                self._current = None

    async def silence(self, silenced: Silenced) -> Phrase | None:
        """End what rings now and return its phrase, once whoever let it ring knows; None when nothing rings."""
        ringing = self._current
        return await self._end(ringing, silenced) if ringing else None

    async def _end(self, ringing: "_Ringing", silenced: Silenced) -> Phrase | None:
        async with ringing.ending:
            if ringing.ended.is_set():
                return None
            await ringing.over(silenced)
            ringing.ended.set()
        self._emit(RingingEnded(turn="", at=time.monotonic(), text=ringing.text, how=silenced.how.value))
        return ringing.phrase

    async def _give_up(self, ringing: "_Ringing") -> None:
        await self._sleep(_UNHEARD_S)
        try:
            await self._end(ringing, Silenced(RingingEnd.UNHEARD))
        except AssistantError as error:
            self._fault(error)
            ringing.ended.set()

    async def _sound(self, text: str) -> None:
        while self._voice is not None:
            await self._heard(lambda: self._round(text))
            await self._sleep(_PAUSE_S)

    async def _round(self, text: str) -> None:
        assert self._voice is not None
        for _ in range(_CHIMES):
            await self._voice.sound(chime)
        await self._voice.speak(text, lambda: None)
        await self._voice.finish()

    async def _heard(self, sound: Callable[[], Awaitable[None]]) -> None:
        """A loudspeaker that fails is reported; what rings goes on, for it may come back."""
        try:
            await self._floor.unasked(sound)
        except AssistantError as error:
            self._fault(error)
            await self._sleep(_AGAIN_S)

    def _fault(self, error: AssistantError) -> None:
        at = time.monotonic()
        self._emit(Fault(turn="", at=at, code=error.code, stage=error.stage, message=str(error)))

    def _emit(self, event: AnyEvent) -> None:
        self._bus.emit(event)


class _Ringing:
    """What rings, and until when."""

    def __init__(self, phrase: Phrase, text: str, over: Callable[[Silenced], Awaitable[None]]) -> None:
        self.phrase, self.text, self.over = phrase, text, over
        self.ending = anyio.Lock()
        self.ended = anyio.Event()
