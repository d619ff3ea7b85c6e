"""The assistant's engines for Home Assistant and others: real sockets, the wyoming package's own client."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import numpy as np
import pytest
import soxr
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.intent import Recognize
from wyoming.ping import Ping
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop
from wyoming.wake import Detect

from edge.api.wyoming.server import serve
from edge.app import assistant
from edge.assistant import Assistant
from edge.chunk import RATE, Pcm
from edge.errors import AssistantError
from edge.home.demo import SimulatedHome
from edge.sections import MqttSettings, UnderstandSettings, WyomingSettings
from edge.settings import Settings
from edge.speak.tts_piper import PiperTts
from edge.wyoming.frames import encoded
from tests.brokers import Mosquitto, free_port, mosquitto
from tests.sounds import Say, quiet

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"


@asynccontextmanager
async def served(broker: Mosquitto, tmp_path: Path, **wyoming: object) -> AsyncIterator[Assistant]:
    """An assistant without sound of its own, that serves its engines."""
    settings = Settings(
        data_dir=tmp_path,
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=20.0),
        understand=UnderstandSettings(llm="none", semantic=False),
        wyoming=WyomingSettings.model_validate({"serve": True, "port": free_port(), **wyoming}),
    )
    async with assistant(settings, hears=False, sink=None) as running, serve(running):
        yield running


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all: an assistant takes seconds to build."""
    return "asyncio"


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as one:
        yield one


@pytest.fixture(scope="module")
async def house(broker: Mosquitto) -> AsyncIterator[SimulatedHome]:
    async with SimulatedHome(broker.address) as devices:
        yield devices


@pytest.fixture
def home(house: SimulatedHome) -> SimulatedHome:
    """The devices, which nobody has told anything yet."""
    for name in ("kitchen_light", "bedroom_light", "blinds"):
        house.commands(name).clear()
    return house


@pytest.fixture(scope="module")
async def running(
    house: SimulatedHome, broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Assistant]:
    async with served(broker, tmp_path_factory.mktemp("served")) as one:
        await one.house.settled(30)
        yield one


@asynccontextmanager
async def client(running: Assistant) -> AsyncIterator[AsyncTcpClient]:
    async with AsyncTcpClient(HOST, running.settings.wyoming.port) as connected:
        with anyio.fail_after(60):
            yield connected


async def say_all(to: AsyncTcpClient, events: Iterable[Event]) -> None:
    for event in events:
        await to.write_event(event)


async def until(of: AsyncTcpClient, *kinds: str) -> list[Event]:
    """What comes, up to the first event of one of ``kinds``."""
    events: list[Event] = []
    while not events or events[-1].type not in kinds:
        event = await of.read_event()
        assert event is not None, f"it hung up after {[event.type for event in events]}"
        events.append(event)
    return events


def sound(pcm: Pcm, rate: int = RATE, channels: int = 1) -> list[Event]:
    """``pcm`` (int16, mono, at ``rate``) as a client sends it, on every channel."""
    pieces = [pcm[at : at + 1024].repeat(channels).tobytes() for at in range(0, len(pcm), 1024)]
    return [
        AudioStart(rate=rate, width=2, channels=channels).event(),
        *(AudioChunk(rate=rate, width=2, channels=channels, audio=piece).event() for piece in pieces),
        AudioStop().event(),
    ]


def heard(events: list[Event]) -> tuple[Pcm, int]:
    """The sound in ``events``, and its rate."""
    chunks = [AudioChunk.from_event(event) for event in events if AudioChunk.is_type(event.type)]
    return np.frombuffer(b"".join(chunk.audio for chunk in chunks), np.int16), chunks[0].rate


async def test_it_describes_itself(running: Assistant) -> None:
    async with client(running) as connected:
        await connected.write_event(Describe().event())
        (event,) = await until(connected, "info")
    info = Info.from_event(event)
    assert [model.name for model in info.asr[0].models] == ["moonshine-tiny-en"]
    assert info.asr[0].models[0].languages == ["en"]
    assert info.tts[0].voices[0].languages == ["en_US"]
    assert info.tts[0].supports_synthesize_streaming
    assert [model.name for model in info.wake[0].models] == list(running.settings.wake.words)
    assert info.handle[0].supports_home_control
    assert info.intent[0].installed
    assert info.satellite is None, "from a satellite Home Assistant would take no engines"
    assert all(program.attribution.name and program.version for program in (*info.asr, *info.tts, *info.wake))


@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (48000, 2), (22050, 1)])
async def test_a_command_is_written_down_with_the_names_of_the_house(
    running: Assistant, say: Say, rate: int, channels: int
) -> None:
    spoken = np.concatenate([quiet(0.3), say("Turn on the living room lamp."), quiet(0.3)])
    resampled = spoken if rate == RATE else soxr.resample(spoken, RATE, rate)
    async with client(running) as connected:
        await say_all(connected, [Transcribe(language="en").event(), *sound(resampled, rate, channels)])
        transcript = Transcript.from_event((await until(connected, "transcript"))[-1])
    assert transcript.text == "turn on the Living Room Lamp"
    assert transcript.language == "en"


async def test_one_connection_serves_one_request_after_another(running: Assistant, say: Say) -> None:
    async with client(running) as connected:
        for text in ("Open the blinds.", "Close the blinds."):
            await say_all(connected, [Transcribe().event(), *sound(np.concatenate([quiet(0.3), say(text)]))])
            transcript = Transcript.from_event((await until(connected, "transcript"))[-1])
            assert transcript.text.lower().strip(".") == text.lower().strip(".")
        await connected.write_event(Ping(text="still there").event())
        (pong,) = await until(connected, "pong")
    assert pong.data == {"text": "still there"}


async def test_silence_is_no_words(running: Assistant) -> None:
    async with client(running) as connected:
        await say_all(connected, [Transcribe().event(), *sound(quiet(1.0))])
        assert Transcript.from_event((await until(connected, "transcript"))[-1]).text == ""


@pytest.fixture
def voiced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Pcm]]:
    """Each sentence that the voice is given, and the sound that it makes of it: never the same twice."""
    made: list[tuple[str, Pcm]] = []
    synthesize = PiperTts.synthesize

    def kept(voice: PiperTts, sentence: str) -> Pcm:
        made.append((sentence, synthesize(voice, sentence)))
        return made[-1][1]

    monkeypatch.setattr(PiperTts, "synthesize", kept)
    return made


async def test_text_is_spoken(running: Assistant, voiced: list[tuple[str, Pcm]]) -> None:
    async with client(running) as connected:
        await connected.write_event(Synthesize(text="The kitchen light is on. Good night!").event())
        events = await until(connected, "audio-stop")
    assert [event.type for event in events].count("audio-start") == 1
    pcm, rate = heard(events)
    assert rate == 22050
    assert [sentence for sentence, _ in voiced] == ["The kitchen light is on.", "Good night!"]
    assert np.array_equal(pcm, np.concatenate([sound for _, sound in voiced]))
    assert min(len(sound) / rate for _, sound in voiced) > 0.3


async def test_text_that_comes_in_pieces_is_spoken_as_soon_as_a_sentence_is_whole(
    running: Assistant, voiced: list[tuple[str, Pcm]]
) -> None:
    async with client(running) as connected:
        await say_all(connected, [SynthesizeStart().event(), SynthesizeChunk(text="The light is on. The bli").event()])
        first = await until(connected, "audio-chunk")
        assert [event.type for event in first] == ["audio-start", "audio-chunk"], "before the second sentence is there"
        whole = "The light is on. The blinds are open."
        # Clients repeat all of it, for servers that take no pieces.
        await say_all(connected, [SynthesizeChunk(text="nds are open.").event(), Synthesize(text=whole).event()])
        await connected.write_event(SynthesizeStop().event())
        rest = await until(connected, "synthesize-stopped")
    assert [event.type for event in rest][-2:] == ["audio-stop", "synthesize-stopped"]
    pcm, _ = heard([*first, *rest])
    assert [sentence for sentence, _ in voiced] == ["The light is on.", "The blinds are open."], "each sentence once"
    assert np.array_equal(pcm, np.concatenate([sound for _, sound in voiced]))


async def test_nothing_to_pronounce_ends_all_the_same(running: Assistant) -> None:
    async with client(running) as connected:
        await connected.write_event(Synthesize(text="").event())
        assert [event.type for event in await until(connected, "audio-stop")] == ["audio-start", "audio-stop"]


@pytest.mark.parametrize(
    ("names", "text", "answer"),
    [
        (None, "Alexa!", "alexa"),
        (["alexa"], "Alexa!", "alexa"),
        (["okay_nabu"], "Alexa!", None),
        (None, "Bread.", None),
    ],
)
async def test_a_wake_word_is_told(
    running: Assistant, say: Say, names: list[str] | None, text: str, answer: str | None
) -> None:
    stream = np.concatenate([quiet(2.5), say(text), quiet(1.0)])
    async with client(running) as connected:
        await say_all(connected, [Detect(names=names).event(), *sound(stream)])
        (told,) = await until(connected, "detection", "not-detected")
    assert told.type == ("detection" if answer else "not-detected")
    assert told.data.get("name") == answer
    if answer:
        assert 2500 < told.data["timestamp"] < 4500, "milliseconds of the stream"


async def test_more_streams_than_it_watches_are_refused_and_places_come_free(running: Assistant) -> None:
    watched = [AsyncTcpClient(HOST, running.settings.wyoming.port) for _ in range(4)]
    for connected in watched:
        await connected.connect()
        await say_all(connected, [Detect().event(), sound(quiet(0.1))[0]])
        await connected.write_event(Ping().event())
        answer = await connected.read_event()
        assert answer is not None
        assert answer.type == ("error" if connected is watched[3] else "pong")
    for connected in watched:
        await connected.disconnect()
    with anyio.fail_after(60):
        again = "error"
        while again == "error":  # until the server has noticed that they left
            async with client(running) as connected:
                await say_all(connected, [Detect().event(), *sound(quiet(0.1))])
                again = (await until(connected, "error", "not-detected"))[-1].type


async def test_a_sentence_is_understood_and_nothing_done(running: Assistant, home: SimulatedHome) -> None:
    async with client(running) as connected:
        await connected.write_event(Recognize(text="turn on the kitchen light").event())
        (intent,) = await until(connected, "intent", "not-recognized")
        await connected.write_event(Recognize(text="close the blinds and turn on the bedroom light").event())
        several = await until(connected, "intents-stop")
        await connected.write_event(Recognize(text="the moon sings of plums").event())
        (no,) = await until(connected, "intent", "not-recognized")
    assert intent.data["name"] == "HassTurnOn"
    assert intent.data["entities"] == [{"name": "name", "value": "Kitchen Light"}]
    assert [event.type for event in several] == ["intents-start", "intent", "intent", "intents-stop"]
    assert no.type == "not-recognized"
    assert not any(home.commands(name) for name in ("kitchen_light", "blinds", "bedroom_light"))


async def test_a_sentence_is_carried_out_and_answered(running: Assistant, home: SimulatedHome) -> None:
    context = {"conversation_id": "c1"}
    async with client(running) as connected:
        await connected.write_event(Transcript(text="turn on the kitchen light", context=context).event())
        (handled,) = await until(connected, "handled", "not-handled")
        await connected.write_event(Transcript(text="turn it off again", context=context).event())
        (again,) = await until(connected, "handled", "not-handled")
        await connected.write_event(Transcript(text="the moon sings of plums").event())
        (no,) = await until(connected, "handled", "not-handled")
    assert (handled.type, handled.data) == ("handled", {"text": "Kitchen Light is on.", "context": context})
    assert again.data["text"] == "Kitchen Light is off.", "the conversation goes on"
    assert home.commands("kitchen_light") == [("", '{"state": "ON"}'), ("", '{"state": "OFF"}')]
    assert no.type == "not-handled"


async def test_where_commands_are_not_allowed_none_is_carried_out(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with served(broker, tmp_path, commands=False) as running:
        await running.house.settled(30)
        async with client(running) as connected:
            await connected.write_event(Transcript(text="turn on the kitchen light").event())
            (refused,) = await until(connected, "handled", "not-handled")
            await connected.write_event(Describe().event())
            (info,) = await until(connected, "info")
    assert refused.type == "not-handled"
    assert info.data["handle"] == []
    assert home.commands("kitchen_light") == []


# -- those who mean no good -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"[1]\n",
        b'{"type": 7}\n',
        b"[" * 20000 + b"\n",
        b'{"type": "audio-chunk", "payload_length": 99999999999}\n',
        b'{"type": "audio-start", "data": {"rate": 0, "width": 2, "channels": 1}}\n',
        b'{"type": "audio-start", "data": {"rate": "16000", "width": 2, "channels": 1}}\n',
        b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 3, "channels": 1}, "payload_length": 3}\nabc',
        b'{"type": "synthesize"}\n',
        b'{"type": "transcript", "data": {"text": 5}}\n',
    ],
)
async def test_what_is_not_wyoming_is_answered_with_an_error_and_the_end(running: Assistant, sent: bytes) -> None:
    async with await anyio.connect_tcp(HOST, running.settings.wyoming.port) as stream:
        await stream.send(sent)
        answer = b""
        with anyio.fail_after(60):
            async for piece in stream:
                answer += piece
    assert b'"type": "error"' in answer
    assert b"malformed" in answer


async def test_an_utterance_without_end_is_cut_off(running: Assistant) -> None:
    long = b"".join(encoded(event) for event in [Transcribe().event(), *sound(np.zeros(31 * RATE, np.int16))])
    async with await anyio.connect_tcp(HOST, running.settings.wyoming.port) as stream:
        await stream.send(long)
        answer = b""
        with anyio.fail_after(60):
            async for piece in stream:
                answer += piece
    assert b"an utterance is longer than 30 s" in answer


async def test_no_more_clients_than_there_are_places(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with served(broker, tmp_path, clients=1) as running, client(running) as first:
        await first.write_event(Ping().event())
        await until(first, "pong")
        async with client(running) as second:
            (refused,) = await until(second, "error")
            assert refused.data["code"] == "refused"
            assert await second.read_event() is None
        await first.write_event(Ping().event())
        await until(first, "pong")


async def test_a_taken_port_is_named(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with served(broker, tmp_path / "1") as running:
        with pytest.raises(AssistantError, match=str(running.settings.wyoming.port)):
            async with serve(running):
                pass
