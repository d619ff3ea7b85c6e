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
        assert told.get(timeout=60) is (Control.LOUDER if up else Control.SOFTER)
    panel.close()
    assert told.empty()
    assert device.closed


@pytest.mark.parametrize(
    ("cue", "muted", "in_call", "lights"),
    [
        (Cue.IDLE, False, False, set()),
        (Cue.LISTENING, False, False, {"call"}),
        (Cue.THINKING, False, False, {"call"}),
        (Cue.SPEAKING, False, False, {"call"}),
        (Cue.RINGING, False, False, {"ring"}),
        (Cue.MUTED, True, False, {"mute"}),
        (Cue.FAULT, False, False, set()),
        (Cue.OFFLINE, False, False, set()),
        # That the microphone is off is acknowledged at once, not when the answer is over.
        (Cue.SPEAKING, True, False, {"call", "mute"}),
        (Cue.RINGING, True, False, {"ring", "mute"}),
        (Cue.IDLE, False, True, {"call"}),
        (Cue.MUTED, True, True, {"call", "mute"}),
    ],
)
def test_which_lights_stand_for_what(cue: Cue, muted: bool, in_call: bool, lights: set[str]) -> None:
    device = Speakerphone()
    panel = HidPanel(lambda: ("Phone", device), lambda _: None, in_call=in_call)
    panel.show(Showing(cue, Light(), muted))
    panel.show(Showing(cue, Light(green=0.5), muted))
    assert device.lights == lights
    assert len(device.written) == bool(lights), "a light that breathes elsewhere is written once"
    panel.close()
    assert device.lights == set()


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
    panel.show(Showing(Cue.MUTED, Light(), muted=True))
    assert back.wait(60)
    second.call_button()
    assert told.get(timeout=60) is Control.PRESSED
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
    from edge.sections import HardwareSettings

    with pytest.raises(HardwareError, match="no HID speakerphone"):
        hid.build(HardwareSettings(hid="no such maker"), lambda _: None)
