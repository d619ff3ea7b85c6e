"""Asking the assistant in writing, with a patience of one's own: what does not answer is what is looked for here."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.api.local_client import socket_path


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    text: str
    """In words; of an error, what it was."""
    outcome: str
    """Of the turn; ``nobody`` where none was there, ``lost`` where none came back."""
    confirmed: tuple[str, ...] = ()
    """Devices that have shown by their own state what was asked for."""
    took_s: float = 0.0
    events: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


def ask(data_dir: Path, text: str, patience_s: float = 20.0, session: str | None = None) -> Reply:
    """The turn of ``text``, or why there is none. ``session``: the conversation that it goes on with."""
    begun = time.monotonic()
    try:
        answers = list(_answers(data_dir, {"do": "ask", "text": text, "session": session}, patience_s))
    except ConnectionError as error:
        return Reply(str(error), "nobody", took_s=time.monotonic() - begun)
    except (OSError, ValueError) as error:
        return Reply(str(error), "lost", took_s=time.monotonic() - begun)
    took_s = time.monotonic() - begun
    ended = next((each for each in reversed(answers) if each.get("type") == "turn_ended"), None)
    if ended is None:
        what = next((str(each.get("what")) for each in answers if each.get("type") == "error"), "no answer")
        return Reply(what, "lost", took_s=took_s)
    confirmed = tuple(each["device"] for each in ended["actions"] if each["confirmed"])
    return Reply(ended["reply"]["text"], ended["outcome"], confirmed, took_s, tuple(answers))


def _answers(data_dir: Path, wish: Mapping[str, Any], patience_s: float) -> Iterator[dict[str, Any]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience_s)
        try:
            connection.connect(str(socket_path(data_dir)))
        except OSError as error:
            raise ConnectionRefusedError("no assistant is there") from error
        connection.sendall(json.dumps(wish).encode() + b"\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                yield json.loads(line)
