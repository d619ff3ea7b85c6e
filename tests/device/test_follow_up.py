"""A conversation on a real device that hears every word of its own voice as loud as it is spoken."""

from pathlib import Path

import anyio
import numpy as np
import pytest
from anyio.to_thread import run_sync

from edge.app import assistant
from edge.audio.front_end import FrontEnd
from edge.audio.mic import Microphone
from edge.audio.portaudio import PortAudio
from edge.audio.reference import Reference
from edge.audio.ring import Ring
from edge.audio.speaker import Speaker
from edge.audio.wavfile import write_wav
from edge.chunk import RATE
from edge.events import AnyEvent, FollowUp, SpeakingEnded, SpeechStarted, TurnEnded
from edge.home.demo import SimulatedHome
from edge.sections import ConfirmSettings, MqttSettings
from edge.settings import Settings
from tests.brokers import mosquitto
from tests.pulse import Pulse
from tests.sounds import Say, quiet

pytestmark = pytest.mark.anyio
_PATIENCE_S = 40.0
"""A busy machine takes its time."""


async def test_its_own_question_is_not_taken_for_the_answer(
    pulse: Pulse, portaudio: PortAudio, say: Say, tmp_path: Path
) -> None:
    command, answer = tmp_path / "command.wav", tmp_path / "answer.wav"
    write_wav(command, np.concatenate([quiet(0.5), say("Alexa, unlock the front door."), quiet(1.0)]), RATE)
    write_wav(answer, np.concatenate([quiet(0.3), say("Yes, please."), quiet(1.0)]), RATE)
    events: list[AnyEvent] = []
    ring, reference = Ring(30.0), Reference()
    with mosquitto() as broker:
        settings = Settings(
            data_dir=tmp_path,
            mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=30.0),
            confirm=ConfirmSettings(unlock="ask"),
        )
        async with (
            SimulatedHome(broker.address) as home,
            Speaker("default", portaudio, reference) as speaker,
            assistant(settings, hears=True, sink=speaker) as running,
            Microphone("default", ring, portaudio, lambda _: None, front_end=FrontEnd(reference)),
            anyio.create_task_group() as tasks,
        ):
            await running.ready()
            await running.house.settled(_PATIENCE_S)
            with running.bus.subscribe(1024) as heard, anyio.fail_after(2 * _PATIENCE_S):
                tasks.start_soon(running.follow, ring)
                # A busy machine may begin to listen too late, or hear a sound that broke up.
                while not any(isinstance(event, FollowUp) for event in events):
                    await run_sync(pulse.play, command)
                    with anyio.move_on_after(10):
                        while not any(isinstance(event, FollowUp) for event in events):
                            events.append(await heard.next())
                # The person thinks for a while.
                await anyio.sleep(2.0)
                await run_sync(pulse.play, answer)
                asked = next(event for event in events if isinstance(event, FollowUp))
                while not any(isinstance(event, TurnEnded) and event.turn == asked.turn for event in events):
                    events.append(await heard.next())
            tasks.cancel_scope.cancel()
        assert home.state("front_door")["state"] == "UNLOCKED"
    invited = next(event for event in events if isinstance(event, FollowUp))
    spoke = [event for event in events[: events.index(invited)] if isinstance(event, SpeakingEnded)][-1]
    begun = next(event for event in events if isinstance(event, SpeechStarted) and event.turn == invited.turn)
    assert events.index(spoke) < events.index(invited)
    assert begun.at - spoke.at > 1.5, "what it heard first is the person"
