"""Which machine and which disk this is: a copy of the disk in another machine is another replica."""

import hashlib
from pathlib import Path
from typing import Final

_SERIALS: Final = (
    "proc/device-tree/serial-number",
    "sys/class/dmi/id/product_serial",
    "etc/machine-id",
)
_CARDS: Final = "sys/block/mmcblk*/device/cid"
"""Number of an SD card or an eMMC: JEDEC JESD84-B51, 7.2; it stays with the card, not with what is written on it."""


def machine(root: Path = Path("/")) -> str:
    """16 hexadecimal digits that another board, or the same board with a copied card, has otherwise. They tell nothing
    of what they were made from. Empty where nothing is known.
    """
    serials = filter(None, map(_read, (root / name for name in _SERIALS)))
    cards = filter(None, map(_read, sorted(root.glob(_CARDS))))
    known = "\0".join((*serials, *cards))
    return hashlib.sha256(b"hearthside machine\0" + known.encode()).hexdigest()[:16] if known else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""
