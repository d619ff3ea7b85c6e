"""The sound of turns, where the settings keep it; and turns replayed."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import numpy as np
import pytest
import soundfile

from edge.api.web.server import serve_console
from edge.app import assistant
from edge.audio.speaker import WavSink
from edge.bus import Bus
from edge.chunk import RATE
from edge.cli.play import play_one
from edge.database import Database
from edge.home.demo import SimulatedHome
from edge.memory.recordings import FOLDER, Recordings, count, write
from edge.sections import ApiSettings, MemorySettings, MqttSettings, UnderstandSettings
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.sounds import Say, quiet
from tests.web.conftest import Served
from tests.web.test_turns import ask

pytestmark = pytest.mark.anyio
SOUND = (np.sin(np.arange(RATE) / 20) * 5000).astype(np.int16)


@asynccontextmanager
async def recording(broker: Mosquitto, folder: Path, days: float) -> AsyncIterator[Served]:
    settings = Settings(
        data_dir=folder,
        api=ApiSettings(port=0, tls_port=0),
        memory=MemorySettings(keep_audio_days=days),
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=30.0),
        understand=UnderstandSettings(llm="none", semantic=False),
    )
    async with (
        SimulatedHome(broker.address) as home,
        assistant(settings, hears=True, sink=WavSink(None)) as running,
        serve_console(running) as console,
        httpx.AsyncClient(base_url=console.address, timeout=60) as client,
    ):
        await running.ready()
        await running.house.settled(60)
        yield Served(running, home, broker, console.address.rstrip("/"), client, console)


async def appears(file: Path) -> None:
    with anyio.fail_after(30):
        while not file.exists():
            await anyio.sleep(0.01)


async def test_a_spoken_turn_is_heard_again_replayed_and_forgotten(broker: Mosquitto, say: Say, tmp_path: Path) -> None:
    sound = np.concatenate([quiet(1.0), say("Alexa, turn on the kitchen light."), quiet(1.0)])
    async with recording(broker, tmp_path, days=1) as served:
        (ended,) = await play_one(served.assistant, sound, realtime=False, no_wake=False, report=lambda event: None)
        assert ended.text.casefold() == "turn on the kitchen light"
        await appears(tmp_path / FOLDER / f"{ended.turn}.sealed")
        turn = (await served.client.get(f"/v1/turns/{ended.turn}")).json()
        assert turn["recorded"] is True
        assert {"wake", "speech", "endpoint", "stt", "voice"} <= {stage["kind"] for stage in turn["stages"]}
        heard = await served.client.get(f"/v1/turns/{ended.turn}/audio")
        assert heard.headers["content-type"] == "audio/flac"
        (tmp_path / "heard.flac").write_bytes(heard.content)
        spoken, rate = soundfile.read(tmp_path / "heard.flac", dtype="int16")
        assert (rate, spoken.ndim) == (RATE, 1)
        assert 1.0 < len(spoken) / rate < 4.0
        commands = len(served.home.commands("kitchen_light"))
        replayed = (await served.client.post(f"/v1/turns/{ended.turn}/replay", json={})).json()
        assert (replayed["from_sound"], replayed["same"], replayed["turn"]) == (True, True, None)
        assert replayed["now"]["intents"] == [{"name": "HassTurnOn", "slots": {"name": "Kitchen Light"}}]
        assert len(served.home.commands("kitchen_light")) == commands, "nothing is done"
        await ask(served, "forget what I said today", "mine")
        await ask(served, "yes", "mine")
        assert count(tmp_path / FOLDER) == (0, 0)
        assert (await served.client.get(f"/v1/turns/{ended.turn}/audio")).status_code == 404


async def test_at_first_no_sound_is_kept(broker: Mosquitto, say: Say, tmp_path: Path) -> None:
    async with recording(broker, tmp_path, days=0) as served:
        ended = await served.assistant.utterance(say("turn on the kitchen light."))
        assert (await served.client.get(f"/v1/turns/{ended.turn}")).json()["recorded"] is False
    assert not (tmp_path / FOLDER).exists()


async def test_the_sound_of_a_pin_is_never_kept(broker: Mosquitto, say: Say, tmp_path: Path) -> None:
    async with recording(broker, tmp_path, days=1) as served:
        stages, origin = served.assistant._stages, served.assistant._origin()
        from edge.dialogue import SECRET
        from edge.intents import Intent, Question
        from edge.session.clock import TurnClock
        from edge.session.conversation import Conversation
        from edge.session.story import Story
        from edge.session.turn import Turn

        conversation = Conversation()
        story = Story(served.assistant.bus, TurnClock(0.0), origin)
        conversation.add(story.exchange(), Question(Intent("HassTurnOn"), SECRET))
        secret = await Turn(stages, served.assistant.bus, origin, TurnClock(0.0), conversation).recorded(
            say("four seven one two")
        )
        other = await served.assistant.utterance(say("turn on the kitchen light."))
        await appears(tmp_path / FOLDER / f"{other.turn}.sealed")
        assert not (tmp_path / FOLDER / f"{secret.turn}.sealed").exists()


async def test_recordings_go_with_time_and_with_their_turns(tmp_path: Path) -> None:
    now = time.time()
    async with Database(tmp_path / "hearthside.db") as database:
        await database.write(
            lambda connection: connection.execute("CREATE TABLE memory_turn (id TEXT)").execute(
                "INSERT INTO memory_turn VALUES ('kept'), ('old')"
            )
        )
        folder = tmp_path / FOLDER
        for name in ("kept", "old", "forgotten"):
            write(folder, name, SOUND)
        import os

        os.utime(folder / "old.flac", (now - 2 * 86_400, now - 2 * 86_400))
        recordings = Recordings(database, folder, 1.0, Bus(), lambda: now)
        await recordings.sweep()
        assert {file.stem for file in folder.iterdir()} == {"kept"}
        assert np.array_equal(await recordings.pcm("kept"), SOUND)  # type: ignore[arg-type]
        assert await recordings.sound("../hearthside") is None
        await Recordings(database, folder, 0.0, Bus(), lambda: now + 1).sweep()
        assert count(folder) == (0, 0)


@pytest.mark.parametrize("act", [False, True])
async def test_a_written_turn_is_replayed_from_its_words(served: Served, act: bool) -> None:
    ended = await ask(served, "turn on the kitchen light")
    told = (await served.client.post(f"/v1/turns/{ended['turn']}/replay", json={"act": act})).json()
    assert (told["heard"], told["from_sound"], told["same"]) == ("turn on the kitchen light", False, True)
    assert len(served.home.commands("kitchen_light")) == 1 + act
    if act:
        again = (await served.client.get(f"/v1/turns/{told['turn']}")).json()
        assert (again["text"], again["outcome"]) == (ended["text"], "done")


async def test_what_is_understood_otherwise_by_now_is_said_so(served: Served) -> None:
    ended = await ask(served, "let there be bulbs")
    body = {"wrong": "understood", "meant": "turn on the kitchen light"}
    await served.client.post(f"/v1/turns/{ended['turn']}/feedback", json=body)
    told = (await served.client.post(f"/v1/turns/{ended['turn']}/replay", json={})).json()
    assert (told["same"], told["then"]["tier"], told["now"]["tier"]) == (False, None, "grammar")
