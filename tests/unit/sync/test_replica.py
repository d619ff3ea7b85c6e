"""What one assistant changes, the others have: real stores on real databases, and a bridge that folds."""

import pytest

from cloud_sync.protocol.event import decode
from tests.replicas import NOON, Assistant, Bridge, Clock, at_once, meet


@pytest.fixture
def world() -> list[int]:
    return [NOON]


@pytest.fixture
def bridge(world: list[int]) -> Bridge:
    return Bridge(world)


@pytest.fixture
def kitchen(world: list[int]) -> Assistant:
    return Assistant("kitchen", Clock(world))


@pytest.fixture
def bedroom(world: list[int]) -> Assistant:
    return Assistant("bedroom", Clock(world))


def test_the_kitchen_shows_what_the_bedroom_added(
    world: list[int], bridge: Bridge, kitchen: Assistant, bedroom: Assistant
) -> None:
    kitchen.add("milk")
    world[0] += 1_000
    bedroom.add("eggs", "bread")
    meet(bridge, kitchen, bedroom)
    assert kitchen.items() == bedroom.items() == ["milk", "eggs", "bread"]
    assert at_once(kitchen.lists.names()) == ["shopping"]
    assert kitchen.known() == bedroom.known()


def test_what_comes_from_elsewhere_is_not_told_again(bridge: Bridge, kitchen: Assistant, bedroom: Assistant) -> None:
    kitchen.add("milk")
    meet(bridge, kitchen, bedroom)
    assert not bedroom.rows("SELECT * FROM sync_event")
    assert not bedroom.rows("SELECT * FROM sync_pending")
    assert [decode(raw).seq for (raw,) in kitchen.rows("SELECT event FROM sync_event")] == [1, 2]
