"""What may be written to a disk of what is in memory."""

import pytest

from edge.swap import on_disk

HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
FILE = "/var/swap                               file\t\t524272\t\t0\t\t-2\n"
ZRAM = "/dev/zram0                              partition\t2097136\t\t0\t\t100\n"


@pytest.mark.parametrize(
    ("swaps", "limits", "places"),
    [
        (HEAD, [], []),
        (HEAD + ZRAM, [], []),
        (HEAD + ZRAM + FILE, [], ["/var/swap"]),
        (HEAD + FILE, ["max\n"], ["/var/swap"]),
        (HEAD + FILE, ["max\n", "0\n"], []),
    ],
)
def test_swap_that_is_no_memory_is_told_unless_it_is_forbidden(
    swaps: str, limits: list[str], places: list[str]
) -> None:
    assert on_disk(swaps, limits) == places
