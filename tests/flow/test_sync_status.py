"""`hearth sync` and the cloud's row of `hearth check`, with and without hearth-sync, and a turn on its way to the bridge."""

import json
from pathlib import Path

import anyio
import pytest

from cloud_sync.client import compose
from cloud_sync.client.kept import take
from cloud_sync.client.status import summary
from cloud_sync.protocol.event import Kind
from cloud_sync.protocol.messages import Answer
from edge.checks import _cloud
from edge.database import Database
from edge.errors import StorageError
from edge.events import Reply, Timings, TurnEnded
from edge.intents import Intent, OutcomeKind, Tier
from edge.memory.episodes import Episodes
from edge.sections import CloudSettings
from edge.settings import Settings
from tests.bridges import MemoryBridge, memory_bridge
from tests.sync.house import House

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, cloud=CloudSettings(url="ws://127.0.0.1:9"))


@pytest.fixture
async def house(tmp_path: Path, settings: Settings) -> House:
    async with Database(tmp_path / "hearthside.db") as database:
        end = compose.assistant_end(settings)
        assert end is not None
        await end.prepare(database)
    return House(tmp_path, database)


def status(settings: Settings) -> dict[str, object]:
    return summary(settings.data_dir, settings.cloud.url)


async def test_before_anything_was_ever_kept(settings: Settings) -> None:
    found = status(settings)
    assert (found["running"], found["linked"], found["waiting"], found["acked"]) == (False, False, {}, 0)
    json.dumps(found)


async def test_what_waits_is_read_from_the_file(settings: Settings, house: House) -> None:
    async with Database(settings.data_dir / "hearthside.db") as database:
        for kind in (Kind.TURN, Kind.TURN, Kind.CHANGE):
            await database.write(lambda connection, kind=kind: house.outbox.put(connection, kind, {}))
        await database.write(lambda connection: house.outbox.withdraw(connection, [Kind.CHANGE]))
        await database.write(lambda connection: take(connection, Answer(id="q", text="Because."), 1))
    found = status(settings)
    assert found["waiting"] == {"turn": 2, "gap": 1}
    assert found["answers"] == 1
    assert found["oldest"]
    row = _cloud(settings)
    assert (row["ok"], row["needed"], row["found"]) == (False, False, "hearth-sync is not running")


async def test_what_hearth_sync_knows_counts_before_it_is_written(settings: Settings, house: House) -> None:
    house.database = Database(settings.data_dir / "hearthside.db")
    async with house.database, memory_bridge() as bridge:
        await house.write("one", "two")
        async with house.syncing(bridge.url), house.local() as local:
            await bridge.until(2)
            with anyio.fail_after(60):
                while (found := await anyio.to_thread.run_sync(status, settings))["acked"] != 2:
                    local.look()
            assert (found["running"], found["linked"], found["waiting"]) == (True, True, {})
            row = await anyio.to_thread.run_sync(_cloud, settings)
            assert (row["ok"], row["found"]) == (True, "ws://127.0.0.1:9, 0 entries wait")
            bridge.silent = True
            await bridge.cut()
        await house.write("three")
    assert status(settings)["waiting"] == {"turn": 1}


def turn(ident: str) -> TurnEnded:
    return TurnEnded(
        turn=ident,
        at=0.0,
        text="turn on the oven",
        language="en",
        intent=Intent("HassTurnOn", {"name": "Oven"}),
        tier=Tier.GRAMMAR,
        confidence=1.0,
        outcome=OutcomeKind.DONE,
        actions=(),
        reply=Reply(text="Oven is on."),
        timings=Timings(understand_ms=1.6),
        session="s",
    )


async def test_a_turn_and_what_the_bridge_is_told_of_it_are_there_together_or_not_at_all(house: House) -> None:
    class Full(type(house.outbox)):  # type: ignore[misc]
        def put(self, connection: object, kind: str, body: object) -> int:
            raise StorageError("no room", "")

    async with Database(house.data_dir / "hearthside.db") as database:
        told, untold = Episodes(database, 1, outbox=house.outbox), Episodes(database, 1, outbox=Full("device"))
        await told.write(turn("0123456789ab"))
        await told.write(turn("0123456789ab"))
        with pytest.raises(StorageError, match="no room"):
            await untold.write(turn("ba9876543210"))
        assert [episode.id for episode in await told.between(0, float("inf"))] == ["0123456789ab"]
    assert status(Settings(data_dir=house.data_dir))["waiting"] == {"turn": 1}


async def test_a_bridge_that_says_nothing_is_no_link(settings: Settings, house: House) -> None:
    bridge = MemoryBridge(silent=True)
    house.database = Database(settings.data_dir / "hearthside.db")
    async with house.database, memory_bridge(bridge), house.syncing("ws://127.0.0.1:9"), house.local() as local:
        with anyio.fail_after(60):
            while not local.standing.error:
                await anyio.sleep(0.01)
        row = await anyio.to_thread.run_sync(_cloud, settings)
        assert not row["ok"]
        assert row["found"].startswith("no link to ws://127.0.0.1:9: unreachable")
