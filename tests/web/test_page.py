"""The page's files, and what stands before every request: sizes, times, health."""

import re
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest

from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


async def test_what_the_page_is_made_of_is_kept_for_good_and_asked_for_once(served: Served) -> None:
    index = await served.client.get("/")
    assert (index.status_code, index.headers["cache-control"]) == (200, "no-cache")
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:href|src)="(at/[0-9a-f]{16}/[^"]+)"', index.text)
    assert any(name.endswith("/app.js") for name in named)
    for name in named:
        file = await served.client.get(f"/{name}")
        assert (file.status_code, file.headers["cache-control"]) == (200, "public, max-age=31536000, immutable"), name
        plain = await served.client.get("/" + name.split("/", 2)[2])
        assert (plain.content, plain.headers["cache-control"]) == (file.content, "no-cache")
        again = await served.client.get(f"/{name}", headers={"If-None-Match": file.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    other = await served.client.get("/at/0123456789abcdef/app.js")
    assert other.status_code == 404


async def test_it_is_compressed_for_whoever_takes_that(served: Served) -> None:
    packed = await served.client.get("/vendor/preact.js", headers={"Accept-Encoding": "gzip"})
    plain = await served.client.get("/vendor/preact.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 2


_NOT_THERE = (
    ("GET", "/../app.py", 404),
    ("GET", "/%2e%2e/%2e%2e/app.py", 404),
    ("GET", "/pages/none.js", 404),
    ("POST", "/index.html", 405),
    ("DELETE", "/", 405),
    ("GET", "/v1/none", 404),
)


async def test_nothing_else_is_there(served: Served) -> None:
    for method, path, status in _NOT_THERE:
        answer = await served.client.request(method, path)
        assert (answer.status_code, answer.json()["status"]) == (status, status), path
        assert answer.headers["content-type"] == "application/problem+json"
    head = await served.client.head("/app.js")
    assert (head.status_code, head.content) == (200, b"")


async def test_what_is_too_large_is_refused_before_it_is_read(served: Served) -> None:
    whole = await served.client.post("/v1/ask", content=b"x" * 300_000, headers={"Content-Type": "application/json"})
    assert (whole.status_code, whole.json()["code"]) == (413, "too_large")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x" * 1000

    in_pieces = await served.client.post("/v1/ask", content=pieces(), headers={"Content-Type": "application/json"})
    assert (in_pieces.status_code, in_pieces.json()["code"]) == (413, "too_large")


async def test_what_never_ends_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.api.web.bounds.BODY_S", 0.1)
    answer = await _said(served, b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"too_slow"' in answer


async def test_who_never_asks_is_sent_away(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.api.web.connections.HEAD_S", 0.1)
    for said in (b"", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "):
        assert await _said(served, said) == b""


async def _said(served: Served, said: bytes) -> bytes:
    """All that is answered to ``said`` until the connection is closed."""
    url = httpx.URL(served.address)
    with anyio.fail_after(30):
        async with await anyio.connect_tcp(url.host, url.port or 80) as stream:
            if said:
                await stream.send(said)
            answer = b""
            try:
                while True:
                    answer += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return answer
    raise AssertionError


async def test_it_says_whether_it_can_do_its_job(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with anyio.fail_after(30):
        while (health := await served.client.get("/healthz")).json()["status"] == "starting":
            await anyio.sleep(0.05)
    assert health.status_code == 200
    assert health.json().keys() == {"status", "loop_ms", "engines", "broker", "up_s"}
    monkeypatch.setattr(type(served.assistant.house), "online", False)
    ill = await served.client.get("/healthz")
    assert (ill.status_code, ill.json()["status"], ill.json()["broker"]) == (503, "failing", False)
