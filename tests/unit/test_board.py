"""The board's state, from a tree as the kernel of a Raspberry Pi shows it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.board import Board, Card, Power, clock_synchronised

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
CARD = "sys/block/mmcblk0/device"


def tree(root: Path, files: dict[str, str]) -> Board:
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return Board(root)


@pytest.mark.parametrize(
    ("said", "power"),
    [
        ("0\n", Power((), ())),
        # https://www.raspberrypi.com/documentation/computers/os.html#vcgencmd, its own example: throttled=0x50000
        ("50000\n", Power((), ("under-voltage: the power supply is too weak", "slowed down"))),
        (
            "5000d\n",
            Power(
                (
                    "under-voltage: the power supply is too weak",
                    "slowed down",
                    "near its limit of temperature",
                ),
                ("under-voltage: the power supply is too weak", "slowed down"),
            ),
        ),
        ("20002\n", Power(("the processor is held back",), ("the processor is held back",))),
        ("nonsense\n", None),
        (None, None),
    ],
)
def test_what_the_firmware_says_of_the_power(tmp_path: Path, said: str | None, power: Power | None) -> None:
    assert tree(tmp_path, {THROTTLED: said} if said is not None else {}).read().power == power


def test_the_hottest_part_counts(tmp_path: Path) -> None:
    assert Board(tmp_path).read().temperature_c is None
    zones = {f"sys/class/thermal/thermal_zone{n}/temp": text for n, text in enumerate(("48312\n", "61200\n", "?"))}
    assert tree(tmp_path, zones).read().temperature_c == 61.2


@pytest.mark.parametrize(
    ("files", "card"),
    [
        (
            {"name": "SN64G\n", "type": "SD\n", "date": "07/2021\n"},
            Card("mmcblk0", "SN64G", "SD", "07/2021", None, None),
        ),
        (
            {"name": "BJTD4R", "type": "MMC", "date": "11/2019", "life_time": "0x01 0x03\n", "pre_eol_info": "0x01\n"},
            Card("mmcblk0", "BJTD4R", "MMC", "11/2019", 30, "normal"),
        ),
        (
            {"type": "MMC", "life_time": "0x0b 0x0b", "pre_eol_info": "0x03"},
            Card("mmcblk0", "", "MMC", "", 110, "its reserved blocks are used up"),
        ),
        (
            {"type": "MMC", "life_time": "0x00 0x00", "pre_eol_info": "0x00"},  # not defined
            Card("mmcblk0", "", "MMC", "", None, None),
        ),
    ],
)
def test_what_a_card_says_of_its_wear(tmp_path: Path, files: dict[str, str], card: Card) -> None:
    board = tree(tmp_path, {f"{CARD}/{name}": content for name, content in files.items()})
    (tmp_path / "sys/block/mmcblk0boot0").mkdir()
    assert list(board.cards()) == [card]


def test_a_whole_look_at_this_machine(tmp_path: Path) -> None:
    state = Board().read(tmp_path, tmp_path / "models")
    assert state.memory_mb >= state.memory_available_mb > 0
    assert 0 < state.own_memory_mb < state.memory_mb
    assert len(state.disks) == 1
    assert state.disks[0].total_mb >= state.disks[0].free_mb > 0
    assert state.up_s > 0
    assert clock_synchronised() in (True, False, None)


def test_the_board_says_what_it_is(tmp_path: Path) -> None:
    assert (
        tree(tmp_path, {"proc/device-tree/model": "Raspberry Pi 5 Model B\0"}).read().model == "Raspberry Pi 5 Model B"
    )


def test_how_busy_it_is_whichever_thread_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("user", "nice", "system", "idle", "iowait", "guest")
    times = iter([(10, 0, 5, 100, 5, 9), (13, 1, 6, 113, 7, 12), (13, 1, 6, 113, 7, 12), (23, 1, 6, 113, 7, 22)])
    monkeypatch.setattr("psutil.cpu_times", lambda: SimpleNamespace(**dict(zip(names, next(times), strict=True))))
    board = Board(tmp_path)
    with ThreadPoolExecutor(3) as threads:
        busy = [threads.submit(board.read).result().cpu_percent for _ in range(3)]
    assert busy == [25.0, 0.0, 100.0]
