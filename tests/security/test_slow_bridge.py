"""A bridge that has no end to what it says, or takes its time: an answer keeps the room for minutes, not for days, and
what the page asks it is bounded in the assistant's own process.
"""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import anyio
import pytest

from cloud_sync.client import bounded_answer, requests
from cloud_sync.client.bridge_file import Bridge
from cloud_sync.client.enrolment import BridgeRefused
from edge.act.skills.cloud import answer
from edge.act.skills.cloud.answer import End, StreamedAnswer
from edge.act.skills.cloud.errands import NAME, Errands
from edge.act.skills.cloud.request import Prepared
from edge.intents import Intent, Origin, Outcome, Understanding
from edge.ports import Piece, Query, Told, ToolCall

pytestmark = pytest.mark.anyio
ASKED: Final = Prepared(Query("q", "why?", "en"), {})


class Nobody:
    """Understands nothing."""

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        return None

    async def run(self, text: str, origin: Origin) -> list[Outcome]:
        return []

    def objection(self, intent: Intent, origin: Origin) -> Outcome | None:
        return None

    async def perform(self, intents: object, origin: Origin) -> list[Outcome]:
        return []


class Endless:
    """Says the same again and again."""

    def __init__(self, told: Told, every_s: float) -> None:
        self.told, self.every_s, self.said, self.called_for = told, every_s, 0, 0

    async def __aiter__(self) -> AsyncIterator[Told]:
        while True:
            await anyio.sleep(self.every_s)
            self.said += 1
            yield self.told

    async def called(self, call: ToolCall, content: str) -> None:
        self.called_for += 1

    async def aclose(self) -> None:
        pass


def streamed(asking: Endless) -> StreamedAnswer:
    return StreamedAnswer(asking, ASKED, Errands(Nobody(), Origin("s"), {}, allowed=True), None)


async def test_an_answer_that_drips_is_waited_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "_WAITING_S", 0.5)
    asking = Endless(Piece("a"), 0.02)
    told = streamed(asking)
    with anyio.fail_after(20):
        assert not await told.begin()
    assert told.end is End.LOST
    assert asking.said <= 27


async def test_what_a_listener_takes_to_hear_it_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "_WAITING_S", 0.5)
    told = streamed(Endless(Piece("Yes it is. "), 0.01))
    assert await told.begin()
    heard = 0
    with anyio.fail_after(20):
        async for _ in told:
            heard += 1
            await anyio.sleep(0.1)
            if heard == 8:
                break
    assert heard == 8


async def test_wishes_without_end_end_the_answer() -> None:
    asking = Endless(ToolCall("c", NAME, {"command": "turn on the light"}), 0.0)
    told = streamed(asking)
    with anyio.fail_after(20):
        assert not await told.begin()
    assert told.end is End.CUT
    assert asking.called_for == 16


# -- what is asked over HTTPS ----------------------------------------------------------------------------------------


@contextmanager
def saying(piece: bytes, every_s: float) -> Iterator[tuple[str, list[int]]]:
    """A server whose answers have no end; gives its address, and how many bytes it was rid of."""
    sent = [0]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    sent[0] += self.wfile.write(piece)
                    time.sleep(every_s)
            except OSError:
                pass

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", sent
        finally:
            server.shutdown()


@pytest.mark.parametrize(("piece", "every_s"), [(b"x" * 65_536, 0.0), (b"x", 0.05)])
def test_what_it_answers_the_page_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: bytes, every_s: float
) -> None:
    monkeypatch.setattr(bounded_answer, "_WHOLE_S", 1.0)
    with saying(piece, every_s) as (url, sent):
        bridge = Bridge(url=url, server="b", public=b"", house="h", device="d")
        begun = time.monotonic()
        with pytest.raises(BridgeRefused, match="too much, or too slowly"):
            requests.exported(tmp_path, bridge)
    assert time.monotonic() - begun < 10
    assert sent[0] < 32 * 2**20
