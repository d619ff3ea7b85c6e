"""``house.toml`` of two assistants: what is said or written at one stands in the file of the other."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge.errors import BrokerOffline, SettingsError
from edge.home.house_file import HouseFile, read_house_file
from edge.home.house_names import HouseNames
from edge.home.shared_names import SharedNames
from edge.session.elsewhere import Elsewhere
from tests.replicas import NOON, Assistant, Bridge, Clock, meet

pytestmark = pytest.mark.anyio

KEYS = dict.fromkeys(("0x1", "light.bed", "Bed Lamp"), ("0x1", "light.bed", "Bed Lamp"))
HIS = '# his own\n[devices."Bed Lamp"] # by name\nnames = ["Liz"] # she\n\n[areas.Attic]\nnames = ["roof"]\n'


async def at_once() -> None:
    """The broker has said which devices there are."""


class Kept:
    """One assistant, and its file."""

    def __init__(self, device: str, world: list[int], folder: Path) -> None:
        self.path = folder / f"{device}.toml"
        self.assistant = Assistant(device, Clock(world))
        self.adopted: list[HouseFile] = []
        self.names = HouseNames(self.path, lambda key: KEYS.get(key, (key,)), self.adopted.append)
        self.shared = SharedNames(self.names, self.assistant.storage, at_once, self.assistant.clock.s)

    @property
    def said(self) -> HouseFile:
        return read_house_file(self.path)


class Pair:
    def __init__(self, folder: Path) -> None:
        self.world = [NOON]
        self.bridge = Bridge(self.world)
        self.kitchen = Kept("kitchen", self.world, folder)
        self.bedroom = Kept("bedroom", self.world, folder)

    async def meet(self) -> None:
        for _ in range(2):
            self.world[0] += 1_000
            for one in (self.kitchen, self.bedroom):
                await one.shared.merge()
            meet(self.bridge, self.kitchen.assistant, self.bedroom.assistant)
        for one in (self.kitchen, self.bedroom):
            await one.shared.merge()


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


async def test_a_name_given_by_voice_stands_in_the_file_of_the_other_and_comments_stay(pair: Pair) -> None:
    pair.bedroom.path.write_text(HIS)
    await pair.kitchen.names.call("light.bed", "Betty")
    await pair.kitchen.names.place("light.bed", "Den")
    await pair.kitchen.names.lift("attic", "Upstairs")
    await pair.meet()
    assert pair.bedroom.path.read_text() == (
        '# his own\n[devices."Bed Lamp"] # by name\nnames = ["Liz", "Betty"] # she\narea = "Den"\n\n'
        '[areas.Attic]\nnames = ["roof"]\nfloor = "Upstairs"\n'
    )
    assert pair.bedroom.adopted[-1] == pair.bedroom.said
    kitchen = pair.kitchen.said
    assert sorted(kitchen.devices["0x1"].names) == ["Betty", "Liz"]
    assert kitchen.areas["attic"].names == ("roof",)


async def test_what_is_written_and_struck_out_by_hand_reaches_the_other(pair: Pair) -> None:
    pair.kitchen.path.write_text('[devices.0x1]\nnames = ["Betty", "Liz"]\narea = "Den"\n')
    await pair.meet()
    assert pair.bedroom.said == pair.kitchen.said
    pair.bedroom.path.write_text('[devices.0x1]\nnames = ["Liz"]\narea = "Hall"\n')
    await pair.meet()
    assert pair.kitchen.said == pair.bedroom.said
    assert pair.kitchen.said.devices["0x1"].names == ("Liz",)
    assert pair.kitchen.said.devices["0x1"].area == "Hall"
    assert await pair.kitchen.names.uncall("light.bed", "liz")
    pair.kitchen.path.unlink()
    await pair.meet()
    assert pair.bedroom.said == HouseFile()
    assert not pair.bedroom.assistant.rows("SELECT * FROM house_name")
    assert b"Betty" not in pair.bedroom.assistant.connection.serialize("main")


async def test_a_lamp_that_two_put_into_two_rooms_is_in_one(pair: Pair) -> None:
    await pair.kitchen.names.place("light.bed", "Den")
    await pair.kitchen.shared.merge()
    pair.world[0] += 5_000
    await pair.bedroom.names.place("light.bed", "Hall")
    await pair.meet()
    assert pair.kitchen.said == pair.bedroom.said
    assert pair.kitchen.said.devices["0x1"].area == "Hall"
    pair.kitchen.path.write_text("")
    await pair.meet()
    assert not pair.bedroom.said.devices


@pytest.mark.parametrize("broken", ["[devices", "[devices.x]\ncolour = 1\n"])
async def test_a_mistake_in_the_file_stops_nothing(pair: Pair, broken: str, caplog: pytest.LogCaptureFixture) -> None:
    looked = []

    async def look() -> None:
        looked.append(1)

    await pair.meet()
    pair.bedroom.path.write_text(broken)
    elsewhere = Elsewhere(pair.bedroom.assistant.storage, [pair.bedroom.shared.merge, look])
    for _ in range(3):
        assert not await elsewhere.look()
    assert looked == [1, 1, 1]
    assert len(caplog.records) == 1
    with pytest.raises(SettingsError):
        await pair.bedroom.shared.merge()
    assert pair.bedroom.path.read_text() == broken
    # A file that can't be read strikes nothing out.
    await pair.kitchen.names.call("light.bed", "Betty")
    await pair.kitchen.shared.merge()
    meet(pair.bridge, pair.kitchen.assistant, pair.bedroom.assistant)
    pair.bedroom.path.write_text("# corrected\n")
    assert await elsewhere.look()
    assert pair.bedroom.path.read_text().startswith("# corrected\n")
    assert pair.bedroom.said.devices["0x1"].names == ("Betty",)


async def test_as_long_as_no_device_is_known_no_word_is_taken_for_another(pair: Pair) -> None:
    async def offline() -> None:
        raise BrokerOffline("the broker is away", "see to it")

    pair.kitchen.path.write_text(HIS)
    shared = SharedNames(pair.kitchen.names, pair.kitchen.assistant.storage, offline)
    with pytest.raises(BrokerOffline):
        await shared.merge()
    assert pair.kitchen.path.read_text() == HIS


async def test_nothing_is_written_while_nothing_changes(pair: Pair) -> None:
    pair.bedroom.path.write_text(HIS)
    await pair.meet()

    def state(one: Kept) -> tuple[int, int, int]:
        return one.assistant.connection.total_changes(), one.path.stat().st_mtime_ns, len(one.adopted)

    before = [state(one) for one in (pair.kitchen, pair.bedroom)]
    for one in (pair.kitchen, pair.bedroom):
        await one.shared.merge()
    assert [state(one) for one in (pair.kitchen, pair.bedroom)] == before


class Cut(Exception):
    """The power goes."""


async def test_a_cut_between_any_two_steps_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for steps in range(100):
        (folder := tmp_path / str(steps)).mkdir()
        pair = Pair(folder)
        await pair.kitchen.names.call("light.bed", "Betty")
        pair.bedroom.path.write_text('[devices."Bed Lamp"]\nnames = ["Liz"]\narea = "Den"\n')
        await pair.meet()
        await pair.kitchen.names.place("light.bed", "Hall")
        await pair.kitchen.names.uncall("light.bed", "Liz")
        await pair.kitchen.shared.merge()
        meet(pair.bridge, pair.kitchen.assistant, pair.bedroom.assistant)
        pair.bedroom.path.write_text('[devices."Bed Lamp"]\nnames = ["Liz", "Betty", "Mo"]\narea = "Den"\n')
        left = [steps]
        storage, names = pair.bedroom.assistant.storage, pair.bedroom.names
        storage.write = cutting(left, storage.write)  # type: ignore[method-assign]
        names.rewrite = cutting(left, names.rewrite)  # type: ignore[method-assign]
        try:
            await pair.bedroom.shared.merge()
            done = True
        except Cut:
            done = False
        left[0] = 10_000
        await pair.meet()
        for one in (pair.kitchen, pair.bedroom):
            device = next(iter(one.said.devices.values()))
            assert sorted(device.names) == ["Betty", "Mo"]
            assert device.area == "Hall"
            assert len(one.said.devices) == 1
            assert len(one.assistant.rows("SELECT * FROM house_name")) == 3
        if done:
            assert steps > 2
            return
    raise AssertionError("it never ends")


def cutting(left: list[int], work: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """The power goes before or after so many steps."""

    async def cut(*args: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise Cut
        result = await work(*args)
        left[0] -= 1
        if left[0] < 0:
            raise Cut
        return result

    return cut
