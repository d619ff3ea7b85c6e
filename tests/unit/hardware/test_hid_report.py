"""Report descriptors: which bit means what."""

import pytest

from edge.hardware.hid_report import Bit, layout
from tests.speakerphone import MUTE_LEVEL, descriptor


def test_buttons_and_lights_of_a_speakerphone() -> None:
    found = layout(descriptor())
    assert found.bits == (
        Bit(0x0C00E9, False, 1, 0, level=False),
        Bit(0x0C00EA, False, 1, 1, level=False),
        Bit(0x0B0020, False, 2, 0, level=True),
        Bit(0x0B002F, False, 2, 1, level=False),
        Bit(0x080017, True, 3, 0, level=True),
        Bit(0x080009, True, 3, 1, level=True),
        Bit(0x080018, True, 3, 2, level=True),
    )
    assert found.sizes == {3: 1}
    assert found.numbered
    assert [bit.level for bit in layout(descriptor(MUTE_LEVEL)).bits if bit.usage == 0x0B002F] == [True]


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ("05 0B 75 01 95 01 09 2F 81 06", [(0x0B002F, 0, 0)]),
        ("05 0B 75 08 95 02 09 00 81 02 75 01 95 01 09 2F 81 06", [(0x0B002F, 0, 16)]),
        # A range of usages, one bit each; padding has none.
        ("05 08 75 01 95 03 19 17 29 19 81 02", [(0x080017, 0, 0), (0x080018, 0, 1), (0x080019, 0, 2)]),
        # A usage that brings its page along.
        ("05 01 75 01 95 01 0B 20 00 0B 00 81 22", [(0x0B0020, 0, 0)]),
        # What is kept comes back.
        ("05 0B 75 01 95 01 A4 05 0C B4 09 2F 81 06", [(0x0B002F, 0, 0)]),
        # A long item says nothing here.
        ("FE 02 00 AA BB 05 0B 75 01 95 01 09 2F 81 06", [(0x0B002F, 0, 0)]),
        # Constants, arrays and values of several bits are no buttons.
        ("05 0B 75 01 95 01 09 2F 81 03 09 2F 81 00 75 02 09 2F 81 02", []),
        ("", []),
    ],
)
def test_bits_by_item(items: str, found: list[tuple[int, int, int]]) -> None:
    assert [(bit.usage, bit.report, bit.position) for bit in layout(bytes.fromhex(items)).bits] == found


@pytest.mark.parametrize("items", ["05", "06 0B", "05 0B 96 FF", "B4"])
def test_a_descriptor_that_is_cut_short_is_refused(items: str) -> None:
    with pytest.raises(ValueError, match="descriptor"):
        layout(bytes.fromhex(items))


def test_a_descriptor_that_claims_the_moon_takes_no_memory() -> None:
    hostile = bytes.fromhex("05 0B 75 01 97 FF FF FF 7F 1B 00 00 0B 00 2B FF FF FF 7F 81 02") * 50
    assert len(layout(hostile).bits) <= 50 * 4096
