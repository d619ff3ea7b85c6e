"""Events outward never wait."""

import pytest

from edge.bus import Bus
from edge.events import ReplyReady

pytestmark = pytest.mark.anyio


def event(number: int) -> ReplyReady:
    return ReplyReady(turn="t", at=float(number), text=str(number))


async def test_every_subscriber_gets_every_event_in_order() -> None:
    bus = Bus()
    with bus.subscribe() as one, bus.subscribe() as two:
        for number in range(3):
            bus.emit(event(number))
        assert [e.at for e in one.pending()] == [0, 1, 2]
        assert [(await two.next()).at for _ in range(3)] == [0, 1, 2]


async def test_a_slow_listener_loses_events_counts_them_and_delays_nobody() -> None:
    bus = Bus()
    with bus.subscribe(size=2) as slow, bus.subscribe(size=10) as quick:
        for number in range(5):
            bus.emit(event(number))
        assert slow.dropped == 3
        assert [e.at for e in slow.pending()] == [0, 1]
        assert len(quick.pending()) == 5
        assert quick.dropped == 0


async def test_nothing_is_kept_for_who_has_left() -> None:
    bus = Bus()
    with bus.subscribe() as gone:
        pass
    bus.emit(event(1))
    assert gone.dropped == 0


async def test_what_listeners_lost_is_known_by_kind_also_of_those_who_have_left() -> None:
    bus = Bus()
    with bus.subscribe(size=1, listener="page"), bus.subscribe(size=3, listener="page"):
        for number in range(5):
            bus.emit(event(number))
        assert bus.dropped() == {"page": 6}
    with bus.subscribe(size=4, listener="log"):
        for number in range(5):
            bus.emit(event(number))
        assert bus.dropped() == {"page": 6, "log": 1}
