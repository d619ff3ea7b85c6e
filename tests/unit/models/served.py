"""A package index and file server with faults on demand, and what it serves."""

import hashlib
import io
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from models.manifest import Model

WEIGHTS = bytes(range(256)) * 2000
CONFIG = b'{"rate": 16000}'
WHEEL = "tiny_ears-1.0-py3-none-any.whl"


@dataclass
class Server:
    """What is served, what goes wrong, what was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By path, with its leading slash."""
    types: dict[str, str] = field(default_factory=dict)
    """Content-Type by path."""
    statuses: list[int] = field(default_factory=list)
    """Answers to give instead of the next ones that are due."""
    cuts: list[int] = field(default_factory=list)
    """Bytes after which to hang up, for the next answers."""
    ranges: bool = True
    """Whether Range headers are honoured."""
    wrong_range: bool = False
    """Answers 206 with bytes from the beginning."""
    etag: str | None = '"one"'
    pause_s: float = 0.0
    """Wait after each 16 KiB."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of every request."""
    address: str = ""

    def asked_for(self, path: str) -> list[dict[str, str]]:
        """Headers of the requests for one path."""
        return [headers for asked, headers in self.asked if asked == path]


class Handler(BaseHTTPRequestHandler):
    """Answers from a :class:`Server`."""

    def __init__(self, server: Server, *args: Any) -> None:
        self.served = server
        super().__init__(*args)

    def do_GET(self) -> None:
        served = self.served
        served.asked.append((self.path, dict(self.headers)))
        status = served.statuses.pop(0) if served.statuses else 200
        body = served.files.get(self.path)
        if status != 200 or body is None:
            self.send_error(status if status != 200 else 404)
            return
        start = self._start(body)
        self.send_response(206 if start is not None else 200)
        if start is not None:
            start = 0 if served.wrong_range else start
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if served.etag:
            self.send_header("ETag", served.etag)
        body = body[start or 0 :]
        self.send_header("Content-Type", served.types.get(self.path, "application/octet-stream"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._send(body[: served.cuts.pop(0)] if served.cuts else body)

    def _start(self, body: bytes) -> int | None:
        wanted = self.headers.get("Range")
        same = self.headers.get("If-Range") in (None, self.served.etag)
        if not wanted or not self.served.ranges or not same:
            return None
        return int(wanted.removeprefix("bytes=").rstrip("-"))

    def _send(self, body: bytes) -> None:
        for at in range(0, len(body), 1 << 14):
            try:
                self.wfile.write(body[at : at + (1 << 14)])
                self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                return
            self._stop.wait(self.served.pause_s)

    _stop = threading.Event()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is inherited)
        """Tests read ``asked``."""


def wheel_of(members: dict[str, bytes]) -> bytes:
    """A zip file, the same bytes for the same members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in members.items():
            wheel.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Steps:
    """A Progress that remembers."""

    def __init__(self) -> None:
        self.planned = 0
        self.positions: list[tuple[str, int, int]] = []
        self.models: list[str] = []

    def plan(self, size: int) -> None:
        self.planned = size

    def at(self, name: str, done: int, size: int) -> None:
        self.positions.append((name, done, size))

    def installed(self, model: Model, seconds: float) -> None:
        self.models.append(model.id)
