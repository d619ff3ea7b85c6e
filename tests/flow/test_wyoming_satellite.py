"""The assistant as a satellite, with a client in Home Assistant's place that sends what Home Assistant sends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import numpy as np
import pytest
import soundfile
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.satellite import PauseSatellite, RunSatellite
from wyoming.tts import Synthesize
from wyoming.vad import VoiceStopped

from edge.api.wyoming.satellite import Satellite
from edge.api.wyoming.server import serve
from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.audio.speaker import WavSink
from edge.chunk import RATE, Pcm
from edge.events import AnyEvent, Fault, TurnEnded
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.sections import MqttSettings, UnderstandSettings, WyomingSettings
from edge.session.phase import Phase, Status, after
from edge.settings import Settings
from tests.brokers import Mosquitto, free_port
from tests.sounds import Say, quiet

pytestmark = pytest.mark.anyio

ANSWER = np.full(8000, 1000, np.int16)
"""Half a second."""


@dataclass
class Room:
    """An assistant that is a satellite, and what became of what it heard."""

    assistant: Assistant
    satellite: Satellite
    sink: WavSink
    spoken: Path
    events: list[AnyEvent] = field(default_factory=list)

    async def hear(self, pcm: Pcm, tail_s: float = 6.0) -> TurnEnded:
        """``pcm`` is said in the room, in real time; the one turn that it gave."""
        with self.assistant.bus.subscribe(4096) as told:
            ring = Ring(30.0)
            async with Replay(pcm, ring, realtime=True, tail_s=tail_s):
                await self.assistant.follow(ring, self.satellite)
            self.events = told.pending()
        (ended,) = [event for event in self.events if isinstance(event, TurnEnded)]
        return ended

    def phases(self) -> list[Phase]:
        """What a light showed, one after another."""
        status, shown = Status(), [Phase.IDLE]
        for event in self.events:
            status = after(status, event)
            if status.phase is not shown[-1]:
                shown.append(status.phase)
        return shown


@pytest.fixture
async def room(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> AsyncIterator[Room]:
    settings = Settings(
        data_dir=tmp_path,
        area="Kitchen",
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=20.0),
        understand=UnderstandSettings(llm="none", semantic=False),
        wyoming=WyomingSettings(satellite=True, satellite_port=free_port()),
    )
    sink = WavSink(tmp_path / "spoken")
    async with assistant(settings, hears=True, sink=sink) as running, serve(running) as satellite:
        assert satellite is not None
        await running.ready()
        await running.house.settled(30)
        yield Room(running, satellite, sink, tmp_path / "spoken")


class HomeAssistant:
    """Its end of the connection."""

    def __init__(self, client: AsyncTcpClient) -> None:
        self.client = client
        self.got: list[Event] = []

    @property
    def kinds(self) -> list[str]:
        """Types of what came, sound once."""
        return list(dict.fromkeys(event.type for event in self.got))

    @property
    def sound(self) -> Pcm:
        """What was streamed."""
        return np.frombuffer(
            b"".join(event.payload or b"" for event in self.got if event.type == "audio-chunk"), np.int16
        )

    async def until(self, kind: str, count: int = 1) -> Event:
        """Returns when ``count`` more events of that type have come."""
        with anyio.fail_after(60):
            while count:
                event = await self.client.read_event()
                assert event is not None, f"it hung up after {self.kinds}"
                self.got.append(event)
                count -= event.type == kind
        return self.got[-1]

    async def send(self, *events: Event) -> None:
        for event in events:
            await self.client.write_event(event)

    async def speak(self, pcm: Pcm) -> None:
        """Send ``pcm`` (16 kHz) as Home Assistant sends an answer."""
        form = {"rate": RATE, "width": 2, "channels": 1}
        pieces = [pcm[at : at + 1024].tobytes() for at in range(0, len(pcm), 1024)]
        await self.send(
            AudioStart(**form).event(),
            *(AudioChunk(audio=piece, **form).event() for piece in pieces),
            AudioStop().event(),
        )


@asynccontextmanager
async def home_assistant(room: Room, *, ready: bool = True) -> AsyncIterator[HomeAssistant]:
    async with AsyncTcpClient("127.0.0.1", room.assistant.settings.wyoming.satellite_port) as client:
        there = HomeAssistant(client)
        if ready:
            await there.send(RunSatellite().event(), Ping().event())
            await there.until("pong")
            there.got.clear()
        yield there


def command(say: Say, text: str) -> Pcm:
    return np.concatenate([quiet(2.0), say(f"Alexa, {text}"), quiet(0.2)])


async def test_it_describes_itself_as_a_satellite(room: Room) -> None:
    async with home_assistant(room, ready=False) as there:
        await there.send(Describe().event())
        info = Info.from_event(await there.until("info"))
    assert info.satellite is not None
    assert (info.satellite.name, info.satellite.area) == ("Hearthside Kitchen", "Kitchen")
    assert [model.phrase for model in info.wake[0].models][:1] == ["okay nabu"]
    assert not info.asr
    assert not room.satellite.here, "it has not said that it is ready"


async def test_home_assistant_hears_the_command_and_its_answer_is_spoken(
    room: Room, home: SimulatedHome, say: Say
) -> None:
    async with home_assistant(room) as there, anyio.create_task_group() as tasks:

        async def think() -> None:
            await there.until("audio-chunk", count=80)
            await there.send(VoiceStopped().event(), Transcript(text="turn on the bedroom light").event())
            await there.send(Synthesize(text="Done.").event())
            await there.speak(ANSWER)
            await there.until("played")

        tasks.start_soon(think)
        ended = await room.hear(command(say, "turn on the bedroom light."))
    assert there.kinds == [
        "detection",
        "run-pipeline",
        "streaming-started",
        "audio-start",
        "audio-chunk",
        "audio-stop",
        "streaming-stopped",
        "played",
    ]
    assert there.got[0].data["name"] == "alexa"
    assert (there.got[1].data["start_stage"], there.got[1].data["end_stage"]) == ("asr", "tts")
    assert 1.5 < len(there.sound) / RATE < 5.5, "not all that came"
    assert np.abs(there.sound).max() > 1000, "the command is in it"
    assert (ended.text, ended.reply.text) == ("turn on the bedroom light", "Done.")
    assert ended.outcome is OutcomeKind.UNCONFIRMED, "what became of it, Home Assistant alone knows"
    assert home.commands("bedroom_light") == [], "it was not carried out here as well"
    assert room.phases() == [Phase.IDLE, Phase.LISTENING, Phase.THINKING, Phase.SPEAKING, Phase.IDLE]
    (answer,) = room.spoken.glob("*.wav")
    pcm, rate = soundfile.read(answer, dtype="int16")
    assert rate == RATE
    assert np.array_equal(pcm, ANSWER)


async def test_without_home_assistant_it_thinks_for_itself(room: Room, home: SimulatedHome, say: Say) -> None:
    async with home_assistant(room) as there:
        await there.send(PauseSatellite().event(), Ping().event())
        await there.until("pong")
        ended = await room.hear(command(say, "turn on the bedroom light."), tail_s=2.0)
    assert ended.outcome is OutcomeKind.DONE
    assert home.commands("bedroom_light") == [("", '{"state": "ON"}')]
    assert there.kinds == ["pong"]


async def test_nothing_leaves_while_listening_is_off(room: Room, home: SimulatedHome, say: Say) -> None:
    async with home_assistant(room) as there:
        room.assistant.listening.set(False)
        ended = await room.hear(command(say, "turn on the bedroom light."), tail_s=1.0)
        await there.send(Ping().event())
        await there.until("pong")
    assert ended.outcome is OutcomeKind.CANCELLED
    assert there.kinds == ["pong"]
    assert home.commands("bedroom_light") == []


async def test_switching_listening_off_cuts_the_stream(room: Room, say: Say) -> None:
    async with home_assistant(room) as there, anyio.create_task_group() as tasks:

        async def think() -> None:
            await there.until("audio-chunk", count=30)
            room.assistant.listening.set(False)
            await there.until("audio-stop")
            await there.send(Error(text="nothing was heard", code="stt-no-text-recognized").event())

        tasks.start_soon(think)
        ended = await room.hear(command(say, "turn on the bedroom light."), tail_s=3.0)
    assert len(there.sound) / RATE < 4.0, "not all that came"
    assert ended.outcome is OutcomeKind.FAILED


@pytest.mark.parametrize("how", ["error", "hangs up"])
async def test_home_assistant_that_fails_amid_a_command_is_told_of(room: Room, say: Say, how: str) -> None:
    async with home_assistant(room) as there, anyio.create_task_group() as tasks:

        async def think() -> None:
            await there.until("audio-chunk", count=30)
            if how == "error":
                await there.send(Error(text="no speech to text").event())
            else:
                await there.client.disconnect()

        tasks.start_soon(think)
        ended = await room.hear(command(say, "turn on the bedroom light."), tail_s=2.0)
    assert ended.outcome is OutcomeKind.FAILED
    told = next(event for event in room.events if isinstance(event, Fault))
    assert told.code == "home_assistant"
    assert ("no speech to text" if how == "error" else "went away") in told.message
    assert room.phases()[-1] is Phase.IDLE


async def test_an_announcement_is_played_and_acknowledged(room: Room) -> None:
    async with home_assistant(room) as there:
        await there.speak(ANSWER)
        await there.until("played")
    (announcement,) = room.spoken.glob("*.wav")
    assert np.array_equal(soundfile.read(announcement, dtype="int16")[0], ANSWER)


async def test_a_new_connection_takes_over_from_one_that_nobody_ended(room: Room, say: Say) -> None:
    async with home_assistant(room) as old, home_assistant(room) as new, anyio.create_task_group() as tasks:

        async def think() -> None:
            await new.until("audio-chunk", count=10)
            await new.send(Error(text="enough").event())

        tasks.start_soon(think)
        await room.hear(command(say, "turn on the bedroom light."), tail_s=1.0)
        await old.send(Ping().event())
        await old.until("pong")
    assert old.kinds == ["pong"]
    assert "detection" in new.kinds
