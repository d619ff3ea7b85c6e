"""A bridge that was taken over: what it says to the device is bounded, and nonsense ends the answer alone."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

import msgspec
import pytest

from cloud_sync.client.bridge import LocalBridge, Piece
from cloud_sync.protocol.messages import Answer, Ask, Call, Delta
from edge import ports
from edge.cloud import LocalAsking
from edge.ports import Finish, LinkLost, Told, Whole

pytestmark = pytest.mark.anyio

ASK: Final = Ask(id="q", question="?")
DEEP: Final = b"\x91" * 5_000 + b"\x90"


class Hostile(LocalBridge):
    """The assistant's end of ``sync.sock``, at which a script comes in."""

    def __init__(self, said: Sequence[Piece]) -> None:
        self.said, self.read = said, 0

    async def ask(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        for each in self.said:
            self.read += 1
            yield each


def call(arguments: bytes) -> Call:
    return Call(id="q", call="c", name="control_home", arguments=msgspec.Raw(arguments))


def delta(text: str) -> Delta:
    return Delta(id="q", n=0, text=text)


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ([call(msgspec.msgpack.encode(5))], LinkLost()),
        ([call(msgspec.msgpack.encode({1: "turn on the light"}))], LinkLost()),
        ([call(b"\x81\xa1a\xa1\xff")], LinkLost()),
        ([call(b"\x81\xa1a" + DEEP)], LinkLost()),
        ([delta("Word. " * 100)] * 1_000, Whole("", Finish.CUT)),
        ([delta("x" * 900_000)], Whole("", Finish.CUT)),
        ([Answer(id="q", text="x" * 900_000)], Whole("x" * 16_000, Finish.CUT)),
        ([delta("Yes."), Answer(id="q", text="Yes.", finish="unheard of")], Whole("Yes.", Finish.CUT)),
    ],
)
async def test_what_makes_no_sense_or_has_no_end_ends_the_answer(said: Sequence[Piece], end: Told) -> None:
    local = Hostile(said)
    told = [each async for each in LocalAsking(local, ASK)]
    assert told[-1] == end
    assert sum(len(each.text) for each in told if isinstance(each, ports.Piece)) <= 16_000
    assert local.read < 30, "it is not listened to any longer"
