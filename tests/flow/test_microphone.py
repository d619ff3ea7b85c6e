"""Speaking at the press of a button, and a microphone that is switched off in mid-sentence."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio
import numpy as np
import pytest

from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.audio.speaker import WavSink
from edge.bus import Subscription
from edge.events import AnyEvent, Rang, RingingEnded, SpeechStarted, TurnEnded, Woke
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.sections import MqttSettings
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.flow.test_cli import Environment, environ, hearth, rows, running
from tests.sounds import Pcm, Say, quiet

__all__ = ["environ"]
pytestmark = pytest.mark.anyio
E = TypeVar("E", bound=AnyEvent)
_PATIENCE_S = 120.0


@asynccontextmanager
async def hearing(
    broker: Mosquitto, tmp_path: Path, sound: Pcm, *, realtime: bool = True
) -> AsyncIterator[tuple[Assistant, Ring, Subscription]]:
    """The whole assistant, to which ``sound`` is being played at the speed of speech, or as fast as it is listened to."""
    address = broker.address
    settings = Settings(data_dir=tmp_path, mqtt=MqttSettings(host=address.host, port=address.port, confirm_s=20.0))
    ring = Ring(30.0, lossless=not realtime)
    async with assistant(settings, hears=True, sink=WavSink(None)) as here:
        await here.ready()
        await here.house.settled(30)
        with here.bus.subscribe(1024) as events, anyio.fail_after(_PATIENCE_S):
            async with Replay(sound, ring, realtime=realtime), anyio.create_task_group() as tasks:
                tasks.start_soon(here.follow, ring)
                yield here, ring, events
                tasks.cancel_scope.cancel()


async def the(kind: type[E], events: Subscription, when: Callable[[E], bool] = lambda _: True) -> E:
    """The next event of that kind."""
    while True:
        event = await events.next()
        if isinstance(event, kind) and when(event):
            return event


async def test_a_press_opens_a_turn_as_a_wake_word_does(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    # Time to press before it is said.
    sound = np.concatenate([quiet(4.5), say("Turn on the kitchen light."), quiet(5.0)])
    async with hearing(broker, tmp_path, sound) as (here, ring, events):
        while ring.now < 0.5:
            await anyio.sleep(0.02)
        await here.press()
        woke = await the(Woke, events)
        assert (woke.word, woke.score) == ("button", 1.0)
        turn = await the(TurnEnded, events)
    assert turn.turn == woke.turn
    assert turn.outcome is OutcomeKind.DONE
    assert home.state("kitchen_light")["state"] == "ON"


async def test_what_is_said_when_the_microphone_is_switched_off_is_not_acted_on(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = np.concatenate(
        [quiet(1.0), say("Alexa, turn on the kitchen light and the lamp in the bedroom."), quiet(9.0)]
    )
    async with hearing(broker, tmp_path, sound, realtime=False) as (_, ring, events):
        await the(SpeechStarted, events)
        ring.cut()
        turn = await the(TurnEnded, events)
    assert turn.outcome is OutcomeKind.CANCELLED
    assert turn.text == ""
    assert home.state("kitchen_light")["state"] == "OFF"


async def test_a_press_stops_what_rings_and_opens_no_turn(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with hearing(broker, tmp_path, quiet(60.0)) as (here, _, events):
        await here.ask("set a timer for 1 second")
        await the(Rang, events)
        await here.press()
        assert (await the(RingingEnded, events)).how == "stopped"
        await anyio.sleep(0.3)
        assert not any(isinstance(event, Woke) for event in events.pending())


async def test_a_press_while_the_microphone_is_off_opens_no_turn(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with hearing(broker, tmp_path, quiet(60.0)) as (here, ring, events):
        (*_, ended) = await here.ask("stop listening")
        assert isinstance(ended, TurnEnded)
        assert ended.outcome is OutcomeKind.DONE
        assert not here.listening.on
        await here.press()
        now = ring.now
        while ring.now < now + 0.3:
            await anyio.sleep(0.02)
        assert not any(isinstance(event, Woke) for event in events.pending())


def test_the_command_line_switches_it_and_it_stays_so(environ: Environment) -> None:
    assert hearth(environ, "listen", "off").stderr.startswith("hearth: no assistant is running")
    with running(environ, 120):
        assert hearth(environ, "listen").stdout == "the microphone is on\n"
        assert rows(hearth(environ, "listen", "off", "--json")) == [{"type": "listening", "on": False}]
    with running(environ, 120):
        assert hearth(environ, "listen", "status").stdout == "the microphone is off\n"
        assert hearth(environ, "listen", "on").stdout == "the microphone is on\n"
    assert hearth(environ, "listen", "maybe").returncode == 2
