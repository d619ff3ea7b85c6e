"""The page's own files, from memory: each is compressed once, and a browser that has one already isn't sent it again.

What the page is made of is named by its content: ``index.html`` asks for ``at/<digest>/app.js``, and all that this
imports lies beside it. A browser keeps those for good, without asking, and never mixes two versions. Under their plain
names files are asked about each time (``ETag``).
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge.api.web.problems import respond

FOLDER: Final = Path(__file__).parents[2] / "console" / "static"
_INDEX: Final = "index.html"
_KEPT: Final = "at/"
_OWN: Final = re.compile(r'\b(href|src)="([\w./-]+\.(?:js|css))"')
"""Where the index names what the page is made of."""
_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK: Final = "no-cache"
_PACKED: Final = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_TYPES: Final[Mapping[str, str]] = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
}
"""What a machine's own table may have otherwise."""
_WORTH_IT: Final = 0.9
"""What is not smaller than this part of itself stays as it is."""

_Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    """The same by gzip, where that is worth it."""
    type: str
    tag: str


class Pages:
    """ASGI: the files of a folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._stamp: _Stamp = ()
        self._files: Mapping[str, _File] = {}
        self._digest = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await respond(HTTPStatus.NOT_FOUND, "there is no such stream", code="not_found")(scope, receive, send)
            return
        response = await self._answer(scope["method"], scope["path"].lstrip("/"), Headers(scope=scope))
        await response(scope, receive, send)

    async def _answer(self, method: str, path: str, headers: Headers) -> Response:
        if method not in ("GET", "HEAD"):
            return respond(HTTPStatus.METHOD_NOT_ALLOWED, "a page can only be read", code="method", Allow="GET, HEAD")
        if not path or not self._files:
            # A new version is seen by whoever opens the page, not by whoever is in the midst of it.
            await self._renew()
        kept = f"{_KEPT}{self._digest}/"
        for_good = path.startswith(kept)
        file = self._files.get(path.removeprefix(kept) or _INDEX)
        if file is None:
            return respond(HTTPStatus.NOT_FOUND, "there is no such page", code="not_found")
        packed = file.packed if "gzip" in headers.get("accept-encoding", "") else None
        tag = f'"{file.tag}{"-gzip" if packed else ""}"'
        given = {"ETag": tag, "Cache-Control": _FOREVER if for_good else _ASK, "Vary": "Accept-Encoding"}
        if tag in (each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=given)
        if packed is not None:
            given["Content-Encoding"] = "gzip"
        return Response(packed or file.body, headers=given, media_type=file.type)

    async def _renew(self) -> None:
        """Read what has changed in the folder since."""
        stamp = await anyio.to_thread.run_sync(_stamp, self._folder)
        if stamp != self._stamp:
            self._files, self._digest = await anyio.to_thread.run_sync(_read, self._folder)
            self._stamp = stamp


def _stamp(folder: Path) -> _Stamp:
    found = ((path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in found)


def _read(folder: Path) -> tuple[Mapping[str, _File], str]:
    """All files, and what stands for their content."""
    bodies = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    digest = _short(b"".join(_short(name.encode() + body).encode() for name, body in sorted(bodies.items())))
    if _INDEX in bodies:
        index = bodies[_INDEX].decode()
        bodies[_INDEX] = _OWN.sub(rf'\1="{_KEPT}{digest}/\2"', index).encode()
    return {name: _file(name, body) for name, body in bodies.items()}, digest


def _file(name: str, body: bytes) -> _File:
    suffix = Path(name).suffix
    kind = _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
    packed = gzip.compress(body, 9, mtime=0) if kind.startswith(_PACKED) else None
    if packed is not None and len(packed) > _WORTH_IT * len(body):
        packed = None
    return _File(body, packed, kind, _short(body))


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
