"""Ways to wire a light, and pins that can't be had."""

import subprocess
import sys
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.errors import HardwareError
from edge.hardware import gpio
from edge.panel import Cue, Light, Showing
from edge.sections import HardwareSettings, Pins

LIGHT = Light(red=0.1, green=0.6, blue=0.3)


@pytest.mark.parametrize(
    ("settings", "levels"),
    [
        (HardwareSettings(led=17), {17: 0.6}),
        (HardwareSettings(led=Pins(red=17, green=27, blue=22)), {17: 0.1, 27: 0.6, 22: 0.3}),
        (HardwareSettings(led=Pins(red=17)), {17: 0.1}),
        (HardwareSettings(led=Pins(green=17), led_active_high=False), {17: 0.4}),
        (HardwareSettings(led=Pins(red=17, blue=22), led_pwm=False), {17: 0, 22: 1}),
    ],
)
def test_a_light_by_its_wiring(settings: HardwareSettings, levels: dict[int, float]) -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    panel = gpio.build(settings, lambda _: None, factory)
    panel.show(Showing(Cue.SPEAKING, LIGHT))
    assert {pin: factory.pin(pin).state for pin in levels} == pytest.approx(levels)
    panel.close()


def test_a_pin_that_is_taken_is_an_error_and_lets_the_others_go() -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    with pytest.raises(HardwareError, match="GPIO pin"):
        gpio.build(HardwareSettings(led=17, button=17), lambda _: None, factory)
    gpio.build(HardwareSettings(led=17), lambda _: None, factory).close()


def test_where_there_are_no_pins_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the real library: no test machine has pins."""
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    with pytest.raises(HardwareError, match="no GPIO pins") as caught:
        gpio.build(HardwareSettings(led=17), lambda _: None)
    assert "\n" not in str(caught.value)


def test_the_working_directory_stays_where_it_was(tmp_path: Path) -> None:
    """In a process of its own: the library changes it once, the first time it is loaded."""
    tried = (
        "import os; from edge.hardware import gpio; from edge.sections import HardwareSettings; from edge.errors import HardwareError\n"
        "try: gpio.build(HardwareSettings(led=17), lambda _: None)\n"
        "except HardwareError: print(os.getcwd())"
    )
    done = subprocess.run([sys.executable, "-c", tried], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path)
