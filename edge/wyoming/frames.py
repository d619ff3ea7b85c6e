"""Wyoming's frames without I/O: bytes in, events out, and back.

Source: https://github.com/OHF-Voice/wyoming#format. A line of JSON says what it is, and how many bytes of further JSON
and of payload follow. The package's own reader takes frames of any size and gives the same for a malformed one as for
a closed connection; here the first is bounded and the second an error.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from wyoming import __version__
from wyoming.event import Event

from edge import outside

_NEWLINE: Final = b"\n"


class Malformed(Exception):
    """What came is not Wyoming, or more than we take; its text may be told to whoever sent it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest frame that is taken, in bytes."""

    line: int = 16 * 1024
    data: int = 64 * 1024
    payload: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Head:
    type: str
    data: dict[str, Any]
    data_length: int
    payload_length: int


class Frames:
    """One direction of one connection."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._pending = bytearray()
        self._searched = 0
        self._head: _Head | None = None

    @property
    def amid(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._pending) or self._head is not None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._pending += data

    def next(self) -> Event | None:
        """The next event, None until all of it is there. Raises Malformed, after which nothing more can be read."""
        head = self._head = self._head or self._read_head()
        if head is None or len(self._pending) < head.data_length + head.payload_length:
            return None
        self._head = None
        data = {**head.data, **_object(self._take(head.data_length))} if head.data_length else head.data
        return Event(head.type, data, self._take(head.payload_length) if head.payload_length else None)

    def _read_head(self) -> _Head | None:
        end = self._pending.find(_NEWLINE, self._searched)
        if max(end, len(self._pending) if end < 0 else 0) > self._limits.line:
            raise Malformed(f"a header is longer than {self._limits.line} bytes")
        self._searched = len(self._pending) if end < 0 else 0
        if end < 0:
            return None
        line = self._take(end + 1)
        header = _object(line)
        kind, data = header.get("type"), header.get("data")
        if not isinstance(kind, str):
            raise Malformed("a header has no type")
        if not isinstance(data, dict | None):
            raise Malformed("the data of a header is no object")
        return _Head(
            kind,
            data or {},
            _length(header, "data_length", self._limits.data),
            _length(header, "payload_length", self._limits.payload),
        )

    def _take(self, count: int) -> bytes:
        taken = bytes(self._pending[:count])
        del self._pending[:count]
        return taken


def encoded(event: Event) -> bytes:
    """``event`` as it travels."""
    header: dict[str, object] = {"type": event.type, "version": __version__}
    data = json.dumps(event.data, ensure_ascii=False).encode() if event.data else b""
    if data:
        header["data_length"] = len(data)
    if event.payload:
        header["payload_length"] = len(event.payload)
    return json.dumps(header, ensure_ascii=False).encode() + _NEWLINE + data + (event.payload or b"")


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = outside.json_of(text)
    except (ValueError, RecursionError):
        raise Malformed("a frame is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("a frame is no JSON object")
    return value


def _length(header: dict[str, Any], key: str, most: int) -> int:
    length = header.get(key)
    if length is None:
        return 0
    if type(length) is not int or not 0 <= length <= most:
        raise Malformed(f"{key} is not a number of bytes from 0 to {most}")
    return length
