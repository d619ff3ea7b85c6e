"""A USB speakerphone, as it looks to the hidapi package: no test machine has one, nor a kernel that makes virtual ones.

It behaves as the HID usage tables ask of such devices: it acknowledges that its call light is switched by moving its
hook switch along.
"""

import queue
from collections.abc import Callable, Sequence

MUTE_LEVEL, MUTE_PRESS = 0x22, 0x06
"""Flags of the input: absolute without a preferred state, as a switch that stays; relative, as a button."""


def descriptor(mute: int = MUTE_PRESS) -> bytes:
    """Telephony with hook switch and mute (report 2), its three lights (report 3), and volume keys (report 1)."""
    return bytes([
        0x05, 0x0C, 0x09, 0x01, 0xA1, 0x01, 0x85, 0x01,  # consumer control, report 1
        0x15, 0x00, 0x25, 0x01, 0x09, 0xE9, 0x09, 0xEA, 0x75, 0x01, 0x95, 0x02, 0x81, 0x02,
        0x95, 0x06, 0x81, 0x03, 0xC0,
        0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, 0x85, 0x02,  # headset, report 2
        0x75, 0x01, 0x95, 0x01, 0x09, 0x20, 0x81, 0x22, 0x09, 0x2F, 0x81, mute, 0x95, 0x06, 0x81, 0x03,
        0x85, 0x03, 0x05, 0x08, 0x95, 0x03, 0x09, 0x17, 0x09, 0x09, 0x09, 0x18, 0x91, 0x22,
        0x95, 0x05, 0x91, 0x03, 0xC0,
    ])  # fmt: skip


class Unplugged(OSError):
    """What hidapi raises."""


class Speakerphone:
    """One that is plugged in."""

    def __init__(self, described: bytes | None = None) -> None:
        self._descriptor = descriptor() if described is None else described
        self._reports: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._hook = self._mute = False
        self.written: list[bytes] = []
        self.closed = False
        self.on_write: Callable[[], None] = lambda: None

    # -- what a person does ---------------------------------------------------------------------------------------

    def call_button(self) -> None:
        self._hook = not self._hook
        self._report_telephony()

    def mute(self, *, down: bool) -> None:
        self._mute = down
        self._report_telephony()

    def volume(self, *, up: bool) -> None:
        for bits in (1 if up else 2, 0):
            self._reports.put(bytes([1, bits]))

    def unplug(self) -> None:
        self._reports.put(None)

    # -- what they see --------------------------------------------------------------------------------------------

    @property
    def lights(self) -> set[str]:
        state = self.written[-1][1] if self.written else 0
        return {name for bit, name in ((1, "call"), (2, "mute"), (4, "ring")) if state & bit}

    # -- what hidapi has ------------------------------------------------------------------------------------------

    def get_report_descriptor(self) -> Sequence[int]:
        return list(self._descriptor)

    def read(self, max_length: int, timeout_ms: int) -> Sequence[int]:
        try:
            report = self._reports.get(timeout=min(timeout_ms / 1000, 0.05))
        except queue.Empty:
            return []
        if report is None:
            raise Unplugged("read error")
        assert len(report) <= max_length
        return list(report)

    def write(self, report: bytes) -> int:
        assert not self.closed
        assert (report[0], len(report)) == (3, 2), "only what the descriptor declares"
        self.written.append(bytes(report))
        if self._hook is not bool(report[1] & 1):
            self._hook = bool(report[1] & 1)
            self._report_telephony()
        return len(report)

    def close(self) -> None:
        self.closed = True

    def _report_telephony(self) -> None:
        self._reports.put(bytes([2, self._hook | self._mute << 1]))
