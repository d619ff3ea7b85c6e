"""Messages in a person's own voice between assistants on a real broker: who is told what, and what is never sent."""

import base64
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import aiomqtt
import anyio
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edge.act.skills.intercom.inbox import Inbox, Message
from edge.act.skills.intercom.settings import IntercomSettings
from edge.act.skills.intercom.skill import Intercom
from edge.act.skills.intercom.sound import LONGEST_S, audible, packed, unpacked
from edge.chunk import RATE, Pcm
from edge.dialogue import VOICE
from edge.errors import BrokerOffline, SettingsError
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.intents import Intent, OutcomeKind, Phrase
from edge.plugins import skill_settings
from edge.ports import Announcer, Neighbour
from edge.session.neighbours import HouseNeighbours
from edge.speak.loudness import VoiceLoudness
from tests.asked import Asked, understood
from tests.brokers import Mosquitto
from tests.houses import Rooms
from tests.several import Living, living, until
from tests.sounds import Say

pytestmark = pytest.mark.anyio
KITCHEN = Intent("HearthIntercom", {"area": "Kitchen"})
VOICED = np.round(3000 * np.sin(np.arange(RATE // 4) / 9)).astype(np.int16)
"""A quarter of a second."""


class Playing(Announcer):
    """A loudspeaker: plays at once, or as soon as it may."""

    ringing = None

    def __init__(self, audible: bool = True) -> None:
        self._audible = audible
        self.may, self.plays = anyio.Event(), True
        self.may.set()
        self.said: list[str | None] = []
        self.played: list[Pcm] = []

    @property
    def audible(self) -> bool:
        return self._audible

    async def pass_on(self, phrase: Phrase, pcm: Pcm) -> bool:
        await self.may.wait()
        assert phrase.key == "intercom_from"
        self.said.append(str(phrase.values["area"]))
        self.played.append(pcm)
        return self.plays


@dataclass
class Switch:
    """The microphone's."""

    on: bool = True
    button: bool = False

    def set(self, on: bool) -> None:
        self.on = on

    async def becomes(self, on: bool) -> None:
        raise AssertionError


class House(Rooms):
    """The rooms, and a broker that is there or not."""

    online = True


@dataclass
class Room:
    """An assistant in a room, and what is heard there."""

    living: Living
    skill: Intercom
    asked: Asked
    announcer: Playing
    loudness: VoiceLoudness = field(default_factory=VoiceLoudness)
    switch: Switch = field(default_factory=Switch)
    clock: list[float] = field(default_factory=lambda: [1000.0])

    async def say(self, text: str, pcm: Pcm = VOICED) -> str:
        """What is answered to ``pcm`` after "what shall I pass on"."""
        assert await self.asked.ask(text) == "What shall I pass on?"
        assert self.asked.outcome is not None
        question = self.asked.outcome.question
        assert question is not None
        assert question.slot == VOICE
        origin = self.asked.origin
        self.asked.origin = replace(origin, voice=pcm)
        try:
            return await self.asked.do(question.intent)
        finally:
            self.asked.origin = origin

    @property
    def kind(self) -> OutcomeKind:
        assert self.asked.outcome is not None
        return self.asked.outcome.kind


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is there answers, be the machine ever so busy."""
    monkeypatch.setattr("edge.act.skills.intercom.skill._TAKES_S", 30.0)


@asynccontextmanager
async def rooms(
    running: Mosquitto,
    *areas: str | None,
    settings: Mapping[str, IntercomSettings] | None = None,
    mute: str = "nobody",
    deaf: str = "nobody",
) -> AsyncIterator[list[Room]]:
    """Assistants that know of each other. ``mute`` has no loudspeaker, ``deaf`` is there, and answers nothing."""
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(services.cancel_scope.cancel)
        there = []
        for number, area in enumerate(areas):
            one = await stack.enter_async_context(living(running, f"id{number}", f"site{number}", area))
            announcer, loudness, switch, clock = Playing(area != mute), VoiceLoudness(), Switch(), [1000.0]
            chosen = (settings or {}).get(area or "", IntercomSettings())
            skill = Intercom(
                House(), announcer, one.neighbours, switch, loudness, chosen, now=lambda clock=clock: clock[0]
            )
            if area == deaf:
                one.neighbours.respond("intercom", nothing)
            services.start_soon(skill.serve)
            asked = Asked("intercom", skill)
            asked.origin = replace(asked.origin, area=area)
            there.append(Room(one, skill, asked, announcer, loudness, switch, clock))
        for room in there:
            await until(lambda room=room: len(room.living.neighbours.known()) == len(areas) - 1)
            await room.living.neighbours.survey()
        yield there


async def nothing(by: Neighbour, body: Mapping[str, object]) -> None:
    """Answers nothing."""


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("intercom to the kitchen", KITCHEN),
        ("talk to the kitchen", KITCHEN),
        ("send a voice message to the kitchen", KITCHEN),
        ("send the kitchen a voice message please", KITCHEN),
        ("send a voice message to everybody", Intent("HearthIntercom")),
        ("send a voice message", Intent("HearthIntercom")),
        ("talk to everyone", Intent("HearthIntercom")),
        ("reply", Intent("HearthIntercomReply")),
        ("answer that", Intent("HearthIntercomReply")),
        ("reply to the message", Intent("HearthIntercomReply")),
    ],
)
def test_what_is_said(said: str, meant: Intent) -> None:
    assert understood("intercom", said) == ((meant.name, meant.slots),)


async def test_the_voice_is_played_in_that_room_and_nowhere_else(running: Mosquitto) -> None:
    async with rooms(running, "Office", "Kitchen", "Bedroom") as (office, kitchen, bedroom):
        assert await office.say("talk to the kitchen") == "The Kitchen has heard it."
        assert office.kind is OutcomeKind.DONE
        assert kitchen.announcer.said == ["Office"]
        (played,) = kitchen.announcer.played
        assert np.corrcoef(played, VOICED)[0, 1] > 0.9999
        assert (office.announcer.played, bedroom.announcer.played) == ([], [])


async def test_everybody_hears_it_but_whoever_said_it(running: Mosquitto) -> None:
    async with rooms(running, "Office", "Kitchen", None) as (office, kitchen, somewhere):
        assert await office.say("send a voice message to everybody") == "The Kitchen and the site2 have heard it."
        assert [len(room.announcer.played) for room in (office, kitchen, somewhere)] == [0, 1, 1]
        assert await somewhere.say("talk to the study") == "The Office has heard it."
        assert office.announcer.said == ["None"]


async def test_an_answer_goes_to_whoever_was_heard_last(running: Mosquitto) -> None:
    async with rooms(running, "Office", "Kitchen", "Bedroom") as (office, kitchen, bedroom):
        assert await kitchen.asked.ask("reply") == "There is no message to answer."
        await office.say("talk to the kitchen")
        assert await kitchen.say("reply", VOICED[:2000]) == "The Office has heard it."
        assert [len(pcm) for pcm in office.announcer.played] == [2000]
        assert bedroom.announcer.played == []
        kitchen.clock[0] += 601.0
        assert await kitchen.asked.ask("reply") == "There is no message to answer."


async def test_what_waits_is_not_said_to_be_heard(running: Mosquitto) -> None:
    async with rooms(running, "Office", "Kitchen") as (office, kitchen):
        kitchen.announcer.may = anyio.Event()
        assert await office.say("talk to the kitchen") == "The Kitchen will hear it."
        assert office.kind is OutcomeKind.QUEUED
        assert kitchen.announcer.played == []
        kitchen.announcer.may.set()
        await until(lambda: kitchen.announcer.played)


async def test_who_dies_before_it_was_heard_will_not_hear_it(running: Mosquitto) -> None:
    asked = anyio.Event()

    async def takes(by: Neighbour, body: Mapping[str, object]) -> Mapping[str, object]:
        return {"takes": True}

    async def plays(by: Neighbour, body: Mapping[str, object]) -> Mapping[str, object]:
        asked.set()
        await anyio.sleep_forever()
        raise AssertionError

    async with rooms(running, "Office") as (office,), anyio.create_task_group() as tasks:
        said: list[str] = []

        async def say() -> None:
            said.append(await office.say("talk to the kitchen"))

        async with living(running, "kitchen", "kitchen", "Kitchen") as kitchen:
            kitchen.neighbours.respond("intercom", takes)
            kitchen.neighbours.respond("intercom_heard", plays)
            await until(office.living.neighbours.known)
            tasks.start_soon(say)
            await asked.wait()
        await until(lambda: said)
    assert said == ["No answer from the Kitchen."]


async def test_what_was_stopped_is_said(running: Mosquitto) -> None:
    async with rooms(running, "Office", "Kitchen") as (office, kitchen):
        kitchen.announcer.plays = False
        assert await office.say("talk to the kitchen") == "The Kitchen has not heard it to its end."
        assert office.kind is OutcomeKind.FAILED
        assert await kitchen.asked.ask("reply") == "There is no message to answer."


@pytest.mark.parametrize("how", ["accept", "enabled", "no loudspeaker", "muted", "silent"])
async def test_who_takes_none_plays_none_and_that_is_said(running: Mosquitto, how: str) -> None:
    settings = {"Kitchen": IntercomSettings(**{how: False})} if how in ("accept", "enabled") else {}
    mute = "Kitchen" if how == "no loudspeaker" else "nobody"
    async with rooms(running, "Office", "Kitchen", "Bedroom", settings=settings, mute=mute) as (office, kitchen, _):
        kitchen.loudness.set(0.0 if how == "silent" else 1.0, muted=how == "muted")
        assert await office.say("talk to the kitchen") == "The Kitchen takes no messages now."
        assert office.kind is OutcomeKind.FAILED
        said = await office.say("talk to everybody")
        assert said == "The Bedroom has heard it. The Kitchen takes no messages now."
        assert office.kind is OutcomeKind.UNCONFIRMED
        assert kitchen.announcer.played == []


async def test_where_it_is_off_nobody_can_ask_for_it() -> None:
    neighbours = HouseNeighbours(MqttHouse(Broker(host="127.0.0.1", port=1)).post, Neighbour("a", "b"), "boot")
    off = Intercom(House(), Playing(), neighbours, Switch(), VoiceLoudness(), IntercomSettings(enabled=False))
    assert off.intents == frozenset()
    with pytest.raises(SettingsError, match=r"skills\.intercom\.acept"):
        skill_settings("intercom", IntercomSettings, {"acept": False})


async def test_who_does_not_answer_and_where_nobody_is(running: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.act.skills.intercom.skill._TAKES_S", 0.5)
    async with rooms(running, "Office", "Kitchen", "Bedroom", deaf="Kitchen") as (office, _, bedroom):
        assert await office.say("talk to the kitchen") == "No answer from the Kitchen."
        assert office.kind is OutcomeKind.FAILED
        assert await office.asked.ask("talk to the hallway") == "There is no assistant in the Hallway."
        assert office.asked.outcome is not None
        assert office.asked.outcome.question is None
        assert await office.asked.ask("talk to the study") == "That is where we are."
        assert bedroom.announcer.played == []


async def test_without_a_broker_nobody_is_asked_to_speak(running: Mosquitto) -> None:
    away = MqttHouse(Broker(host="127.0.0.1", port=1)).post
    neighbours = HouseNeighbours(away, Neighbour("a", "b"), "boot")
    offline = House()
    offline.online = False
    alone = Intercom(offline, Playing(), neighbours, Switch(), VoiceLoudness(), IntercomSettings())
    with pytest.raises(BrokerOffline):
        await Asked("intercom", alone).ask("talk to the kitchen")
    async with rooms(running, "Office", "Kitchen") as (office, kitchen):
        assert await office.asked.ask("talk to the kitchen") == "What shall I pass on?"
        running.stop()
        await until(lambda: not office.living.house.online)
        office.asked.origin = replace(office.asked.origin, voice=VOICED)
        with pytest.raises(BrokerOffline):
            await office.asked.do(KITCHEN)
        assert kitchen.announcer.played == []


async def test_nothing_leaves_while_the_microphone_is_off(running: Mosquitto) -> None:
    async with (
        rooms(running, "Office", "Kitchen") as (office, kitchen),
        aiomqtt.Client(running.address.host, running.address.port) as listener,
    ):
        await listener.subscribe("hearthside/+/house/#")
        office.switch.on = False
        assert await office.say("talk to the kitchen") == ""
        assert office.kind is OutcomeKind.CANCELLED
        office.switch.on = True
        await office.say("talk to the kitchen")
        with anyio.fail_after(60):
            first = await anext(aiter(listener.messages))
        assert first.topic.value == "hearthside/site0/house/intercom"
        await until(lambda: len(kitchen.announcer.played) == 1)


async def test_a_client_of_the_broker_cannot_make_it_play_for_ever(running: Mosquitto) -> None:
    async with rooms(running, "Office", "Kitchen") as (office, kitchen):
        ask = office.living.neighbours.ask
        flac = packed(np.resize(VOICED, 20 * RATE))
        taken = []
        for number in range(20):
            (answer,) = await ask("intercom", {"id": str(number), "flac": flac}, 60.0)
            taken.append(answer.body["takes"])
        assert taken == [True] * 4 + [False] * 16, "90 s of sound in five minutes"
        await until(lambda: len(kitchen.announcer.played) == 4)
        kitchen.clock[0] += 301.0
        (answer,) = await ask("intercom", {"id": "later", "flac": flac}, 60.0)
        assert answer.body == {"takes": True}


async def test_nonsense_is_refused_and_costs_a_try(running: Mosquitto) -> None:
    async with rooms(running, "Office", "Kitchen") as (office, kitchen):
        flac = packed(VOICED)
        for body in (
            {}, {"id": "a"}, {"id": 5, "flac": flac}, {"id": "", "flac": flac}, {"id": "x" * 41, "flac": flac},
            {"id": "a", "flac": 5}, {"id": "a", "flac": "?"}, {"id": "a", "flac": flac[:-40]}, {"id": "a", "flac": ""},
        ):  # fmt: skip
            (answer,) = await office.living.neighbours.ask("intercom", body, 60.0)
            assert answer.body == {"takes": False}, body
        (answer,) = await office.living.neighbours.ask("intercom_heard", {"id": "never"}, 60.0)
        assert answer.body == {"heard": False}
        assert kitchen.announcer.played == []


def test_the_inbox_is_small() -> None:
    inbox, by = Inbox(lambda: 0.0), Neighbour("a", "b")
    taken = [inbox.admits() and inbox.take(Message(by, str(number), VOICED)) for number in range(6)]
    assert taken == [True] * 4 + [False] * 2
    looked = Inbox(lambda: 0.0)
    assert [looked.admits() for _ in range(14)] == [True] * 12 + [False] * 2


# -- the sound --------------------------------------------------------------------------------------------------------


@given(st.integers(1, 4000), st.integers(0, 2**32 - 1))
def test_what_is_packed_is_unpacked_sample_for_sample(length: int, seed: int) -> None:
    pcm = np.random.default_rng(seed).integers(-32768, 32767, length, endpoint=True).astype(np.int16)
    assert np.array_equal(unpacked(packed(pcm)), pcm)


def encoded(pcm: Pcm, rate: int = RATE, kind: str = "FLAC", subtype: str = "PCM_16") -> str:
    file = io.BytesIO()
    soundfile.write(file, pcm, rate, format=kind, subtype=subtype)
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    "text",
    [
        encoded(VOICED, 48_000),
        encoded(np.stack([VOICED, VOICED], axis=1)),
        encoded(VOICED, kind="WAV"),
        encoded(VOICED, kind="OGG", subtype="VORBIS"),
        encoded(np.zeros(int(LONGEST_S + 1) * RATE, np.int16)),
        encoded(np.zeros(3600 * RATE, np.int16)),
        encoded(np.zeros(0, np.int16)),
        "A" * 900_001,
        "Zkxh",
    ],
    ids=["48 kHz", "stereo", "wav", "vorbis", "31 s", "an hour", "empty", "long", "cut"],
)
def test_any_other_sound_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # every reason is one
        unpacked(text)


@given(
    st.binary(max_size=300)
    | st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=12)
    | st.integers(0, 3000)
)
def test_no_payload_does_more_than_be_refused(damage: bytes | list[tuple[int, int]] | int) -> None:
    whole = bytearray(base64.b64decode(packed(VOICED)))
    match damage:
        case bytes():
            content = b"fLaC" + damage
        case list():
            for place, value in damage:
                whole[place % len(whole)] = value
            content = bytes(whole)
        case int():
            content = bytes(whole[:damage])
    try:
        pcm = unpacked(base64.b64encode(content).decode())
    except ValueError:
        return
    assert pcm.dtype == np.int16
    assert 0 < len(pcm) <= LONGEST_S * RATE


@given(st.none() | st.integers() | st.text() | st.lists(st.integers()))
def test_no_value_does(text: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        unpacked(text)


def test_what_is_too_long_is_not_sent() -> None:
    with pytest.raises(ValueError, match="too long"):
        packed(np.zeros(int(LONGEST_S + 1) * RATE, np.int16))


def test_the_longest_message_fits_into_a_question(say: Say) -> None:
    speech = np.resize(say("Dinner is ready. Turn off all the lights, and come down."), 16 * RATE)
    noise = np.random.default_rng(0).integers(-32768, 32767, 16 * RATE).astype(np.int16)
    assert len(packed(speech)) == pytest.approx(379_000, rel=0.05)
    assert len(packed(noise)) == pytest.approx(684_000, rel=0.01)


@pytest.mark.parametrize("gain", [0.03, 0.3, 1.0, 3.0])
def test_it_is_as_loud_from_far_and_near(gain: float) -> None:
    speech = (np.random.default_rng(1).normal(0, 2000, RATE) * gain).astype(np.int16)
    level = np.sqrt(np.mean(np.square(audible(speech) / 32768.0)))
    assert 0.02 < level < 0.12
    assert not audible(np.zeros(100, np.int16)).any()
