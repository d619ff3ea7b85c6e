"""Accepting connections for as long as the assistant runs, whatever becomes of one of them."""

import errno
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from anyio.abc import Listener, SocketStream

_log = logging.getLogger(__name__)
_PAUSE_S: Final = 1.0
_OURS: Final = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSOCK})
"""What is wrong with the socket that is listened on: no later connection would be better."""


async def accept_all(listener: Listener[SocketStream], handler: Callable[[SocketStream], Awaitable[None]]) -> None:
    """Hand each connection to ``handler``, until cancelled. Where one can't be accepted, because it has ended already
    (accept(2), "Error handling") or because too many files are open, those that there are go on, and after a moment it
    is tried again.
    """
    async with anyio.create_task_group() as connections:
        while True:
            try:
                await listener.serve(handler, connections)
            except* (OSError, anyio.BrokenResourceError) as failures:
                if (why := _passing(failures)) is None:
                    raise
                _log.warning("a connection can't be accepted: %s", why)
            await anyio.sleep(_PAUSE_S)


def _passing(failure: BaseException) -> str | None:
    """Why a connection was not accepted; None when no later one will be."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    cause = failure if isinstance(failure, OSError) else failure.__cause__
    return cause.strerror if isinstance(cause, OSError) and cause.errno not in _OURS else None
