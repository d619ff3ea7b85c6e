"""A tool server that is a program: its lines, none of which has no end, and its end, which it can't put off.

The package's own transport takes a line of any length, copies it with each further piece, and waits two seconds for a
program that does not want to end, which is all the time that the assistant has to stop.
"""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

if TYPE_CHECKING:
    from anyio.abc import ByteReceiveStream, ByteSendStream, Process
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.shared.message import SessionMessage

    Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]

_LONGEST: Final = 1024 * 1024
"""Bytes of a line: a thousand times what is read out of it."""
_END_S: Final = 0.5
"""For the program to end by itself, once nobody asks it any more; and again once it was told to."""


@asynccontextmanager
async def running(command: Sequence[str], env: Mapping[str, str]) -> AsyncIterator["Streams"]:
    """The program runs until the block ends; gives what it says, and where it is told. Raises OSError, ValueError."""
    from mcp.client.stdio import get_default_environment

    process = await anyio.open_process(
        command, env=get_default_environment() | dict(env), stderr=None, start_new_session=True, stdin=subprocess.PIPE
    )
    said, heard = anyio.create_memory_object_stream["SessionMessage | Exception"](0)
    telling, told = anyio.create_memory_object_stream["SessionMessage"](0)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with said, heard, telling, told, anyio.create_task_group() as tasks:
            tasks.start_soon(_listen, process.stdout, said)
            tasks.start_soon(_tell, process.stdin, told)
            yield heard, telling
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def _listen(stdout: "ByteReceiveStream", said: "MemoryObjectSendStream[SessionMessage | Exception]") -> None:
    """Until it ends, or says what has no end."""
    from mcp.shared.message import SessionMessage
    from mcp.types import jsonrpc_message_adapter

    lines = BufferedByteReceiveStream(stdout)
    ended = (anyio.EndOfStream, anyio.IncompleteRead, anyio.DelimiterNotFound, anyio.BrokenResourceError)
    with suppress(*ended, anyio.ClosedResourceError):
        async with said:
            while True:
                line = await lines.receive_until(b"\n", _LONGEST)
                try:
                    await said.send(SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False)))
                except ValueError as error:
                    await said.send(error)


async def _tell(stdin: "ByteSendStream", told: "MemoryObjectReceiveStream[SessionMessage]") -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        async with told:
            async for each in told:
                line = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                await stdin.send(line.encode() + b"\n")


async def _end(process: "Process") -> None:
    """With all that it has started."""
    if process.stdin is not None:
        with suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            await process.stdin.aclose()
    async with anyio.create_task_group() as tasks:
        # It is over once its last word was read.
        tasks.start_soon(_ignore, process.stdout)
        for sign in (None, signal.SIGTERM, signal.SIGKILL):
            if sign is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
            with anyio.move_on_after(_END_S) as waiting:
                await process.wait()
            if not waiting.cancelled_caught:
                break
        tasks.cancel_scope.cancel()


async def _ignore(stdout: "ByteReceiveStream | None") -> None:
    with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        while stdout is not None:
            await stdout.receive()
