"""Messages that came in and wait to be played: few, for the network may send as many as it likes."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import anyio

from edge.chunk import RATE, Pcm
from edge.ports import Neighbour

_MOST: Final = 4
"""Messages that wait."""
_PER_S: Final = 300.0
_TRIES: Final = 12
"""Messages in five minutes, be they playable or not."""
_SOUND_S: Final = 90.0
"""Seconds of sound in five minutes."""
_REMEMBERED: Final = 16


@dataclass(slots=True)
class Message:
    """Something that was said in another room."""

    by: Neighbour
    id: str
    pcm: Pcm | None
    """int16, 16 kHz; None once it was played, or given up."""
    done: anyio.Event = field(default_factory=anyio.Event)
    heard: bool = False
    """Whether it was played to its end."""


class Inbox:
    """Takes what it has room for."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """``now``: seconds."""
        self._now = now
        self._tries: deque[float] = deque()
        self._sound: deque[tuple[float, float]] = deque()
        self._waiting: deque[Message] = deque()
        self._known: OrderedDict[tuple[str, str], Message] = OrderedDict()
        self._more = anyio.Event()

    def admits(self) -> bool:
        """Whether another message may be looked at; counts it."""
        self._forget()
        if len(self._tries) >= _TRIES or len(self._waiting) >= _MOST:
            return False
        self._tries.append(self._now())
        return True

    def take(self, message: Message) -> bool:
        """Whether ``message`` will be played."""
        assert message.pcm is not None
        seconds = len(message.pcm) / RATE
        full = len(self._waiting) >= _MOST or sum(taken for _, taken in self._sound) + seconds > _SOUND_S
        if full or (message.by.id, message.id) in self._known:
            return False
        self._sound.append((self._now(), seconds))
        self._waiting.append(message)
        self._known[message.by.id, message.id] = message
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        self._more.set()
        return True

    def known(self, by: Neighbour, ident: str) -> Message | None:
        """The message of that id, be it that it was played already."""
        return self._known.get((by.id, ident))

    async def next(self) -> Message:
        """The one that waits for longest, once there is one."""
        while not self._waiting:
            self._more = anyio.Event()
            await self._more.wait()
        return self._waiting.popleft()

    def _forget(self) -> None:
        before = self._now() - _PER_S
        while self._tries and self._tries[0] < before:
            self._tries.popleft()
        while self._sound and self._sound[0][0] < before:
            self._sound.popleft()
