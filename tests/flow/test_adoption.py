"""Settings that an assistant takes over while it listens: other thresholds, another word, another voice."""

from pathlib import Path

import anyio
import anyio.to_thread
import numpy as np
import pytest
import soundfile

from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.ring import Ring
from edge.audio.speaker import WavSink
from edge.bus import Subscription
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, AudioChunk
from edge.errors import AssistantError
from edge.events import Woke
from edge.sections import MqttSettings, UnderstandSettings, WakeSettings
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.sounds import Pcm, Say, quiet

pytestmark = pytest.mark.anyio


class Room:
    """What is said in it goes on where it ended."""

    def __init__(self) -> None:
        self.ring = Ring(30.0, lossless=True)
        self._chunks = 0

    def say(self, pcm: Pcm) -> None:
        """In a thread: it waits for whoever listens."""
        sound = np.concatenate([quiet(1.5), pcm, quiet(7.0)])
        for chunk in sound[: len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES):
            self.ring.write(AudioChunk(chunk, self._chunks * CHUNK_SECONDS))
            self._chunks += 1


async def woken(room: Room, pcm: Pcm, events: Subscription) -> list[str]:
    await anyio.to_thread.run_sync(room.say, pcm)
    return [event.word for event in events.pending() if isinstance(event, Woke)]


async def test_thresholds_words_and_voice_change_while_it_listens(broker: Mosquitto, say: Say, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port),
        wake=WakeSettings(words=("alexa",)),
        understand=UnderstandSettings(llm="none", semantic=False),
    )
    alexa, jarvis, room = say("Alexa."), say("Hey Jarvis."), Room()
    async with (
        assistant(settings, hears=True, sink=WavSink(tmp_path / "out")) as running,
        anyio.create_task_group() as tasks,
    ):
        await running.ready()
        tasks.start_soon(running.follow, room.ring)
        with running.bus.subscribe() as events:
            assert await woken(room, alexa, events) == ["alexa"]

            deaf = settings.wake.model_copy(update={"thresholds": {"alexa": 1.0}})
            assert await running.adopt(settings.model_copy(update={"wake": deaf})) == frozenset()
            assert await woken(room, alexa, events) == []

            other = WakeSettings(words=("hey_jarvis",), verify=False)
            assert await running.adopt(settings.model_copy(update={"wake": other, "area": "Den"})) == {"area"}
            assert await woken(room, alexa, events) == []
            assert await woken(room, jarvis, events) == ["hey_jarvis"]

            nonsense = WakeSettings(words=("hey_nobody",))
            with pytest.raises(AssistantError, match="hey_nobody"):
                await running.adopt(settings.model_copy(update={"wake": nonsense}))
            assert running.settings.wake == other
            assert await woken(room, jarvis, events) == ["hey_jarvis"]

        loud = np.abs(await spoken(running)).max()
        softer = running.settings.speak.model_copy(update={"volume": 0.25})
        await running.adopt(running.settings.model_copy(update={"speak": softer}))
        assert np.abs(await spoken(running)).max() < loud / 2
        room.ring.close()


async def spoken(running: Assistant) -> Pcm:
    path = await running.say("This is how loud it is.")
    assert path is not None
    return np.asarray(soundfile.read(path, dtype="int16")[0], np.int16)
