"""What the broker shall hold of the assistant: the last word on each topic, told again in each connection."""

from dataclasses import dataclass
from typing import Final

import anyio

from edge.errors import BrokerOffline
from edge.ports import Post

_AGAIN_S: Final = 1.0
"""After a message that a broker which is there did not take."""


@dataclass(frozen=True, slots=True)
class _Word:
    payload: str
    retain: bool


class Board:
    """Write on it at any time; :meth:`keep_told` carries to the broker what is new. Only the last word counts."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._words: dict[str, _Word] = {}
        self._untold: dict[str, None] = {}
        self._clean: set[str] = set()
        """Topics of which the broker keeps nothing."""
        self._changed = anyio.Event()

    def put(self, topic: str, payload: str, *, retain: bool = True) -> None:
        """From now on ``payload`` is what ``topic`` says. ``retain`` False: only to those who listen when it is told,
        and what the broker may have kept of it before is taken back.
        """
        word = _Word(payload, retain)
        if self._words.get(topic) != word:
            self._words[topic] = word
            self._untold[topic] = None
            self._changed.set()

    def tell_again(self) -> None:
        """All of it, to somebody who may have missed it."""
        self._untold = dict.fromkeys(self._words)
        self._changed.set()

    async def keep_told(self) -> None:
        """Runs until it is cancelled; whoever writes never waits for the broker."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_connections)
            while True:
                self._changed = anyio.Event()
                await self._tell()
                await self._changed.wait()

    async def _watch_connections(self) -> None:
        connection = 0
        while True:
            connection = await self._post.next_connection(connection)
            self.tell_again()

    async def _tell(self) -> None:
        while self._untold and self._post.online:
            topic = next(iter(self._untold))
            word = self._words[topic]
            try:
                await self._publish(topic, word)
            except BrokerOffline:
                await anyio.sleep(_AGAIN_S)
                continue
            if self._words[topic] is word:
                self._untold.pop(topic, None)

    async def _publish(self, topic: str, word: _Word) -> None:
        if not word.retain and topic not in self._clean:
            await self._post.publish(topic, "", retain=True)
            self._clean.add(topic)
        await self._post.publish(topic, word.payload, retain=word.retain)
