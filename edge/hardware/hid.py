"""Buttons and lights of a USB speakerphone, which is a HID device of the telephony page.

Source of the usages and of how their bits are to be read: HID Usage Tables 1.5 (USB-IF), sections 3.4.2 (on/off
controls), 11 (LED page), 14 (telephony page), 15 (consumer page).
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from edge.errors import HardwareError
from edge.hardware.hid_report import Bit, Layout, layout
from edge.panel import Control, Cue, Showing
from edge.sections import HardwareSettings

TELEPHONY: Final = 0x0B
HOOK_SWITCH: Final = 0x0B0020
PHONE_MUTE: Final = 0x0B002F
VOLUME_UP: Final = 0x0C00E9
VOLUME_DOWN: Final = 0x0C00EA
LED_MUTE: Final = 0x080009
LED_MICROPHONE: Final = 0x080021
"""Some makers' other name for the mute light."""
LED_OFF_HOOK: Final = 0x080017
LED_RING: Final = 0x080018

_LIGHTS: Final = {
    LED_MUTE: "mute light",
    LED_MICROPHONE: "microphone light",
    LED_OFF_HOOK: "call light",
    LED_RING: "ring light",
}
_TURN: Final = frozenset({Cue.LISTENING, Cue.THINKING, Cue.SPEAKING})
_BUTTONS: Final = {
    HOOK_SWITCH: "call button",
    PHONE_MUTE: "mute button",
    VOLUME_UP: "volume up",
    VOLUME_DOWN: "volume down",
}
_PRESSED: Final = {
    HOOK_SWITCH: Control.PRESSED,
    PHONE_MUTE: Control.MUTE,
    VOLUME_UP: Control.LOUDER,
    VOLUME_DOWN: Control.SOFTER,
}
_REPORT_BYTES: Final = 64
_POLL_MS: Final = 1000
"""A thread that reads can't be woken otherwise when it is to end."""
_AGAIN_S: Final = 2.0
"""Between two looks whether a device that was unplugged is back."""

_log = logging.getLogger(__name__)


class HidDevice(Protocol):
    """An open device, as the hidapi package has it. One thread may read while another writes."""

    def get_report_descriptor(self) -> Sequence[int]: ...

    def read(self, max_length: int, timeout_ms: int) -> Sequence[int]:
        """One input report, empty when there was none in time. Raises OSError."""

    def write(self, report: bytes) -> int:
        """An output report, its id first, 0 where it has none. Returns −1 or raises OSError when it failed."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Speakerphone:
    """A telephony device that is plugged in."""

    name: str
    path: bytes


def speakerphones() -> list[Speakerphone]:
    """Those that there are."""
    import hidraw

    # hidapi lists a device once for each of its collections.
    paths = {each["path"]: each for each in hidraw.enumerate() if each["usage_page"] == TELEPHONY}
    return [Speakerphone(each["product_string"] or "unnamed", path) for path, each in sorted(paths.items())]


def build(settings: HardwareSettings, tell: Callable[[Control], None]) -> "HidPanel":
    """The speakerphone that ``settings`` name. Raises HardwareError."""
    return HidPanel(lambda: _open(settings.hid), tell, in_call=settings.hid_in_call)


def _open(wanted: str) -> tuple[str, HidDevice]:
    """Its name, and itself. Raises HardwareError."""
    import hidraw

    there = speakerphones()
    chosen = next((each for each in there if wanted == "auto" or wanted.casefold() in each.name.casefold()), None)
    if chosen is None:
        names = ", ".join(each.name for each in there)
        raise HardwareError(
            f"there is no HID speakerphone {wanted!r}" if wanted != "auto" else "there is no HID speakerphone",
            f"choose one of: {names}" if names else "connect it, and see docs/hardware.md for the permission it needs",
        )
    device: Any = hidraw.device()
    try:
        device.open_path(chosen.path)
    except OSError as error:
        what = f"{chosen.name} can't be opened as a HID device: {error}"
        raise HardwareError(what, "give its user the right, as docs/hardware.md says") from error
    return chosen.name, device


class HidPanel:
    """A device that is unplugged is taken up again when it is back."""

    def __init__(
        self, connect: Callable[[], tuple[str, HidDevice]], tell: Callable[[Control], None], *, in_call: bool = False
    ) -> None:
        """``connect`` gives the open device and its name; ``in_call``: whether it is always in a call, not only in a
        turn. Raises HardwareError.
        """
        self._connect, self._tell, self._in_call = connect, tell, in_call
        self._lit: frozenset[int] = frozenset()
        """Usages of the lights that are on."""
        self._written: dict[int, bytes] = {}
        """Output report → what it says now."""
        self._before: dict[Bit, bool] = {}
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._device: HidDevice | None
        self._layout: Layout
        self._take(*connect())
        self._thread = threading.Thread(target=self._run, name="hid", daemon=True)
        self._thread.start()

    @property
    def found(self) -> Sequence[str]:
        """Each button and light that it has."""
        return [
            f"{name} of {self._name}"
            for names, output in ((_BUTTONS, False), (_LIGHTS, True))
            for usage, name in names.items()
            if self._layout.find(usage, output=output)
        ]

    def show(self, showing: Showing) -> None:
        """Its lights are on or off, and blink by themselves: brightness and color don't count."""
        lit = {
            LED_MUTE: showing.muted,
            LED_MICROPHONE: showing.muted,
            LED_OFF_HOOK: self._in_call or showing.cue in _TURN,
            LED_RING: showing.cue is Cue.RINGING,
        }
        with self._writing:
            self._lit = frozenset(usage for usage, on in lit.items() if on)
            self._write()

    def close(self) -> None:
        """Lights go out, and nothing is told any more."""
        if self._closing.is_set():
            return
        with self._writing:
            self._lit = frozenset()
            self._write()
        self._closing.set()
        self._thread.join(2 * _POLL_MS / 1000)
        if self._device is not None:
            self._device.close()

    def _take(self, name: str, device: HidDevice) -> None:
        """Raises HardwareError."""
        try:
            self._layout = layout(bytes(device.get_report_descriptor()))
        except (OSError, ValueError) as error:
            device.close()
            raise HardwareError(f"{name} does not say what its buttons are: {error}", "use another device") from error
        self._name, self._device = name, device
        self._written = {report: bytes(size) for report, size in self._layout.sizes.items()}
        self._before.clear()

    # -- the thread that reads ------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            device = self._device
            try:
                if device is not None and (report := device.read(_REPORT_BYTES, _POLL_MS)):
                    self._read(bytes(report))
                    continue
            except OSError as error:
                self._lose(error)
            if self._device is None and not self._closing.wait(_AGAIN_S):
                self._find_again()

    def _read(self, report: bytes) -> None:
        number, data = (report[0], report[1:]) if self._layout.numbered else (0, report)
        value = int.from_bytes(data, "little")
        for bit in self._layout.bits:
            if bit.output or bit.report != number:
                continue
            now, before = bool(value >> bit.position & 1), self._before.get(bit)
            self._before[bit] = now
            if now is not before:
                for control in self._meant(bit, now, first=before is None):
                    self._tell(control)

    def _meant(self, bit: Bit, now: bool, *, first: bool) -> Iterator[Control]:
        """What a person did when ``bit`` became ``now``; ``first``: it was not known what it was before."""
        if first and not now:
            return
        if bit.usage == HOOK_SWITCH and bit.level:
            # It also answers so when its light is switched: a person did only what differs from that.
            if now is not self._off_hook():
                yield Control.PRESSED
                self._off_hook_again()
        elif bit.usage == PHONE_MUTE and bit.level:
            yield Control.SWITCH_OFF if now else Control.SWITCH_ON
        elif now and bit.usage in _PRESSED:
            yield _PRESSED[bit.usage]

    def _lose(self, error: OSError) -> None:
        _log.warning("%s is gone: %s", self._name, error)
        with self._writing:
            if self._device is not None:
                self._device.close()
            self._device = None

    def _find_again(self) -> None:
        try:
            name, device = self._connect()
            with self._writing:
                self._take(name, device)
                self._write()
        except HardwareError as error:
            _log.debug("it is not back yet: %s", error)
            return
        _log.info("%s is back", self._name)

    # -- lights, with the lock held -------------------------------------------------------------------------------

    def _off_hook(self) -> bool:
        return LED_OFF_HOOK in self._lit and self._layout.find(LED_OFF_HOOK, output=True) is not None

    def _off_hook_again(self) -> None:
        """The device has changed its own mind about being in a call: it is told ours."""
        with self._writing:
            if (light := self._layout.find(LED_OFF_HOOK, output=True)) is not None:
                self._written[light.report] = b""
                self._write()

    def _write(self) -> None:
        if self._device is None:
            return
        wanted = {report: bytearray(size) for report, size in self._layout.sizes.items()}
        used = set()
        for usage in _LIGHTS:
            if (light := self._layout.find(usage, output=True)) is not None:
                used.add(light.report)
                if usage in self._lit:
                    wanted[light.report][light.position // 8] |= 1 << light.position % 8
        for report in used:
            if self._written[report] != wanted[report]:
                self._written[report] = bytes(wanted[report])
                try:
                    self._device.write(bytes([report]) + wanted[report])
                except OSError as error:
                    # The thread that reads finds out, too, and looks for it.
                    _log.debug("%s: a light could not be switched: %s", self._name, error)
