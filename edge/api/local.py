"""The assistant's own socket: how ``hearth ask``, ``devices``, ``say`` and ``listen`` reach the one that runs.

A Unix socket in the data directory, readable by the user alone. One JSON object a line: a request, then any number of
answers, the last of them ``{"type": "end"}`` or ``{"type": "error", "what": …, "remedy": …}``.
"""

import errno
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from edge import outside
from edge.api.accepting import accept_all
from edge.api.local_client import socket_path
from edge.assistant import Assistant
from edge.devices import as_row
from edge.errors import AssistantError
from edge.events import as_json

if TYPE_CHECKING:
    from edge.api.mcp.tools import OwnDesk

_log = logging.getLogger(__name__)
_MAX_REQUEST = 64 * 1024


Further = Mapping[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]
"""Requests that others answer, by what they do: from the request to its one answer. They raise AssistantError."""


@asynccontextmanager
async def serve(assistant: Assistant, further: Further | None = None) -> AsyncIterator[None]:
    """Answer on the socket until the block ends. A socket left by a crash is replaced. ``further`` may get more while
    it does.

    Raises AssistantError when another assistant runs on the same data directory.
    """
    others = further if further is not None else {}
    path = socket_path(assistant.settings.data_dir)
    await _claim(path)
    old = os.umask(0o177)
    try:
        listener = await anyio.create_unix_listener(path)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENOSPC):
            what = f"{path} can't be made: {error.strerror}"
            raise AssistantError(what, "see what is in its place", permanent=True) from None
        _log.error("%s can't be made: commands of this machine don't reach the assistant (%s)", path, error.strerror)
        yield
        return
    finally:
        os.umask(old)
    try:
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(accept_all, listener, lambda client: _session(assistant, others, client))
            yield
            tasks.cancel_scope.cancel()
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


async def _claim(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        async with await anyio.connect_unix(path):
            pass
    except OSError:
        with suppress(OSError):  # on a disk that can only be read it stays, and nobody listens there
            path.unlink(missing_ok=True)
        return
    raise AssistantError(
        f"an assistant runs already in {path.parent}",
        "stop it first, or choose another HEARTH_DATA_DIR",
        permanent=True,
    )


async def _session(assistant: Assistant, further: Further, client: SocketStream) -> None:
    async with client:
        try:
            await _send(client, await _answered(assistant, further, client))
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
            _log.debug("a local client went away")


async def _answered(assistant: Assistant, further: Further, client: SocketStream) -> dict[str, Any]:
    """Send all answers but the last, which is returned."""
    try:
        line = await BufferedByteReceiveStream(client).receive_until(b"\n", _MAX_REQUEST)
        async for answer in _answers(assistant, further, outside.json_of(line)):
            await _send(client, answer)
    except AssistantError as error:
        return {"type": "error", "what": error.what, "remedy": error.remedy}
    except (ValueError, KeyError, TypeError, RecursionError, anyio.DelimiterNotFound):
        return {"type": "error", "what": "the request is malformed", "remedy": ""}
    return {"type": "end"}


async def _answers(assistant: Assistant, further: Further, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    match request["do"]:
        case "ask":
            for event in await assistant.ask(str(request["text"]), request.get("area"), request.get("session")):
                yield as_json(event)
        case "devices":
            for device in assistant.house.devices():
                yield as_row(device, assistant.house.state(device.id))
        case "tools":
            yield {"type": "tools", "tools": await _desk(assistant).tools()}
        case "call":
            arguments = dict(request["arguments"])
            yield {"type": "called", **await _desk(assistant).call(str(request["name"]), arguments)}
        case "say":
            yield {"type": "said", "audio": await assistant.say(str(request["text"]))}
        case "listen":
            yield {"type": "listening", "on": _listening(assistant, request.get("on"))}
        case known if known in further:
            yield await further[known](request)
        case "forget":
            # Another process has erased something of the journal.
            await assistant.forgetting.forget()
        case other:
            raise AssistantError(f"unknown request {other!r}", "update both ends to the same version")


def _desk(assistant: Assistant) -> "OwnDesk":
    from edge.api.mcp.tools import OwnDesk

    return OwnDesk(assistant)


def _listening(assistant: Assistant, wanted: bool | None) -> bool:
    """Throw the switch where something is ``wanted``. Returns its position."""
    listening = assistant.listening
    if wanted is not None:
        listening.set(bool(wanted))
    if wanted and listening.locked:
        raise AssistantError("the mute switch on the device is off", "move it")
    return listening.on


async def _send(client: SocketStream, answer: dict[str, Any]) -> None:
    await client.send(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
