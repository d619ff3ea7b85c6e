"""What the bits in the reports of a USB HID device mean, by its report descriptor. Pure: bytes in, fields out.

Source: Device Class Definition for Human Interface Devices 1.11 (USB-IF), section 6.2.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

_MAIN, _GLOBAL, _LOCAL = 0, 1, 2
_INPUT, _OUTPUT = 8, 9
_LONG: Final = 0xFE
_CONSTANT, _VARIABLE, _RELATIVE, _NO_PREFERRED = 1, 2, 4, 0x20


@dataclass(frozen=True, slots=True)
class Bit:
    """A usage that one bit of a report stands for."""

    usage: int
    """Usage page and usage: 0x0B0020 is the hook switch of the telephony page."""
    output: bool
    """Whether it is written to the device, as a light is."""
    report: int
    """The report's id; 0 where reports have none."""
    position: int
    """In the report after its id: 0 is the lowest bit of the first byte."""
    level: bool
    """Whether its value is a position, as a switch has; else only that it becomes 1 means something."""


@dataclass(frozen=True, slots=True)
class Layout:
    """All that a descriptor says that matters here."""

    bits: tuple[Bit, ...]
    sizes: dict[int, int]
    """Output report → its bytes, without the id."""
    numbered: bool
    """Whether a report begins with its id."""

    def find(self, usage: int, *, output: bool) -> Bit | None:
        """The first bit that stands for ``usage``."""
        return next((bit for bit in self.bits if (bit.usage, bit.output) == (usage, output)), None)


@dataclass(frozen=True, slots=True)
class _Global:
    page: int = 0
    size: int = 0
    count: int = 0
    report: int = 0


def layout(descriptor: bytes) -> Layout:
    """Raises ValueError where it is cut short or closes more than it opened."""
    bits: list[Bit] = []
    ends: dict[tuple[bool, int], int] = {}
    now, kept = _Global(), list[_Global]()
    usages: list[int] = []
    first: int | None = None
    for kind, tag, value, size in _items(descriptor):
        if kind == _GLOBAL:
            now = _changed(now, kept, tag, value)
        elif kind == _LOCAL:
            usage = value if size == 4 else now.page << 16 | value  # noqa: PLR2004  # a usage with its page
            if tag == 0:
                usages.append(usage)
            elif tag == 1:
                first = usage
            elif tag == 2 and first is not None:  # noqa: PLR2004  # usage maximum
                # A mistake, or malice, must not fill the memory.
                usages += range(first, min(usage, first + now.count) + 1)
        elif kind == _MAIN:
            if tag in (_INPUT, _OUTPUT):
                output = tag == _OUTPUT
                begin = ends.get((output, now.report), 0)
                ends[output, now.report] = begin + now.size * now.count
                if now.size == 1 and value & _VARIABLE and not value & _CONSTANT and usages:
                    level = not value & _RELATIVE and bool(value & _NO_PREFERRED)
                    bits += (
                        Bit(usages[min(n, len(usages) - 1)], output, now.report, begin + n, level)
                        for n in range(now.count)
                    )
            usages, first = [], None
    sizes = {report: (end + 7) // 8 for (output, report), end in ends.items() if output}
    return Layout(tuple(bits), sizes, any(report for _, report in ends))


def _items(descriptor: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Type, tag, value, bytes of the value."""
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        if prefix == _LONG:
            at += 3 + descriptor[at + 1] if at + 1 < len(descriptor) else 1
            continue
        size = (0, 1, 2, 4)[prefix & 3]
        data = descriptor[at + 1 : at + 1 + size]
        if len(data) < size:
            raise ValueError("the report descriptor is cut short")
        yield prefix >> 2 & 3, prefix >> 4, int.from_bytes(data, "little"), size
        at += 1 + size


def _changed(now: _Global, kept: list[_Global], tag: int, value: int) -> _Global:
    match tag:
        case 0x0:
            return replace(now, page=value)
        case 0x7:
            return replace(now, size=value)
        case 0x8:
            return replace(now, report=value)
        case 0x9:
            return replace(now, count=min(value, 1 << 12))
        case 0xA:
            kept.append(now)
        case 0xB:
            if not kept:
                raise ValueError("the report descriptor takes back more than it kept")
            return kept.pop()
    return now
