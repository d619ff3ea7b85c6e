"""The whole assistant with a light, a button and a mute switch on gpiozero's mock pins."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import gpiozero
import numpy as np
import pytest

from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.audio.speaker import WavSink
from edge.cli.hardware import attend
from edge.events import Fault, TurnEnded, Woke
from edge.home.demo import SimulatedHome
from edge.sections import HardwareSettings, MqttSettings, Pins
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.flow.test_cli import Environment, environ, hearth, rows
from tests.flow.test_microphone import the
from tests.sounds import Say, quiet

__all__ = ["environ"]
pytestmark = pytest.mark.anyio
HARDWARE = HardwareSettings(led=Pins(red=17, green=27, blue=22), button=23, mute_switch=24, hold_s=0.3)
RED, BLUE, DARK = (0.3, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0)


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The mock pins that whoever asks gpiozero for the machine's own gets."""
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    monkeypatch.setenv("GPIOZERO_MOCK_PIN_CLASS", "mockpwmpin")
    gpiozero.Device.pin_factory = None
    gpiozero.Device.ensure_pin_factory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = None


@asynccontextmanager
async def attended(
    broker: Mosquitto, tmp_path: Path, hardware: HardwareSettings = HARDWARE, *, hears: bool = False
) -> AsyncIterator[Assistant]:
    address = broker.address
    mqtt = MqttSettings(host=address.host, port=address.port, confirm_s=20.0)
    settings = Settings(data_dir=tmp_path, mqtt=mqtt, hardware=hardware)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            assistant(settings, hears=hears, sink=WavSink(None) if hears else None)
        )
        tasks = await stack.enter_async_context(anyio.create_task_group())
        await running.house.settled(30)
        await attend(running, stack, tasks)
        with anyio.fail_after(90):
            yield running
        tasks.cancel_scope.cancel()


def light(pins: Any) -> tuple[float, ...]:
    return tuple(round(pins.pin(pin).state, 3) for pin in (17, 27, 22))


async def until_lit(pins: Any, wanted: tuple[float, ...]) -> None:
    while light(pins) != wanted:
        await anyio.sleep(0.01)


async def test_the_mute_switch_decides_and_the_light_shows_it(broker: Mosquitto, pins: Any, tmp_path: Path) -> None:
    async with attended(broker, tmp_path) as running:
        assert not running.listening.on, "not before it is known where the switch is"
        await running.listening.becomes(True)
        pins.pin(24).drive_low()
        await running.listening.becomes(False)
        await until_lit(pins, RED)
        running.listening.set(True)
        assert not running.listening.on
        pins.pin(24).drive_high()
        await running.listening.becomes(True)
        await until_lit(pins, DARK)
        pins.pin(23).drive_low()
        await running.listening.becomes(False)
        pins.pin(23).drive_high()
        await until_lit(pins, RED)
    with anyio.fail_after(60):  # the thread that holds the pins ends in its own time
        await until_lit(pins, DARK)


async def test_push_to_talk(home: SimulatedHome, broker: Mosquitto, say: Say, pins: Any, tmp_path: Path) -> None:
    # Time to press, and to be seen listening; and no short press that a busy machine makes a long one.
    sound = np.concatenate([quiet(4.5), say("Turn on the kitchen light."), quiet(9.0)])
    ring, hardware = Ring(30.0), HARDWARE.model_copy(update={"hold_s": 10.0})
    async with attended(broker, tmp_path, hardware, hears=True) as running:
        await running.ready()
        await running.listening.becomes(True)
        with running.bus.subscribe(1024) as events:
            async with Replay(sound, ring, realtime=True), anyio.create_task_group() as tasks:
                tasks.start_soon(running.follow, ring)
                while ring.now < 0.5:
                    await anyio.sleep(0.02)
                pins.pin(23).drive_low()
                pins.pin(23).drive_high()
                assert (await the(Woke, events)).word == "button"
                await until_lit(pins, BLUE)
                await the(TurnEnded, events)
                await until_lit(pins, DARK)
                tasks.cancel_scope.cancel()
    assert home.state("kitchen_light")["state"] == "ON"


async def test_without_pins_it_runs_and_with_a_switch_that_cannot_be_read_it_does_not_listen(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    for hardware, listens in ((HardwareSettings(led=17), True), (HARDWARE, False)):
        async with attended(broker, tmp_path, hardware) as running:
            with running.bus.subscribe() as events:
                fault = await the(Fault, events)
            assert fault.code == "hardware"
            assert ("stays off" in fault.message) is not listens
            assert running.listening.on is listens


def test_the_check_says_what_there_is(environ: Environment) -> None:
    mock = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}
    wired = environ | {"HEARTH_HARDWARE__BUTTON": "23", "HEARTH_HARDWARE__LED": "17", "HEARTH_HARDWARE__HID": "auto"}
    found = {row["check"]: (row["ok"], row["found"]) for row in rows(hearth(wired | mock, "check", "--json"))}
    assert found["hardware gpio"] == (True, "light on GPIO 17, button on GPIO 23")
    assert found["hardware hid"] == (False, "there is no HID speakerphone")
    found = {row["check"]: (row["ok"], row["found"]) for row in rows(hearth(wired, "check", "--json"))}
    ok, what = found["hardware gpio"]
    assert not ok
    assert str(what).startswith("there are no GPIO pins here")
    assert not [check for check in rows(hearth(environ, "check", "--json")) if "hardware" in str(check["check"])]
