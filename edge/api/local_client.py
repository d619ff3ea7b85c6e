"""The other end of the assistant's socket. Imports nothing heavy: a command line should answer at once."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.errors import AssistantError, AssistantUnreachable

_TIMEOUT_S = 60.0


def socket_path(data_dir: Path) -> Path:
    """Where the assistant of a data directory listens."""
    return data_dir / "hearth.sock"


def is_running(data_dir: Path) -> bool:
    """Whether an assistant listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        return connection.connect_ex(str(socket_path(data_dir))) == 0


def request(data_dir: Path, **wish: object) -> Iterator[dict[str, Any]]:
    """Send one request; yields its answers as they come.

    Raises AssistantUnreachable when none is running, and the assistant's own error otherwise.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        try:
            connection.connect(str(socket_path(data_dir)))
        except OSError as error:
            raise AssistantUnreachable("no assistant is running", "start `hearth run`") from error
        for line in _said(connection, json.dumps(wish).encode() + b"\n"):
            answer: dict[str, Any] = json.loads(line)
            if answer.get("type") == "end":
                return
            if answer.get("type") == "error":
                raise AssistantError(answer["what"], answer["remedy"])
            yield answer


def _said(connection: socket.socket, wish: bytes) -> Iterator[bytes]:
    """The lines of the answer to ``wish``; whoever asked knows which is the last. Raises AssistantUnreachable."""
    try:
        connection.sendall(wish)
        with connection.makefile("rb") as lines:
            yield from lines
    except TimeoutError:
        raise AssistantUnreachable(f"the assistant has said nothing for {_TIMEOUT_S:.0f} s", "see its log") from None
    except OSError:
        pass  # it is gone, which tells no more than the end does
    raise AssistantUnreachable("the assistant stopped before it had answered", "see its log")
