"""From samples to MQTT and back, with real engines, a real broker and nothing faked but the loudspeaker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import numpy as np
import pytest
import soundfile

from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.audio.speaker import WavSink
from edge.cli.play import play_one
from edge.devices import Confirmation
from edge.events import AnyEvent, Fault, SpeakingStarted, SpeechEnded, TurnEnded, Understood, Woke
from edge.home.demo import Behaviour, SimulatedHome
from edge.intents import OutcomeKind
from edge.ports import AudioSink
from edge.sections import MqttSettings
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.sounds import Pcm, Recognise, Say, nearest, quiet

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def listening(
    broker: Mosquitto, sink: AudioSink, tmp_path: Path, confirm_s: float = 20.0
) -> AsyncIterator[Assistant]:
    """The whole assistant on that broker."""
    address = broker.address
    settings = Settings(data_dir=tmp_path, mqtt=MqttSettings(host=address.host, port=address.port, confirm_s=confirm_s))
    async with assistant(settings, hears=True, sink=sink) as running:
        await running.ready()
        await running.house.settled(30)
        yield running


async def hear(running: Assistant, sound: Pcm) -> tuple[list[TurnEnded], list[AnyEvent]]:
    """Play ``sound`` to the assistant; returns the turns and every event."""
    events: list[AnyEvent] = []
    turns = await play_one(running, sound, realtime=False, no_wake=False, report=events.append)
    return turns, events


def command(say: Say, text: str) -> Pcm:
    """A wake word and, in the same breath, ``text``, in a quiet room."""
    return np.concatenate([quiet(1.0), say(f"Alexa, {text}"), quiet(0.2)])


async def test_a_light_is_switched_and_the_answer_is_spoken(
    home: SimulatedHome, broker: Mosquitto, say: Say, recognise: Recognise, tmp_path: Path
) -> None:
    async with listening(broker, WavSink(tmp_path / "out"), tmp_path) as running:
        (turn,), events = await hear(running, command(say, "turn on the kitchen light."))
    assert home.state("kitchen_light")["state"] == "ON"
    assert home.commands("kitchen_light") == [("", '{"state": "ON"}')]
    assert turn.outcome is OutcomeKind.DONE
    assert turn.intent is not None
    assert (turn.intent.name, dict(turn.intent.slots)) == ("HassTurnOn", {"name": "Kitchen Light"})
    assert [action.confirmation for action in turn.actions] == [Confirmation.CONFIRMED]
    assert turn.reply.text == "Kitchen Light is on."
    spoken, rate = soundfile.read(str(turn.reply.audio), dtype="int16")
    assert rate == 22050
    assert 0.5 < len(spoken) / rate < 3.0
    assert nearest(recognise(spoken, rate)) == "The kitchen light is on."
    kinds = [type(event).__name__ for event in events]
    order = ["Woke", "SpeechStarted", "SpeechEnded", "Transcribed", "Understood", "Acted", "ReplyReady"]
    assert [kind for kind in kinds if kind in order] == order
    assert kinds[-1] == "TurnEnded"
    timings = turn.timings
    for ms in (timings.wake_ms, timings.endpoint_ms, timings.stt_ms, timings.understand_ms, timings.act_ms):
        assert ms is not None
        assert ms >= 0
    assert timings.first_audio_ms is not None
    assert timings.endpoint_ms is not None
    assert timings.first_audio_ms > timings.endpoint_ms
    assert 250 <= timings.endpoint_ms <= 760, "between a sentence that is known to be over and one that is not"


async def test_two_commands_in_one_stream_are_two_turns(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = np.concatenate([command(say, "turn on the bedroom light."), quiet(1.0), command(say, "open the blinds.")])
    async with listening(broker, WavSink(None), tmp_path) as running:
        turns, _ = await hear(running, sound)
    assert [turn.intent.name if turn.intent else None for turn in turns] == ["HassTurnOn", "HassTurnOn"]
    assert home.state("bedroom_light")["state"] == "ON"
    assert home.commands("blinds") == [("", "OPEN")]


async def test_what_a_silent_lamp_did_is_not_claimed(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    home.behave("kitchen_light", Behaviour(silent=True))
    async with listening(broker, WavSink(None), tmp_path, confirm_s=1.0) as running:
        (turn,), _ = await hear(running, command(say, "turn on the kitchen light."))
    assert turn.outcome is OutcomeKind.UNCONFIRMED
    assert turn.reply.text == "Kitchen Light did not answer."


async def test_a_command_while_the_broker_is_away_fails_aloud_at_once(
    broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    async with listening(broker, WavSink(tmp_path), tmp_path) as running:
        async with SimulatedHome(broker.address):
            await running.house.settled(30)
        broker.stop()
        while running.house.online:
            await anyio.sleep(0.05)
        (turn,), events = await hear(running, command(say, "turn on the kitchen light."))
    assert turn.outcome is OutcomeKind.FAILED
    assert turn.reply.text == "I can't reach the house right now."
    assert turn.reply.audio is not None, "it was said, not only written"
    assert [event.code for event in events if isinstance(event, Fault)] == ["broker_offline"]
    assert turn.timings.act_ms is not None
    assert turn.timings.act_ms < 10_000, "it did not wait for the broker, for which it would have twenty seconds"


async def test_a_wake_word_and_nothing_after_it_is_silence(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    async with listening(broker, WavSink(None), tmp_path) as running:
        (turn,), _ = await hear(running, np.concatenate([quiet(1.0), say("Alexa!"), quiet(7.0)]))
    assert turn.outcome is OutcomeKind.SILENCE
    assert turn.text == ""
    assert turn.reply.text == ""


async def test_twenty_seconds_of_noise_wake_nobody_and_the_loop_goes_on(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = np.concatenate([quiet(20.0, level=3000.0), command(say, "turn on the kitchen light.")])
    async with listening(broker, WavSink(None), tmp_path) as running:
        (turn,), _ = await hear(running, sound)
    assert turn.outcome is OutcomeKind.DONE


async def test_noise_after_the_wake_word_is_no_command(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = np.concatenate([quiet(1.0), say("Alexa!"), quiet(20.0, level=3000.0)])
    async with listening(broker, WavSink(None), tmp_path) as running:
        (turn,), _ = await hear(running, sound)
    assert turn.outcome in (OutcomeKind.SILENCE, OutcomeKind.NOT_UNDERSTOOD)
    assert turn.actions == ()


async def test_speech_that_never_ends_is_cut_after_15_seconds(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    """As a radio would: one sentence after another, without a pause."""
    spoken = say("The committee has decided that the new bridge will be opened in the spring of the coming year")
    voiced = spoken[np.abs(spoken) > 40]
    sound = np.concatenate([quiet(1.0), say("Alexa!"), np.tile(voiced, 8)[: 22 * 16000]])
    async with listening(broker, WavSink(None), tmp_path) as running:
        turns, events = await hear(running, sound)
    ended = next(event for event in events if isinstance(event, SpeechEnded))
    woke = next(event for event in events if isinstance(event, Woke))
    assert ended.capped
    assert 14.0 < ended.at - woke.at < 16.5
    assert turns[0].outcome is OutcomeKind.NOT_UNDERSTOOD
    assert turns[0].actions == ()


class PatientSpeaker:
    """A loudspeaker that takes its time, as real ones do."""

    def __init__(self) -> None:
        self.stopped = False

    async def play(self, pcm: Pcm, rate: int) -> None:
        try:
            await anyio.sleep(30)
        except anyio.get_cancelled_exc_class():
            self.stopped = True
            raise

    async def finish(self) -> str | None:
        return None


async def test_a_wake_word_while_it_speaks_stops_it_and_opens_the_next_turn(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    speaker = PatientSpeaker()
    # Between the two, time to begin to speak.
    sound = np.concatenate(
        [command(say, "turn on the bedroom light."), quiet(6.5), command(say, "turn on the kitchen light."), quiet(1.5)]
    )
    ring = Ring(30.0)
    async with listening(broker, speaker, tmp_path) as running:
        with running.bus.subscribe(1024) as events, anyio.fail_after(90):
            async with Replay(sound, ring, realtime=True), anyio.create_task_group() as tasks:
                tasks.start_soon(running.follow, ring)
                while home.state("kitchen_light")["state"] == "OFF":
                    await anyio.sleep(0.05)
                for _ in range(2):
                    while not isinstance(await events.next(), SpeakingStarted):
                        pass
                assert speaker.stopped
                tasks.cancel_scope.cancel()
    assert home.state("bedroom_light")["state"] == "ON"
    assert home.state("kitchen_light")["state"] == "ON"


async def test_asking_in_writing_understands_the_same(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with listening(broker, WavSink(None), tmp_path) as running:
        events = await running.ask("turn on the lights", area="Bedroom")
    turn = events[-1]
    assert isinstance(turn, TurnEnded)
    assert [action.device for action in turn.actions] == ["light.bedroom_light"]
    assert any(isinstance(event, Understood) for event in events)
    assert turn.reply.audio is None
