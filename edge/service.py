"""What a program that runs on its own owes the system: it stops when told to, and logs to stderr."""

import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import anyio

from cloud_sync import logs
from edge.errors import AssistantError

_log = logging.getLogger("hearth")

_OURS: Final = ("hearth", "edge", "models", "cloud_sync")
"""Our own loggers."""

R = TypeVar("R")


def run_async(work: Callable[..., Awaitable[R]], *args: object) -> R:
    """Run ``work`` to its end. An AssistantError from a task group comes out as itself."""
    try:
        return anyio.run(work, *args)
    except BaseExceptionGroup as group:
        expected, bugs = group.split(AssistantError)
        if expected is None or bugs is not None:
            raise
        raise _first(expected) from None


def _first(group: BaseExceptionGroup[AssistantError]) -> AssistantError:
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    assert isinstance(leaf, AssistantError)
    return leaf


@contextmanager
def stop_signals() -> Iterator[Callable[[], Awaitable[None]]]:
    """Within the block SIGTERM and SIGINT are waited for by what it gives; a program is ready inside it, not before."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:

        async def told_to_stop() -> None:
            async for number in signals:
                _log.info("stopping: %s", signal.Signals(number).name)
                return

        yield told_to_stop


def log_to_stderr(level: str, form: logs.LogFormat = "auto") -> None:
    """Our own log at ``level``. Libraries only warn: some of them would log what was said."""
    logs.log_to_stderr(level, _OURS, form)
    # aiomqtt, cancelled while it connects, leaves a callback that has nothing to call any more.
    logging.getLogger("asyncio").addFilter(lambda record: "<Handle cancelled>" not in record.getMessage())


def set_log_level(level: str) -> None:
    """Of our own log."""
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
