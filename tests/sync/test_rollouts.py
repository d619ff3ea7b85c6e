"""What is let out by and by: said by a bridge's operator, heard at the next greeting, drawn by each device."""

import json
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from cloud_sync.protocol.frames import device_codec, server_codec
from cloud_sync.protocol.messages import Welcome
from cloud_sync.server.cli import commands
from cloud_sync.server.database import Database
from cloud_sync.server.settings import load as load_bridge
from cloud_sync.server.tables import rollout
from edge import flags
from edge.flags import Flag, percent_of
from edge.settings import load
from edge.updates import attending
from tests.bridge import Device, bridge, connected, enrol
from tests.bridges import memory_bridge
from tests.sync.house import House, linked

RUNNER = CliRunner()


def run(*arguments: str) -> tuple[int, str]:
    done = RUNNER.invoke(commands(), ["rollout", *arguments])
    return done.exit_code, done.output


def test_an_operator_says_to_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_CLOUD_DATA_DIR", str(tmp_path))
    assert RUNNER.invoke(commands(), ["house", "add", "home"]).exit_code == 0
    assert run("set", "updates", "25") == (0, "updates: 25 % of the devices of home\n")
    assert run("set", "updates", "50")[0] == 0
    assert run("set", "something_new", "1")[0] == 0, "it need not know what that is"
    assert run("list") == (0, "something_new  1 %\nupdates  50 %\n")
    assert run("clear", "something_new")[0] == 0
    assert run("list") == (0, "updates  50 %\n")
    for arguments, why in (
        (("set", "updates", "101"), "no percentage"),
        (("set", "Up Dates", "1"), "small letters"),
        (("set", "updates", "1", "--house", "cabin"), "no house cabin"),
    ):
        code, said = run(*arguments)
        assert code != 0
        assert why in said
    shown = RUNNER.invoke(commands(), ["audit", "show"]).output
    assert shown.count("rollout.changed") == 4


def test_a_bridge_of_before_says_nothing_of_it_and_a_device_of_before_does_not_mind() -> None:
    said = Welcome(version=1, epoch="e", house="home", acked=0, flags={"updates": 25.0})
    wire = server_codec().encode(said)
    assert device_codec().decode(wire) == said
    assert Welcome(version=1, epoch="e", house="home", acked=0).flags == {}
    # Where nothing is said, not a byte goes over the wire for it.
    assert b"flags" not in server_codec().encode(Welcome(version=1, epoch="e", house="home", acked=0))


@pytest.mark.parametrize(
    ("file", "percent"),
    [
        (None, 100.0),
        ("{}", 100.0),
        ('{"something_new": 3}', 100.0),
        ('{"updates": 25}', 25.0),
        ('{"updates": 0}', 0.0),
        ('{"updates": 400}', 0.0),
        ('{"updates": "all"}', 0.0),
        ('{"updates": true}', 0.0),
        ("{", 100.0),
        ("[1]", 100.0),
    ],
)
def test_what_a_device_makes_of_it(file: str | None, percent: float, tmp_path: Path) -> None:
    if file is not None:
        (tmp_path / "flags.json").write_text(file, "utf-8")
    assert percent_of(tmp_path, Flag.UPDATES) == percent


def test_it_is_written_once_and_caps_what_the_device_takes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HEARTH_UPDATE__URL", "https://updates.example/stable")
    flags.keep(tmp_path, {"updates": 25.0, "something_new": 3.0})
    inode = (tmp_path / "flags.json").stat().st_ino
    flags.keep(tmp_path, {"something_new": 3.0, "updates": 25.0})
    assert (tmp_path / "flags.json").stat().st_ino == inode, "it is said at each greeting"
    assert json.loads((tmp_path / "flags.json").read_text()) == {"something_new": 3.0, "updates": 25.0}
    assert attending.source(load()).cap == 25.0


@pytest.mark.anyio
async def test_a_device_hears_of_it_when_it_connects(house: House) -> None:
    async with memory_bridge() as bridge:
        bridge.flags = {"updates": 25.0, "something_new": 3.0}
        async with house.syncing(bridge.url), house.local() as local:
            await linked(local)
    assert percent_of(house.data_dir, Flag.UPDATES) == 25.0


@pytest.mark.anyio
async def test_a_bridge_tells_each_house_its_own(tmp_path: Path) -> None:
    async with bridge(tmp_path) as port:
        home, cabin = Device("home"), Device("cabin")
        async with Database(load_bridge(None, {"data_dir": tmp_path}).url) as database:
            await enrol(database, home, cabin)
            async with database.transaction("home") as connection:
                await connection.execute(insert(rollout).values(house="home", name="updates", percent=25.0))
        async with connected(port, home) as (_, welcome):
            assert welcome.flags == {"updates": 25.0}
        async with connected(port, cabin) as (_, welcome):
            assert welcome.flags == {}
