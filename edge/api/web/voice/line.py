"""One who talks: its turns, what it is told, and its coming back after a connection dropped."""

import json
import time
from typing import Final

import anyio
import numpy as np
import soxr
from anyio.abc import TaskGroup, TaskStatus
from pydantic import BaseModel

from edge.api.web.access import Person, Role
from edge.api.web.voice.incoming import Incoming
from edge.api.web.voice.messages import Hello, Invited, Lost, Sound
from edge.api.web.voice.outbox import Outbox
from edge.assistant import Assistant
from edge.chunk import Pcm
from edge.events import AnyEvent, SpeakingStarted, SpeechEnded, TurnEnded, as_json
from edge.session.talker import Talker

AWAY_S: Final = 15.0
"""How long a client may be away, and how long an utterance may stall, before it is given up."""
_PIECE_S: Final = 0.1
"""Of sound in a frame."""


class Line:
    """A talker's, over all its connections. It is the sink that its answers are played to."""

    def __init__(self, name: str, who: Person, hello: Hello, assistant: Assistant) -> None:
        """``who`` alone may come back to it, as long as it may no more and no less."""
        self.id, self.who = name, (who.whose, who.role)
        self.outbox = Outbox()
        self._hello = hello
        sink = self if hello.sound else None
        self._talker: Talker = assistant.converse(
            sink, self._hear, hello.area, who.conversation(hello.session), guest=who.role < Role.MEMBER
        )
        self._turns: TaskGroup
        self._turn: _Running | None = None
        self._incoming: Incoming | None = None
        self._last: TurnEnded | None = None
        self._invited_until = 0.0
        self._sounding = ""
        self._stream: _Stream | None = None
        self._heard_at = 0.0
        """When the answer so far will have been heard to its end."""
        self._connection: anyio.CancelScope | None = None
        self._moved = anyio.Event()
        self._left = False

    @property
    def session(self) -> str:
        """The conversation."""
        return self._talker.origin.session

    # -- its life -------------------------------------------------------------------------------------------------

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Runs until the client has left, or stayed away for too long; a turn that acts or answers goes on to its end,
        one that still listens does nothing.
        """
        async with anyio.create_task_group() as self._turns:
            task_status.started()
            while not self._left:
                moved = self._moved
                with anyio.move_on_after(None if self._connection is not None else AWAY_S) as away:
                    await moved.wait()
                # Not where it has come back in the same moment.
                self._left = self._left or (away.cancelled_caught and self._connection is None)
            self.outbox.close()
            if self._incoming is not None and self._incoming.open and self._turn is not None:
                self._turn.scope.cancel()

    def attach(self, connection: anyio.CancelScope) -> None:
        """The client is there, by a connection that ends when ``connection`` is cancelled: when it comes by another."""
        if self._connection is not None:
            self._connection.cancel()
        self._connection = connection
        self.outbox.here(True)
        self._move()

    def detach(self, connection: anyio.CancelScope) -> None:
        """That connection is gone."""
        if self._connection is connection:
            self._connection = None
            self.outbox.here(False)
            self._move()

    def leave(self) -> None:
        """The client won't come back."""
        self._left = True
        self._move()

    @property
    def connected(self) -> bool:
        """Whether the client is there, by whichever connection."""
        return self._connection is not None

    @property
    def gone(self) -> bool:
        """Whether nobody can come back to it."""
        return self._left

    # -- what the client wants ------------------------------------------------------------------------------------

    async def start(self, held: bool | None = None) -> None:
        """Sound follows."""
        await self.cancel()
        asked = self._last if self._last is not None and self._last.question is not None else None
        self._begin(self._hello.held if held is None else held, asked)

    async def sound(self, payload: bytes) -> None:
        """Some of it. It is ignored where none is expected."""
        if self._incoming is None and self._turn is None and time.monotonic() < self._invited_until:
            self._begin(self._hello.held, self._last)
        if self._incoming is not None:
            await self._incoming.put(payload)

    async def stop(self) -> None:
        """It is over."""
        if self._incoming is not None:
            await self._incoming.end()

    async def text(self, text: str) -> None:
        """A command in writing."""
        await self.cancel()
        self._turn = _Running()
        self._turns.start_soon(self._written, text, self._turn)

    async def cancel(self) -> None:
        """Stop the turn that is going on; returns once it has ended."""
        if self._turn is not None:
            running = self._turn
            running.scope.cancel()
            await running.over.wait()

    # -- its turns ------------------------------------------------------------------------------------------------

    def _begin(self, held: bool, after: TurnEnded | None) -> None:
        self._incoming = Incoming(self._hello.rate, time.monotonic(), AWAY_S)
        self._turn = _Running()
        self._turns.start_soon(self._spoken, self._incoming, held, after, self._turn)

    async def _spoken(self, incoming: Incoming, held: bool, after: TurnEnded | None, running: "_Running") -> None:
        with running.scope:
            try:
                self._ended(await self._talker.spoken(incoming, held=held, after=after))
            finally:
                incoming.close()
                self._incoming = None
        self._over(running)

    async def _written(self, text: str, running: "_Running") -> None:
        with running.scope:
            self._ended(await self._talker.written(text))
        self._over(running)

    def _over(self, running: "_Running") -> None:
        self._turn = None
        running.over.set()

    def _ended(self, turn: TurnEnded) -> None:
        self._last = turn
        follow_up = self._talker.follow_up
        if follow_up.invites(turn):
            self._invited_until = max(time.monotonic(), self._heard_at) + follow_up.within_s
            self._say(Invited(turn=turn.turn, for_s=follow_up.within_s))

    # -- what it is told ------------------------------------------------------------------------------------------

    def _hear(self, event: AnyEvent) -> None:
        self.outbox.tell(json.dumps(as_json(event), ensure_ascii=False))
        match event:
            case SpeechEnded():
                if self._incoming is not None:
                    self._incoming.close()
            case SpeakingStarted():
                self._sounding = event.turn
                self._heard_at = time.monotonic()
            case TurnEnded():
                self._invited_until = 0.0
                self._tell_of_losses()

    def _tell_of_losses(self) -> None:
        outbox = self.outbox
        if outbox.lost_sound or outbox.lost_events:
            seconds = outbox.lost_sound / self._stream.bytes_per_s if self._stream is not None else 0.0
            self._say(Lost(sound_s=round(seconds, 1), events=outbox.lost_events))
            outbox.lost_sound = outbox.lost_events = 0

    def _say(self, message: BaseModel) -> None:
        self.outbox.tell(message.model_dump_json())

    # -- its answers' sound: edge.ports.AudioSink -----------------------------------------------------------------

    async def play(self, pcm: Pcm, rate: int) -> None:
        """Goes out as fast as the client takes it: it plays it for itself."""
        if self._stream is None or self._stream.turn != self._sounding:
            self._stream = _Stream(self._sounding, rate, self._hello.answer_rate or rate)
            self._say(Sound(turn=self._sounding, rate=self._stream.rate))
        self._heard_at += len(pcm) / rate
        await self._send(self._stream.take(pcm))

    async def finish(self) -> None:
        """The answer is complete, or was broken off."""
        if self._stream is not None:
            await self._send(self._stream.rest())

    async def _send(self, pcm: Pcm) -> None:
        assert self._stream is not None
        size = int(self._stream.rate * _PIECE_S)
        for at in range(0, len(pcm), size):
            await self.outbox.play(pcm[at : at + size].astype("<i2").tobytes())

    def _move(self) -> None:
        moved, self._moved = self._moved, anyio.Event()
        moved.set()


class _Running:
    """A turn that is going on."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.over = anyio.Event()


class _Stream:
    """The sound of one answer."""

    def __init__(self, turn: str, made: int, rate: int) -> None:
        self.turn, self.rate = turn, rate
        self._resampler = None if made == rate else soxr.ResampleStream(made, rate, 1, dtype="int16")

    @property
    def bytes_per_s(self) -> int:
        return self.rate * 2

    def take(self, pcm: Pcm) -> Pcm:
        return self._resampled(pcm, last=False)

    def rest(self) -> Pcm:
        """What the resampler still holds; nothing of this answer comes after it."""
        rest = self._resampled(np.zeros(0, np.int16), last=True)
        self._resampler = None
        return rest

    def _resampled(self, pcm: Pcm, *, last: bool) -> Pcm:
        if self._resampler is None:
            return pcm
        resampled: Pcm = self._resampler.resample_chunk(pcm, last=last)
        return resampled
