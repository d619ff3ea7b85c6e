"""A turn that can't be kept ends all the same, and says so."""

from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

import edge.session.turn
from edge.assistant import Assistant
from edge.bus import Bus
from edge.events import Fault, TurnEnded
from edge.intents import Origin
from edge.session.clock import TurnClock
from edge.session.turn import Stages, Turn
from edge.speak.wording import Wording
from edge.understand.router import Routed


class _Journal:
    """On a disk that does not answer."""

    async def write(self, ended: TurnEnded) -> bool:
        await anyio.sleep_forever()
        raise AssertionError


async def _nothing(*_: object) -> Routed:
    return Routed(None, 0.0)


def _stages() -> Stages:
    router = cast(Any, SimpleNamespace(understand=_nothing))
    return Stages(router, cast(Any, None), Wording("en"), journal=cast(Any, _Journal()))


@pytest.mark.anyio
async def test_a_disk_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.session.turn, "_KEEP_S", 0.05)
    bus = Bus()
    with bus.subscribe() as events, anyio.fail_after(30):
        ended = await Turn(_stages(), bus, Origin("test"), TurnClock(0.0)).written("good morning")
        told = events.pending()
    assert ended.reply.text == "Sorry, I didn't understand that."
    assert [(each.code, "does not answer" in each.message) for each in told if isinstance(each, Fault)] == [
        ("storage", True)
    ]


@pytest.mark.anyio
async def test_whoever_asked_in_writing_is_answered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # What could not be kept was told after the end, and taken for it: the answer was lost.
    monkeypatch.setattr(edge.session.turn, "_KEEP_S", 0.05)
    asked = SimpleNamespace(
        _stages=_stages(),
        _origin=lambda area, session: Origin("test"),
        _conversations=SimpleNamespace(of=lambda session: None),
        bus=Bus(),
    )
    with anyio.fail_after(30):
        *before, ended = await Assistant.ask(cast(Any, asked), "good morning")
    assert isinstance(ended, TurnEnded)
    assert ended.reply.text == "Sorry, I didn't understand that."
    assert [each.code for each in before if isinstance(each, Fault)] == ["storage"]
