"""The listening switch: who may throw it, and what is left of it after a restart."""

from pathlib import Path

import anyio
import pytest

from edge.bus import Bus
from edge.database import Database
from edge.events import ListeningChanged
from edge.session.listening import Listening
from tests.virtual_time import settle

pytestmark = pytest.mark.anyio

# What is thrown, and whether it listens after it.
WITHOUT_SWITCH = [("set off", False), ("set off", False), ("set on", True)]
WITH_SWITCH = [
    ("set on", False),  # its position is not known yet
    ("found on", True),
    ("set off", False),
    ("set on", True),
    ("switched off", False),
    ("set on", False),
    ("switched on", True),
    ("set off", False),
    ("switched on", True),
]
SLID_WHILE_OFF = [("set off", False), ("found on", False), ("switched off", False), ("switched on", True)]


def thrown(listening: Listening, what: str) -> bool:
    name, position = what.split()
    throw = {"set": listening.set, "switched": listening.switched, "found": listening.found}[name]
    throw(position == "on")
    return listening.on


@pytest.mark.parametrize(
    ("switch", "story"), [(False, WITHOUT_SWITCH), (True, WITH_SWITCH), (True, SLID_WHILE_OFF)]
)  # fmt: skip
async def test_the_position_of_the_device_s_own_switch_decides(switch: bool, story: list[tuple[str, bool]]) -> None:
    bus = Bus()
    listening = Listening(bus, switch=switch)
    told = [listening.on]
    with bus.subscribe() as events:
        assert [(what, thrown(listening, what)) for what, _ in story] == story
        told += [event.on for event in events.pending() if isinstance(event, ListeningChanged)]
    states = [not switch, *(on for _, on in story)]
    assert told == [on for before, on in zip([None, *states], states, strict=False) if on is not before]


@pytest.mark.parametrize("chosen", [[False], [False, True]])
async def test_it_is_after_a_restart_as_it_was_left(tmp_path: Path, chosen: list[bool]) -> None:
    for wanted in chosen:
        async with Database(tmp_path / "db") as storage, anyio.create_task_group() as tasks:
            listening = Listening(Bus())
            await listening.remember(storage)
            assert listening.on is not wanted
            tasks.start_soon(listening.keep, storage)
            listening.set(wanted)
            with anyio.fail_after(60):
                while await kept(storage) is not wanted:
                    await settle()
            tasks.cancel_scope.cancel()
    async with Database(tmp_path / "db") as storage:
        again = Listening(Bus())
        await again.remember(storage)
        assert again.on is chosen[-1]


async def kept(storage: Database) -> bool | None:
    row = await storage.read(lambda db: db.execute("SELECT wanted FROM listening").fetchone())
    return None if row is None else bool(row[0])
