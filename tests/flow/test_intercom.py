"""A voice from one assistant to another through the whole loop: what is played there, and what stays behind."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import apsw
import numpy as np
import pytest

from edge.app import Assistant, assistant
from edge.at_rest import unlock
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.chunk import RATE
from edge.cli.play import play_one
from edge.events import Announced, AnyEvent, FollowUp, Partial, SpeechStarted, Transcribed, TurnEnded, as_json
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.session.discretion import UNWRITTEN
from edge.settings import ListenSettings, MqttSettings, Settings, UnderstandSettings
from tests.brokers import Mosquitto
from tests.several import until
from tests.sounds import Pcm, Say, quiet

pytestmark = pytest.mark.anyio
MESSAGE = "Dinner is ready. Turn off all the lights, and come down."
_LONGEST_S = 60.0
"""What was not heard so far, as on a machine that is far behind, will not be."""


class Heard:
    """A loudspeaker that keeps what was played, with its rate."""

    def __init__(self) -> None:
        self.played: list[tuple[Pcm, int]] = []

    async def play(self, pcm: Pcm, rate: int) -> None:
        await anyio.lowlevel.checkpoint()
        self.played.append((pcm, rate))

    async def finish(self) -> None:
        await anyio.lowlevel.checkpoint()

    @property
    def voices(self) -> list[Pcm]:
        """What was no answer of the assistant."""
        return [pcm for pcm, rate in self.played if rate == RATE]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is there answers, be the machine ever so busy."""
    monkeypatch.setattr("edge.act.skills.intercom.skill._TAKES_S", 30.0)


@asynccontextmanager
async def room(
    broker: Mosquitto, folder: Path, area: str, sink: Heard, *, hears: bool = False
) -> AsyncIterator[Assistant]:
    folder.mkdir()
    settings = Settings(
        data_dir=folder,
        area=area,
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, site=area.lower()),
        understand=UnderstandSettings(semantic=False, llm="none"),
        listen=ListenSettings(follow_up="always"),
    )
    async with assistant(settings, hears=hears, sink=sink) as running:
        if hears:
            await running.ready()
        await running.house.settled(30)
        yield running


@asynccontextmanager
async def two(broker: Mosquitto, folder: Path) -> AsyncIterator[tuple[Assistant, Assistant, Heard]]:
    """The office, which hears, and the kitchen, with what is heard there."""
    there = Heard()
    async with (
        room(broker, folder / "kitchen", "Kitchen", there) as kitchen,
        room(broker, folder / "office", "Office", Heard(), hears=True) as office,
    ):
        await until(lambda: office.neighbours.known() and kitchen.neighbours.known())
        yield office, kitchen, there


async def hear(running: Assistant, *pieces: Pcm | float) -> tuple[list[TurnEnded], list[AnyEvent]]:
    """As fast as it is listened to."""
    events: list[AnyEvent] = []
    sounds = [quiet(piece) if isinstance(piece, float) else piece for piece in (1.0, *pieces)]
    turns = await play_one(running, np.concatenate(sounds), realtime=False, no_wake=False, report=events.append)
    return turns, events


def alike(one: Pcm, other: Pcm) -> float:
    """The correlation of ``other`` with the part of ``one`` that is most like it, −1–1."""
    size = len(one) + len(other) - 1
    shifts = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    at = int(np.argmax(shifts[: len(one)]))
    part = one[at : at + len(other)]
    return float(np.corrcoef(part, other[: len(part)])[0, 1])


def opened(file: Path) -> bytes:
    """All values in a database, which is encrypted on the disk."""
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    unlock(connection, file)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    values = [value for table in tables for row in connection.execute(f'SELECT * FROM "{table}"') for value in row]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


async def test_the_voice_itself_arrives_and_nothing_of_it_is_kept(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    message = say(MESSAGE)
    async with two(broker, tmp_path) as (office, kitchen, there):
        with kitchen.bus.subscribe() as told:
            turns, events = await hear(office, say("Alexa, talk to the kitchen."), 3.0, message, 4.0)
            announced = [event.text for event in told.pending() if isinstance(event, Announced)]
    asked, sent = turns[:2]
    assert asked.reply.text == "What shall I pass on?"
    assert (sent.outcome, sent.reply.text, sent.text) == (OutcomeKind.DONE, "The Kitchen has heard it.", UNWRITTEN)
    assert announced == ["From the Office:"]
    (voice,) = there.voices
    assert alike(voice, message) > 0.99
    assert len(voice) < len(message) + RATE, "it is the message alone"
    assert home.commands("kitchen_light") == [], "what sounds like a command was none"
    words = [event.text for event in events if isinstance(event, Partial | Transcribed) and event.turn == sent.turn]
    assert set(words) == {UNWRITTEN}
    assert "dinner" not in json.dumps([as_json(event) for event in events]).casefold()
    kept = b"".join(
        [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
        + [opened(file) for file in tmp_path.rglob("hearthside.db")]
    )
    assert b"alk to the kitchen" in kept
    assert b"fLaC" not in kept
    assert b"inner is ready" not in kept
    for sound in (voice, message):
        loud = [at for at in range(0, len(sound) - 8, 97) if np.abs(sound[at : at + 8]).min() > 300]
        assert len(loud) > 20
        assert all(sound[at : at + 8].tobytes() not in kept for at in loud)


async def test_whoever_thinks_better_of_it_or_says_nothing_sends_nothing(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    async with two(broker, tmp_path) as (office, _, there):
        turns, _ = await hear(office, say("Alexa, talk to the kitchen."), 3.0, say("Never mind."), 4.0)
        assert [turn.intent.name for turn in turns[:2] if turn.intent] == ["HearthIntercom", "HassNevermind"]
        turns, _ = await hear(office, say("Alexa, talk to the kitchen."), 7.5)
        assert [turn.outcome for turn in turns] == [OutcomeKind.DONE, OutcomeKind.SILENCE]
        turns, _ = await hear(office, say("Alexa, turn on the kitchen light."), 4.0)
        assert turns[0].text.casefold().startswith("turn on the kitchen light"), "a command is no message"
        assert there.played == []
    assert len(home.commands("kitchen_light")) == 1


async def test_a_wake_word_in_place_of_the_message_takes_the_question_back(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    async with two(broker, tmp_path) as (office, _, there):
        said = say("Alexa, turn on the kitchen light.")
        await hear(office, say("Alexa, talk to the kitchen."), 3.0, said, 4.0)
        assert there.played == []
    assert len(home.commands("kitchen_light")) == 1


async def test_what_is_said_as_the_microphone_is_switched_off_goes_nowhere(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    async with two(broker, tmp_path) as (office, _, there):
        sound = np.concatenate([quiet(1.0), say("Alexa, talk to the kitchen."), quiet(3.0), say(MESSAGE)])
        ring = Ring(30.0, lossless=True)
        with office.bus.subscribe(size=1024) as events:
            async with Replay(sound, ring), anyio.create_task_group() as tasks:

                async def switch_off() -> None:
                    with anyio.fail_after(_LONGEST_S):
                        while not isinstance(await events.next(), FollowUp):
                            pass
                        while not isinstance(await events.next(), SpeechStarted):
                            pass
                    ring.cut()

                tasks.start_soon(switch_off)
                turns = await office.follow(ring)
        assert [turn.outcome for turn in turns] == [OutcomeKind.DONE, OutcomeKind.CANCELLED]
        assert there.played == []
