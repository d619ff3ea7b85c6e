"""The bridge as the assistant sees it: through ``hearth-sync`` on the same machine, without ever waiting for a network.

Whether a question can be asked is known at once (:attr:`LocalBridge.linked`); when the link goes while an answer
comes, that is known at once too, and what the bridge still finds out comes later as a kept answer.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

import anyio
from anyio.abc import SocketStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cloud_sync.client.local import FromAssistant, Look, Splitter, Standing, assistant_codec, framed, socket_path
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.messages import Answer, Ask, Call, Called, Cancel, Delta, Taken
from edge.errors import CloudLinkLost, CloudUnreachable

_log = logging.getLogger(__name__)
_RETRY_S: Final = 2.0
"""How often it is tried whether ``hearth-sync`` is there; that costs nothing."""
_OUTGOING: Final = 256
_UNHEARD: Final = 4096
"""Pieces of an answer that may wait for whoever listens."""

Piece: TypeAlias = Delta | Call | Answer


class LocalBridge:
    """Run :meth:`serve` in a task group; everything else may be called at any time."""

    def __init__(self, data_dir: Path) -> None:
        self._path = socket_path(data_dir)
        self._codec = assistant_codec()
        self._outgoing: MemoryObjectSendStream[bytes] | None = None
        self._listeners: dict[str, MemoryObjectSendStream[Piece]] = {}
        self.standing = Standing(linked=False)
        """How the link was when that was last heard."""

    @property
    def linked(self) -> bool:
        """Whether a question can be asked now."""
        return self._outgoing is not None and self.standing.linked

    async def serve(self) -> None:
        """Hold the connection to ``hearth-sync``, whenever that is there, until cancelled."""
        while True:
            with suppress(OSError):
                async with await anyio.connect_unix(self._path) as stream:
                    await self._talk(stream)
            await anyio.sleep(_RETRY_S)

    async def ask(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """The answer to ``ask`` as it comes: deltas and calls, then one Answer, which is the last.

        Each call waits for :meth:`called`. Use it within ``contextlib.aclosing``: whoever leaves before the Answer
        cancels the question; whoever has got the Answer is done with it when leaving, and the bridge forgets it. If the
        assistant is killed before that, it comes again as a kept answer.
        Raises CloudUnreachable where there is nobody to ask, and CloudLinkLost where the link went before the Answer
        had come.
        """
        self._require_link()
        pieces, heard = anyio.create_memory_object_stream[Piece](_UNHEARD)
        self._listeners[ask.id] = pieces
        farewell: FromAssistant = Cancel(id=ask.id)
        try:
            self._put(ask)
            async for piece in heard:
                if isinstance(piece, Answer):
                    farewell = Taken(id=ask.id)
                yield piece
                if isinstance(piece, Answer):
                    return
            raise CloudLinkLost("the link to the bridge went in the middle of an answer", "ask again")
        finally:
            self._listeners.pop(ask.id, None)
            heard.close()
            pieces.close()
            self._tell(farewell)

    def called(self, ask: str, call: str, content: str) -> None:
        """Tell what came of a call. Raises CloudUnreachable."""
        self._put(Called(id=ask, call=call, content=content))

    def cancel(self, ask: str) -> None:
        """Nobody listens to that answer any more. Where nobody is there to be told, nothing happens."""
        self._tell(Cancel(id=ask))

    def look(self) -> None:
        """Something new waits in the database. Where nobody is there to be told, it is found when somebody is."""
        self._tell(Look())

    def _tell(self, message: FromAssistant) -> None:
        with suppress(CloudUnreachable):
            self._put(message)

    def _require_link(self) -> None:
        if self._outgoing is None:
            raise CloudUnreachable("hearth-sync is not running", "start it: systemctl start hearth-sync")
        if not self.standing.linked:
            why = f": {self.standing.error}" if self.standing.error else ""
            raise CloudUnreachable(f"there is no link to the bridge{why}", "see `hearth sync status`")

    def _put(self, message: FromAssistant) -> None:
        if self._outgoing is None:
            raise CloudUnreachable("hearth-sync is not running", "start it: systemctl start hearth-sync")
        try:
            self._outgoing.send_nowait(framed(self._codec.encode(message)))
        except ProtocolError as error:
            raise CloudUnreachable(f"that is too much to ask: {error.message}", "ask for less") from None
        except anyio.WouldBlock:
            raise CloudUnreachable("hearth-sync does not take anything", "restart it") from None

    async def _talk(self, stream: SocketStream) -> None:
        self._outgoing, outgoing = anyio.create_memory_object_stream[bytes](_OUTGOING)
        # What was written while nobody could be told.
        self.look()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._write, stream, outgoing)
                await self._read(stream)
                tasks.cancel_scope.cancel()
        finally:
            self._outgoing.close()
            outgoing.close()
            self._outgoing = None
            self._stand(Standing(linked=False))

    async def _write(self, stream: SocketStream, outgoing: MemoryObjectReceiveStream[bytes]) -> None:
        with suppress(anyio.BrokenResourceError):  # the reader notices it, too
            async for frame in outgoing:
                await stream.send(frame)

    async def _read(self, stream: SocketStream) -> None:
        splitter = Splitter()
        try:
            async for data in stream:
                for frame in splitter.feed(data):
                    self._take(self._codec.decode(frame))
        except anyio.BrokenResourceError:
            _log.debug("hearth-sync went away")
        except ProtocolError as error:
            _log.warning("hearth-sync is of another version, or broken: %s", error)

    def _take(self, message: Standing | Piece) -> None:
        if isinstance(message, Standing):
            self._stand(message)
        elif (listener := self._listeners.get(message.id)) is not None:
            try:
                listener.send_nowait(message)
            except anyio.WouldBlock:
                # Whoever asked has stopped listening without saying so.
                self._listeners.pop(message.id).close()

    def _stand(self, standing: Standing) -> None:
        self.standing = standing
        if not standing.linked:
            for listener in self._listeners.values():
                listener.close()
            self._listeners.clear()
