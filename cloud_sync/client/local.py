"""``sync.sock``: what the assistant and ``hearth-sync`` say to each other on one machine.

A Unix socket in the data directory, readable by the user alone. Each message is a frame of
:mod:`cloud_sync.protocol.frames` behind its length. Only what is live goes through it; what must not be lost goes
through the database, and is found there whether or not anybody listens here.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.frames import MAX_FRAME, Codec
from cloud_sync.protocol.messages import Answer, Ask, Call, Called, Cancel, Delta, Message, Taken

_HEAD: Final = struct.Struct(">I")


class Look(Message, frozen=True):
    """There is something new in the outbox."""


class Now(Message, frozen=True):
    """Somebody wants it sent at once: no waiting for the next attempt."""


class Enquiry(Message, frozen=True):
    """How are things? A :class:`Standing` is the answer; others come whenever ``linked`` changes."""


class Standing(Message, frozen=True):
    """How the link is."""

    linked: bool
    """Whether the bridge is there, and has greeted this device."""
    since_ms: int = 0
    """From when on, milliseconds since the epoch."""
    error: str = ""
    """What was wrong last, a :class:`cloud_sync.protocol.errors.Code` or a few words; empty where nothing was."""
    acked: int = 0
    """Every event up to this number is with the bridge."""
    next_try_s: float = 0.0
    """Seconds to the next attempt, where there is no link."""


FromAssistant: TypeAlias = Ask | Called | Cancel | Taken | Look | Now | Enquiry
ToAssistant: TypeAlias = Standing | Delta | Call | Answer


def socket_path(data_dir: Path) -> Path:
    """Where ``hearth-sync`` listens."""
    return data_dir / "sync.sock"


def assistant_codec() -> Codec[ToAssistant]:
    """For the assistant: what comes in is from ``hearth-sync``."""
    return Codec(ToAssistant)


def daemon_codec() -> Codec[FromAssistant]:
    """For ``hearth-sync``: what comes in is from the assistant, or from a command."""
    return Codec(FromAssistant)


def framed(frame: bytes) -> bytes:
    """``frame`` behind its length."""
    return _HEAD.pack(len(frame)) + frame


class Splitter:
    """Finds the frames in a stream of bytes, however it was cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that ``data`` completes. Raises ProtocolError where one would be too large."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._buffer)
            if length > MAX_FRAME + 1:
                raise ProtocolError(Code.TOO_LARGE, f"a frame of {length} bytes")
            end = _HEAD.size + length
            if len(self._buffer) < end:
                return
            frame = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            yield frame
