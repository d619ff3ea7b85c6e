"""Which device is meant, and what is said where there is none."""

import subprocess
import sys

import pytest

from edge.audio.devices import Direction, SoundDevice, choose
from edge.errors import AudioError

DEVICES = [
    SoundDevice(0, "HDA Intel: Analog (hw:0,0)", inputs=2, outputs=2, rate=44_100),
    SoundDevice(1, "USB PnP Sound Device: Audio (hw:1,0)", inputs=1, outputs=0, rate=48_000),
    SoundDevice(2, "vc4-hdmi: MAI PCM (hw:2,0)", inputs=0, outputs=2, rate=48_000),
    SoundDevice(3, "usb", inputs=1, outputs=1, rate=48_000),
    SoundDevice(4, "default", inputs=32, outputs=32, rate=44_100, default_input=True, default_output=True),
]


@pytest.mark.parametrize(
    ("wanted", "direction", "index"),
    [
        ("default", "input", 4),
        ("Default", "output", 4),
        ("PnP", "input", 1),
        ("pnp sound", "input", 1),
        ("USB", "input", 3),
        ("hw:1", "input", 1),
        ("hdmi", "output", 2),
        ("0", "input", 0),
        ("2", "output", 2),
        (" analog ", "output", 0),
        ("hw", "output", 0),
    ],
)
def test_a_device_is_found_by_name_part_or_index(wanted: str, direction: Direction, index: int) -> None:
    assert choose(DEVICES, wanted, direction).index == index


@pytest.mark.parametrize(
    ("wanted", "direction"), [("hdmi", "input"), ("pnp", "output"), ("2", "input"), ("9", "input"), ("", "input")]
)
def test_a_device_that_cannot_do_it_is_not_found_and_the_others_are_named(wanted: str, direction: Direction) -> None:
    with pytest.raises(AudioError, match="named") as caught:
        choose(DEVICES, wanted, direction)
    assert "HDA Intel: Analog (hw:0,0)" in caught.value.remedy
    assert f"audio.{direction}" in caught.value.remedy


@pytest.mark.parametrize("direction", ["input", "output"])
def test_without_any_device_the_default_is_an_error(direction: Direction) -> None:
    with pytest.raises(AudioError, match=r"there is no (microphone|loudspeaker)"):
        choose([], "default", direction)


def test_the_first_device_is_the_default_where_the_system_names_none() -> None:
    assert choose(DEVICES[1:3], "default", "input").index == 1


WITHOUT_PORTAUDIO = """
import ctypes.util, sys
ctypes.util.find_library = lambda name: None
from edge.audio import mic, replay, ring, speaker, wavfile
from edge.audio.portaudio import PortAudio
from edge.errors import AudioError
assert "sounddevice" not in sys.modules
try:
    PortAudio().name_of("default", "input")
except AudioError as error:
    print(error)
"""


def test_without_the_library_everything_imports_and_a_device_says_what_to_type() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_PORTAUDIO], capture_output=True, text=True, check=True)
    assert ran.stdout == "the system has no PortAudio — sudo apt-get install libportaudio2\n"
