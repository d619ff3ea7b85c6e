"""The whole HTTP API of an assistant that runs, its engines among it: requests out of its own OpenAPI document, and ones
that are changed byte by byte.
"""

import http.client
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from edge.api.web.server import serve_console
from edge.app import assistant
from edge.home.demo import SimulatedHome
from edge.sections import ApiSettings, MqttSettings, UnderstandSettings
from edge.settings import Settings
from tests.brokers import mosquitto
from tests.fuzz.files import WAV
from tests.fuzz.mutate import Mutator
from tests.fuzz.parser import Finding
from tests.web.fuzzed import fuzz

_NOT: Final = ("/v1/restart", "/v1/audio/", "/v1/chat/", "/v1/model")
"""Ends the assistant; and OpenAI's routes, whose errors have a shape of their own. They are sent changed bytes alone."""
_FREE: Final = (429, 502, 503, 504)
"""Too often, or something outside is missing: honest answers."""
_WAITS_S: Final = 30.0
_BOUNDARY: Final = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
)
_REQUESTS: Final = tuple(
    head.encode() + b"\r\nHost: localhost\r\nX-Hearthside: 1\r\nContent-Length: %d\r\n" % len(body) + more + b"\r\n" + body
    for head, more, body in (
        ("POST /v1/ask HTTP/1.1", b"Content-Type: application/json\r\n", b'{"text": "turn on the kitchen light"}'),
        ("POST /v1/chat/completions HTTP/1.1", b"Content-Type: application/json\r\n", b'{"messages": [{"role": "user", "content": "hello"}]}'),
        ("POST /v1/audio/speech HTTP/1.1", b"Content-Type: application/json\r\n", b'{"input": "hello", "voice": "x", "response_format": "wav"}'),
        ("POST /v1/audio/transcriptions HTTP/1.1", b"Content-Type: multipart/form-data; boundary=x\r\n", _BOUNDARY + WAV + b"\r\n--x--\r\n"),
        ("PATCH /v1/settings HTTP/1.1", b"Content-Type: application/json\r\nIf-Match: \"x\"\r\n", b'{"changes": {"area": "Attic", "wake.threshold": null}}'),
        ("POST /v1/wake/recordings/hey_you HTTP/1.1", b"Content-Type: audio/wav\r\n", WAV),
        ("POST /v1/login HTTP/1.1", b"Content-Type: application/json\r\n", b'{"name": "a", "password": "correct horse battery"}'),
        ("POST /v1/setup HTTP/1.1", b"Content-Type: application/json\r\n", b'{"code": "K7QM-93F4", "name": "a", "password": "correct horse battery"}'),
        ("POST /mcp HTTP/1.1", b"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n",
         b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": {"text": "hello"}}}'),
        ("GET /v1/turns?limit=3&after=x HTTP/1.1", b"Range: bytes=0-\r\nAccept-Encoding: gzip\r\n", b""),
        ("GET /v1/devices HTTP/1.1", b"If-None-Match: W/\"x\"\r\nCookie: hearthside=x\r\nAuthorization: Bearer x\r\n", b""),
        ("GET /../../etc/passwd HTTP/1.1", b"", b""), ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", b"", b""),
    )
)  # fmt: skip
_TOKENS: Final = (b"\r\n", b": ", b"Content-Length: 9", b"Transfer-Encoding: chunked", b"HTTP/1.1", b"..", b"%00", b"%2f", b"\\ud800", b"{", b"}", b'"', b"--x", b"\x00", b"[" * 3000)  # fmt: skip


def campaign(seconds: float, number: int) -> int:
    """For about so long. Returns how many requests were sent. Raises Finding, or what schemathesis raises."""
    return anyio.run(_campaign, seconds, number)


async def _campaign(seconds: float, number: int) -> int:
    async with _served() as address:
        return await anyio.to_thread.run_sync(_send_all, address, seconds, number)


@asynccontextmanager
async def _served() -> AsyncIterator[str]:
    with mosquitto() as broker, tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            api=ApiSettings(port=0, tls_port=0),
            mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=1.0),
            understand=UnderstandSettings(llm="none", semantic=False),
        )
        async with (
            SimulatedHome(broker.address),
            assistant(settings, hears=True, sink=None) as running,
            serve_console(running) as console,
        ):
            await running.house.settled(30)
            await running.ready()
            yield console.address.rstrip("/")


def _send_all(address: str, seconds: float, number: int) -> int:
    begun, sent = time.monotonic(), 0
    mutator = Mutator(_REQUESTS, _TOKENS, 300_000, Random(number))
    while time.monotonic() - begun < seconds / 2:
        raw = mutator.entry()
        sent += 1
        _answered(address, raw)
        if sent % 50 == 0:
            _works(address)
    _works(address)
    while time.monotonic() - begun < seconds:
        sent += sum(fuzz(address, 2, number, elsewhere=_NOT).values())
        number += 1
        _works(address)
    return sent


def _answered(address: str, raw: bytes) -> None:
    """It is answered, or hung up on; never by a failure of ours."""
    import socket

    place = urlsplit(address)
    with socket.create_connection((str(place.hostname), int(place.port or 80)), _WAITS_S) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            came = b""
            while piece := connection.recv(65_536):
                came += piece
        except (ConnectionError, TimeoutError, OSError):
            return
    status = came.split(b" ", 2)[1] if came.startswith(b"HTTP/1.") else b"0"
    if status.isdigit() and int(status) >= 500 and int(status) not in _FREE:
        raise Finding(f"{status.decode()} for {raw[:2000]!r}")
    if b"root:x:0" in came:
        raise Finding(f"a file of the machine for {raw[:200]!r}")


def _works(address: str) -> None:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=_WAITS_S)
    connection.request("GET", "/healthz")
    answer: Any = json.loads(connection.getresponse().read())
    assert isinstance(answer, dict)
    connection.close()
