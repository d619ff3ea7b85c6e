"""What the board's sensors say."""

from pathlib import Path

import pytest

from edge.observe.board import Board, board

FLAGS = ("under_voltage", "frequency_capped", "throttled", "soft_limit")


def sensors(root: Path, zones: dict[str, str], throttled: str | None = None) -> Path:
    for name, text in zones.items():
        zone = root / "class/thermal" / name
        zone.mkdir(parents=True)
        (zone / "temp").write_text(text)
    if throttled is not None:
        firmware = root / "devices/platform/soc/soc:firmware"
        firmware.mkdir(parents=True)
        (firmware / "get_throttled").write_text(throttled)
    return root


@pytest.mark.parametrize(
    ("zones", "celsius"),
    [
        ({"thermal_zone0": "48686\n"}, 48.686),
        ({"thermal_zone0": "48686\n", "thermal_zone1": "61000\n"}, 61.0),
        ({"thermal_zone0": "-274000\n", "thermal_zone1": "nothing"}, None),
        ({}, None),
    ],
)
def test_how_warm_it_is(zones: dict[str, str], celsius: float | None, tmp_path: Path) -> None:
    assert board(sensors(tmp_path, zones)) == Board(celsius, None)


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("0\n", []),
        ("4\n", ["throttled"]),
        ("50005\n", ["under_voltage", "throttled"]),
        ("f0000\n", []),
    ],
)
def test_whether_it_is_slowed_down_now(text: str, now: list[str], tmp_path: Path) -> None:
    assert board(sensors(tmp_path, {}, text)).limits == {flag: flag in now for flag in FLAGS}
