"""The speakerphone's own ways: volume keys, its lights, a cable that is pulled."""

import queue
import threading

import pytest

from edge.errors import HardwareError
from edge.hardware import hid
from edge.hardware.hid import HidPanel
from edge.panel import Control, Cue, Light, Showing
from tests.speakerphone import Speakerphone


def test_volume_keys_are_told_when_they_go_down() -> None:
    told: queue.SimpleQueue[Control] = queue.SimpleQueue()
    device = Speakerphone()
    panel = HidPanel(lambda: ("Phone", device), told.put)
    for up in (True, False, True):
        device.volume(up=up)
        assert told.get(timeout=5) is (Control.LOUDER if up else Control.SOFTER)
    panel.close()
    assert told.empty()
    assert device.closed


@pytest.mark.parametrize(
    ("cue", "lights"),
    [
        (Cue.IDLE, set()), (Cue.LISTENING, {"call"}), (Cue.THINKING, {"call"}), (Cue.SPEAKING, {"call"}),
        (Cue.RINGING, {"ring"}), (Cue.MUTED, {"mute"}), (Cue.FAULT, set()), (Cue.OFFLINE, set()),
    ],
)  # fmt: skip
def test_which_lights_stand_for_what(cue: Cue, lights: set[str]) -> None:
    device = Speakerphone()
    panel = HidPanel(lambda: ("Phone", device), lambda _: None)
    panel.show(Showing(cue, Light()))
    panel.show(Showing(cue, Light(green=0.5)))
    assert device.lights == lights
    assert len(device.written) == bool(lights), "a light that breathes elsewhere is written once"
    panel.close()


def test_one_that_was_unplugged_is_taken_up_again_and_shows_what_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hid, "_AGAIN_S", 0.02)
    told: queue.SimpleQueue[Control] = queue.SimpleQueue()
    first, second = Speakerphone(), Speakerphone()
    looks, back = iter([first, None, None, second]), threading.Event()

    def connect() -> tuple[str, Speakerphone]:
        device = next(looks)
        if device is None:
            raise HardwareError("not there", "")
        if device is second:
            back.set()
        return "Phone", device

    panel = HidPanel(connect, told.put)
    first.unplug()
    panel.show(Showing(Cue.MUTED, Light()))
    assert back.wait(5)
    second.call_button()
    assert told.get(timeout=5) is Control.PRESSED
    assert first.closed
    assert second.lights == {"mute"}
    panel.close()


def test_a_device_that_does_not_say_what_it_is_is_an_error() -> None:
    device = Speakerphone(b"\x06\x0b")
    with pytest.raises(HardwareError, match="cut short"):
        HidPanel(lambda: ("Phone", device), lambda _: None)
    assert device.closed


def test_there_is_none_here() -> None:
    """By the real library."""
    from edge.settings import HardwareSettings

    with pytest.raises(HardwareError, match="no HID speakerphone"):
        hid.build(HardwareSettings(hid="no such maker"), lambda _: None)
