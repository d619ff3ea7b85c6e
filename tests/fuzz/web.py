"""What stands in the head of a request to the assistant's API, before anybody knows who asks: names, origins, cookies,
lengths, cursors.
"""

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import anyio
from starlette.requests import HTTPConnection

from edge.api.web.access import is_near
from edge.api.web.bounds import Bounded
from edge.api.web.entrance import is_secure, session_of
from edge.api.web.hosts import Names, refuse_forgery
from edge.api.web.listing import _read as read_cursor
from edge.api.web.page import Pages
from edge.api.web.problems import Refusal
from tests.fuzz.network import run
from tests.fuzz.parser import Parser

_FOLDER: Final = Path(tempfile.mkdtemp(prefix="hearth-fuzz-page-"))
_INDEX: Final = b'<!doctype html><script src="app.js"></script>' + b" " * 3000
(_FOLDER / "index.html").write_bytes(_INDEX)
_GOOD: Final = b"GET /\nhost: localhost\naccept-encoding: gzip"


def head(raw: bytes) -> None:
    """A line for method and path, and one for each header, as a server has cut them: RFC 9110."""
    scope = _scope(raw)
    connection = HTTPConnection(scope)
    is_near(connection)
    with suppress(Refusal):
        Names(("house.example",)).refuse(connection)
        refuse_forgery(connection)
    is_secure(connection)
    (session_of(connection) or "").encode("utf-8", "replace")
    for text in (connection.query_params.get("after", ""), connection.query_params.get("ticket", "")):
        with suppress(Refusal):
            read_cursor(text)
    assert run(_status(scope)) < 500
    assert run(_status(_scope(_GOOD))) == 200


def _scope(raw: bytes) -> dict[str, Any]:
    first, *lines = raw.replace(b"\r", b"").split(b"\n")
    method, _, target = first.partition(b" ")
    path, _, query = target.partition(b"?")
    # No server hands on others: RFC 9112, 5.1.
    headers = [tuple(part.strip() for part in line.partition(b":")[::2]) for line in lines if line.partition(b":")[0].strip()]  # fmt: skip
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method.decode("latin-1") or "GET",
        "scheme": "http", "path": path.decode("latin-1") or "/", "raw_path": path, "query_string": query, "root_path": "",
        "headers": [(name.lower(), value) for name, value in headers], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "state": {},
    }  # fmt: skip


async def _status(scope: Mapping[str, Any]) -> int:
    answered: list[int] = []

    async def receive() -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.append(int(message["status"]))
            for name, value in message["headers"]:
                assert not {b"\r"[0], b"\n"[0]} & set(name + value)

    await Bounded(_PAGE)(dict(scope), receive, send)  # type: ignore[arg-type]
    return answered[0]


_PAGE: Final = Pages(_FOLDER)
_HEADS: Final = (
    _GOOD, b"GET /v1/turns?after=ImEi&limit=3\nhost: [::1]:8765\ncookie: hearthside=x; a=\"b\\\"c\"; =\norigin: http://localhost",
    b"POST /v1/ask\nhost: hearth.local\nsec-fetch-site: cross-site\ncontent-length: 20\nx-hearthside: 1\norigin: null",
    b"GET /index.html\nhost: 192.168.1.9\nif-none-match: W/\"a\", \"b\"\nrange: bytes=0-5,7-\nauthorization: Bearer x\nforwarded: for=1",
)  # fmt: skip
_WORDS: Final = (
    b"host: ", b"cookie: ", b"origin: ", b"content-length: ", b"sec-fetch-site: ", b"if-none-match: ", b"hearthside=", b"\n", b"[", b"]", b"%", b"@", b"xn--",
    b"\xff", b"\xb2", b"..", b"?after=", b"MTIz", b"9" * 5000, b"http://", b"::ffff:127.0.0.1", b"localhost.", b"127.1", b"0x7f.1",
)  # fmt: skip

PARSERS: Final = (Parser("http.head", "the head of a request to the API: names, origins, cookies, lengths, cursors", head, _HEADS, _WORDS, largest=60_000),)  # fmt: skip
