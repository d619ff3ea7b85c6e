"""A timer from the sentence that sets it to the sound, with the real voice."""

from pathlib import Path

import anyio
import numpy as np
import pytest
import soundfile

from edge.app import assistant
from edge.audio.speaker import WavSink
from edge.events import Announced, Rang, RingingEnded, TurnEnded
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.sections import MqttSettings
from edge.settings import Settings
from tests.brokers import Mosquitto

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment outranks what a test gives, and a timer of another run would ring first."""
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path))


def settings(broker: Mosquitto, tmp_path: Path) -> Settings:
    address = broker.address
    return Settings(data_dir=tmp_path, mqtt=MqttSettings(host=address.host, port=address.port, confirm_s=20.0))


async def test_a_timer_of_two_seconds_rings_until_it_is_stopped(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with assistant(settings(broker, tmp_path), hears=False, sink=WavSink(tmp_path / "out")) as running:
        await running.ready()
        with running.bus.subscribe() as events:
            *_, turn = await running.ask("set an egg timer for two seconds")
            assert isinstance(turn, TurnEnded)
            assert turn.reply.text == "2-second egg timer set."
            with anyio.fail_after(60):
                while not isinstance(rang := await events.next(), Rang):
                    pass
                assert rang.text == "Your egg timer is done."
                while not (tmp_path / "out" / "answer.wav").exists():
                    await anyio.sleep(0.05)
            *_, turn = await running.ask("stop")
            assert isinstance(turn, TurnEnded)
            assert (turn.outcome, turn.reply.text) == (OutcomeKind.DONE, "")
            ended = [event for event in events.pending() if isinstance(event, RingingEnded)]
            assert [(event.text, event.how) for event in ended] == [("Your egg timer is done.", "stopped")]
        *_, turn = await running.ask("stop")
        assert isinstance(turn, TurnEnded)
        assert turn.intent is None or turn.intent.name != "HearthSilence", "it means what it meant before"
    sound, rate = soundfile.read(tmp_path / "out" / "answer.wav", dtype="int16")
    assert rate == 22050
    assert 3.2 + 0.5 < len(sound) / rate < 8.0, "two chimes and a sentence"
    assert np.abs(sound[: rate // 2]).max() > 5_000


async def test_one_that_answers_and_goes_leaves_what_is_due_to_the_one_that_stays(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with assistant(settings(broker, tmp_path), hears=False, sink=None, stays=False) as brief:
        await brief.ask("set a timer for one second")
        with brief.bus.subscribe() as events:
            await anyio.sleep(1.5)
            assert events.pending() == []
    async with assistant(settings(broker, tmp_path), hears=False, sink=None) as running:
        with running.bus.subscribe() as events, anyio.fail_after(60):
            while not isinstance(event := await events.next(), Rang | Announced):
                pass
        assert event.text == "Your 1-second timer is done."
