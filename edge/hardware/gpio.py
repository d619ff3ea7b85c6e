"""A light, a button and a mute switch on the pins of a Raspberry Pi, by gpiozero."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.errors import HardwareError
from edge.panel import Control, Light, Showing
from edge.sections import HardwareSettings, Pins

_LIT = 0.15
"""A light that can't be dimmed is on from here."""


def build(settings: HardwareSettings, tell: Callable[[Control], None], factory: Any = None) -> "GpioPanel":
    """What ``settings`` name. ``factory``: gpiozero's pin factory; None for the machine's own. Raises HardwareError."""
    return GpioPanel(settings, tell, factory or _pins())


def _pins() -> Any:
    import gpiozero

    # The lgpio library leaves a pipe in its working directory, which a service may not write to ...
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    try:
        # ... and makes that the one of the whole process: files that somebody named are where they were before.
        with contextlib.chdir(Path.cwd()):
            return _factory(gpiozero)
    except (ImportError, OSError, gpiozero.GPIOZeroError) as error:
        raise _none(error) from error


def _factory(gpiozero: Any) -> Any:
    """Raises what the libraries raise, lgpio's own error as OSError."""
    if "GPIOZERO_PIN_FACTORY" in os.environ:
        gpiozero.Device.ensure_pin_factory()
        return gpiozero.Device.pin_factory
    import lgpio
    from gpiozero.pins.lgpio import LGPIOFactory

    try:
        return LGPIOFactory()
    except lgpio.error as error:
        raise OSError(str(error)) from error


def _none(error: Exception) -> HardwareError:
    return HardwareError(
        f"there are no GPIO pins here: {error}",
        "run it on a Raspberry Pi as a member of the group gpio, or take led, button and mute_switch out of [hardware]",
        permanent=True,
    )


def _refusals(gpiozero: Any) -> tuple[type[Exception], ...]:
    """What is raised for a pin that can't be had. lgpio's own error is there only where lgpio is what is used."""
    lgpio = sys.modules.get("lgpio")
    return (gpiozero.GPIOZeroError, OSError, *((lgpio.error,) if lgpio is not None else ()))


class GpioPanel:
    """Built, shown and closed in one thread; gpiozero tells of buttons in threads of its own."""

    def __init__(self, settings: HardwareSettings, tell: Callable[[Control], None], factory: Any) -> None:
        """Raises HardwareError when a pin can't be had."""
        import gpiozero

        self._settings, self._tell, self._factory = settings, tell, factory
        self._leds: dict[str, Any] = {}
        self._contacts: list[Any] = []
        try:
            self._open(gpiozero)
        except _refusals(gpiozero) as error:
            self.close()
            raise HardwareError(f"a GPIO pin can't be had: {error}", "see whether something else uses it") from error

    @property
    def found(self) -> Sequence[str]:
        """Each with its pin."""
        settings = self._settings
        lights = [f"light on GPIO {pin}" if color == "all" else f"{color} light on GPIO {pin}" for color, pin in
                  _led_pins(settings.led).items()]  # fmt: skip
        button = [] if settings.button is None else [f"button on GPIO {settings.button}"]
        switch = [] if settings.mute_switch is None else [f"mute switch on GPIO {settings.mute_switch}"]
        return [*lights, *button, *switch]

    def show(self, showing: Showing) -> None:
        """The light alone counts."""
        for color, led in self._leds.items():
            level = _level(showing.light, color)
            led.value = level if self._settings.led_pwm else float(level >= _LIT)

    def close(self) -> None:
        """Lights go out, and nothing is told any more."""
        for device in (*self._contacts, *self._leds.values()):
            device.close()
        self._contacts, self._leds = [], {}

    def _open(self, gpiozero: Any) -> None:
        settings, pins = self._settings, {"pin_factory": self._factory}
        kind = gpiozero.PWMLED if settings.led_pwm else gpiozero.LED
        for color, pin in _led_pins(settings.led).items():
            self._leds[color] = kind(pin, active_high=settings.led_active_high, **pins)
        contact = {"pull_up": settings.pull_up, "bounce_time": settings.bounce_s or None, **pins}
        if settings.button is not None:
            button = gpiozero.Button(settings.button, hold_time=settings.hold_s, **contact)
            self._contacts.append(button)
            button.when_pressed = lambda: self._tell(Control.PRESSED)
            button.when_held = lambda: self._tell(Control.MUTE)
        if settings.mute_switch is not None:
            switch = gpiozero.Button(settings.mute_switch, **contact)
            self._contacts.append(switch)
            switch.when_pressed = lambda: self._tell(Control.SWITCH_OFF)
            switch.when_released = lambda: self._tell(Control.SWITCH_ON)
            self._tell(Control.FOUND_OFF if switch.is_pressed else Control.FOUND_ON)


def _led_pins(led: int | Pins | None) -> Mapping[str, int]:
    """Color → pin; ``all`` for a light of one color that shows everything."""
    if led is None:
        return {}
    if isinstance(led, int):
        return {"all": led}
    pins = {"red": led.red, "green": led.green, "blue": led.blue}
    return {color: pin for color, pin in pins.items() if pin is not None}


def _level(light: Light, color: str) -> float:
    return light.brightness if color == "all" else float(getattr(light, color))
