"""house.toml written by voice, and edited by hand meanwhile."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from edge.errors import SettingsError, StorageError
from edge.home.house_file import HouseFile, read_house_file
from edge.home.house_names import HouseNames
from tests.disks import full_disk

pytestmark = pytest.mark.anyio

KEYS = {"light.bed": ("0x1_light", "light.bed", "Bed Lamp"), "switch.desk": ("switch.desk", "Desk Plug")}


def names(path: Path, adopt: Callable[[HouseFile], None] = lambda _: None) -> HouseNames:
    return HouseNames(path, KEYS.__getitem__, adopt)


@pytest.mark.parametrize(
    ("before", "change", "written"),
    [
        ("", lambda n: n.call("light.bed", "Betty"), '[devices.0x1_light] # Bed Lamp\nnames = ["Betty"]\n'),
        ("", lambda n: n.place("switch.desk", "Garage"), '[devices."switch.desk"] # Desk Plug\narea = "Garage"\n'),
        ("", lambda n: n.lift("Bedroom 2", "Upstairs"), '[areas."Bedroom 2"]\nfloor = "Upstairs"\n'),
        ('# mine\n[devices."Bed Lamp"] # by name\nnames = ["Betty"] # she\n', lambda n: n.call("light.bed", "Lizzy"),
         '# mine\n[devices."Bed Lamp"] # by name\nnames = ["Betty", "Lizzy"] # she\n'),
        ('[devices."light.bed"]\narea = "Attic" # was here\n', lambda n: n.place("light.bed", "Office"),
         '[devices."light.bed"]\narea = "Office" # was here\n'),
        ('[devices."light.bed"]\nnames = ["Betty"]\n', lambda n: n.call("light.bed", "betty"), '[devices."light.bed"]\nnames = ["Betty"]\n'),
        ('# top\n[devices."light.bed"]\nnames = ["Betty", "Liz"]\n', lambda n: n.uncall("light.bed", "BETTY"),
         '# top\n[devices."light.bed"]\nnames = ["Liz"]\n'),
        ('# top\n[devices."light.bed"]\nnames = ["Betty"]\narea = "Attic"\n', lambda n: n.uncall("light.bed", "Betty"),
         '# top\n[devices."light.bed"]\narea = "Attic"\n'),
        ('# top\n\n[areas.Attic]\nnames = ["roof"]\n[devices."light.bed"]\nnames = ["Betty"]\n', lambda n: n.uncall("light.bed", "Betty"),
         '# top\n\n[areas.Attic]\nnames = ["roof"]\n'),
        ('[areas.Attic]\nnames = ["roof"] # up\n', lambda n: n.lift("attic", "Top Floor"),
         '[areas.Attic]\nnames = ["roof"] # up\nfloor = "Top Floor"\n'),
        ('devices = {"light.bed" = {names = ["Betty"]}}\n', lambda n: n.call("light.bed", "Liz"),
         'devices = {"light.bed" = {names = ["Betty", "Liz"]}}\n'),
        ('devices."light.bed".area = "Attic"\n', lambda n: n.place("light.bed", "Office"), 'devices."light.bed".area = "Office"\n'),
    ],
)  # fmt: skip
async def test_what_is_written(
    tmp_path: Path, before: str, change: Callable[[HouseNames], Awaitable[object]], written: str
) -> None:
    path, adopted = tmp_path / "house.toml", list[HouseFile]()
    if before:
        path.write_text(before)
    await change(names(path, adopted.append))
    assert path.read_text() == written
    assert adopted[-1] == read_house_file(path)
    assert [each.name for each in tmp_path.iterdir()] == ["house.toml"]


async def test_a_name_that_was_not_given_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text('[devices."light.bed"]\nnames = ["Betty"]\n')
    assert not await names(path).uncall("light.bed", "Lizzy")
    assert await names(path).uncall("light.bed", "betty")


@pytest.mark.parametrize("hostile", ['"]\n[areas.x]\nfloor = "y', '\\u0000 \u2028 \' """', "{{ 7 * 7 }}", "🍝"])
async def test_a_name_is_only_ever_text(tmp_path: Path, hostile: str) -> None:
    path = tmp_path / "house.toml"
    await names(path).call("light.bed", hostile)
    read = read_house_file(path)
    assert read.devices["0x1_light"].names == (hostile,)
    assert not read.areas


@pytest.mark.parametrize("broken", ["[devices", "[devices.x]\ncolour = 1\n", "[devices.x]\nnames = 3\n"])
async def test_a_file_with_a_mistake_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    path, adopted = tmp_path / "house.toml", list[HouseFile]()
    path.write_text('[devices."light.bed"]\nnames = ["Betty"]\n')
    edited = names(path, adopted.append)
    path.write_text(broken)
    edited.look()
    edited.look()
    assert len(adopted) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(path) in caplog.text
    with pytest.raises(SettingsError):
        await edited.call("light.bed", "Lizzy")
    assert path.read_text() == broken
    path.write_text('[devices."light.bed"]\nnames = ["Liz"]\n')
    edited.look()
    assert adopted[-1].devices["light.bed"].names == ("Liz",)


async def test_what_a_person_writes_is_seen(tmp_path: Path) -> None:
    path, adopted = tmp_path / "house.toml", list[HouseFile]()
    edited = names(path, adopted.append)
    edited.look()
    assert len(adopted) == 1
    path.write_text('[areas.Attic]\nfloor = "Top"\n')
    edited.look()
    assert adopted[-1].areas["Attic"].floor == "Top"
    path.unlink()
    edited.look()
    assert adopted[-1] == HouseFile()


async def test_several_changes_at_once_are_all_kept(tmp_path: Path) -> None:
    edited = names(tmp_path / "house.toml")
    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(edited.call, "light.bed", f"Name {number}")
    assert len(read_house_file(tmp_path / "house.toml").devices["0x1_light"].names) == 10


async def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text("# mine\n")
    with full_disk(), pytest.raises(StorageError, match=r"house\.toml can't be written"):
        await names(path).call("light.bed", "Betty")
    assert path.read_text() == "# mine\n"
