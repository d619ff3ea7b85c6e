"""Every panel shows every cue and tells of what a person does: GPIO on gpiozero's mock pins, HID on a double."""

import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.hardware import gpio
from edge.hardware.hid import HidPanel
from edge.panel import Control, Cue, Light, Showing
from edge.ports import Panel
from edge.sections import HardwareSettings, Pins
from tests.speakerphone import MUTE_LEVEL, Speakerphone, descriptor

BRIGHT = Light(1.0, 1.0, 1.0)


class Hands(ABC):
    """A panel, and the person at it."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[Control] = queue.SimpleQueue()
        self.panel: Panel

    def tell(self, control: Control) -> None:
        self._told.put(control)

    def told(self) -> Control:
        return self._told.get(timeout=30)

    def nothing_told(self) -> None:
        with pytest.raises(queue.Empty):
            self._told.get(timeout=0.3)

    @abstractmethod
    def press(self) -> None: ...

    @abstractmethod
    def mute(self) -> None: ...

    @abstractmethod
    def mute_switch(self, *, off: bool) -> None: ...

    @abstractmethod
    def seen(self) -> object:
        """What its lights are."""


class Pinned(Hands):
    def __init__(self, **settings: object) -> None:
        super().__init__()
        self.factory = MockFactory(pin_class=MockPWMPin)
        # A busy machine may take a while from the press to the release.
        wired = {"led": Pins(red=17, green=27, blue=22), "button": 23, "mute_switch": 24, "hold_s": 10.0, **settings}
        self.panel = gpio.build(HardwareSettings.model_validate(wired), self.tell, self.factory)
        if wired["mute_switch"] is not None:
            assert self.told() is Control.FOUND_ON

    def press(self) -> None:
        self._contact(23, closed=True)
        self._contact(23, closed=False)

    def mute(self) -> None:
        self._contact(23, closed=True)
        assert self.told() is Control.PRESSED, "at once; that it is held is known later"

    def mute_switch(self, *, off: bool) -> None:
        self._contact(24, closed=off)

    def seen(self) -> tuple[float, ...]:
        return tuple(round(self.factory.pin(pin).state, 3) for pin in (17, 27, 22))

    def _contact(self, pin: int, *, closed: bool) -> None:
        if closed:
            self.factory.pin(pin).drive_low()
        else:
            self.factory.pin(pin).drive_high()


class Phone(Hands):
    def __init__(self, device: Speakerphone | None = None) -> None:
        super().__init__()
        self.device = device or Speakerphone()
        self.panel = HidPanel(lambda: ("Phone", self.device), self.tell)

    def press(self) -> None:
        self.device.call_button()

    def mute(self) -> None:
        self.device.mute(down=True)
        self.device.mute(down=False)

    def mute_switch(self, *, off: bool) -> None:
        self.device.mute(down=off)

    def seen(self) -> set[str]:
        return self.device.lights


@pytest.fixture(params=[Pinned, Phone])
def hands(request: pytest.FixtureRequest) -> Iterator[Hands]:
    made: Hands = request.param()
    yield made
    made.panel.close()


@pytest.fixture(params=[lambda: Pinned(hold_s=0.3), Phone])
def held(request: pytest.FixtureRequest) -> Iterator[Hands]:
    """As people set it who mute by holding the button."""
    made: Hands = request.param()
    yield made
    made.panel.close()


@pytest.fixture(params=[Pinned, lambda: Phone(Speakerphone(descriptor(MUTE_LEVEL)))])
def switched(request: pytest.FixtureRequest) -> Iterator[Hands]:
    make: Callable[[], Hands] = request.param
    made = make()
    yield made
    made.panel.close()


def test_it_says_what_there_is(hands: Hands) -> None:
    assert len(hands.panel.found) >= 4
    assert any("button" in each for each in hands.panel.found)


def test_every_cue_can_be_shown_and_idle_and_closed_are_dark(hands: Hands) -> None:
    dark = hands.seen()
    lit = []
    for cue in Cue:
        hands.panel.show(Showing(cue, Light() if cue is Cue.IDLE else BRIGHT, muted=cue is Cue.MUTED))
        lit.append(hands.seen())
    assert lit[list(Cue).index(Cue.IDLE)] == dark
    for cue in (Cue.LISTENING, Cue.SPEAKING, Cue.RINGING, Cue.MUTED):
        assert lit[list(Cue).index(cue)] != dark
    hands.panel.show(Showing(Cue.MUTED, BRIGHT, muted=True))
    hands.panel.close()
    assert hands.seen() == dark
    hands.panel.close()


def test_a_press_is_told_once_each_time(hands: Hands) -> None:
    for _ in range(3):
        hands.press()
        assert hands.told() is Control.PRESSED
    hands.nothing_told()


def test_a_press_is_one_whatever_is_shown(hands: Hands) -> None:
    """That a device acknowledges its lights is nobody's press."""
    for cue in (Cue.LISTENING, Cue.THINKING, Cue.SPEAKING, Cue.IDLE, Cue.MUTED, Cue.RINGING):
        hands.panel.show(Showing(cue, BRIGHT))
        shown = hands.seen()
        hands.press()
        assert hands.told() is Control.PRESSED
        assert hands.seen() == shown
    # One too many anywhere would be left over here.
    hands.nothing_told()
    assert hands.seen() == shown


def test_mute_by_hand(held: Hands) -> None:
    held.mute()
    assert held.told() is Control.MUTE
    held.nothing_told()


def test_the_position_of_a_switch(switched: Hands) -> None:
    for off in (True, False, True):
        switched.mute_switch(off=off)
        assert switched.told() is (Control.SWITCH_OFF if off else Control.SWITCH_ON)


def test_closed_it_tells_of_nothing(hands: Hands) -> None:
    hands.panel.close()
    if isinstance(hands, Phone):
        hands.press()
    hands.nothing_told()
