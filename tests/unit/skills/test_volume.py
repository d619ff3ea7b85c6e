"""The voice's own volume: said, set, heard and kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from edge.act.skills.volume.skill import Volume
from edge.database import Database
from edge.intents import Intent, OutcomeKind
from edge.speak.loudness import VoiceLoudness
from tests.asked import Asked, understood

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "db") as database:
        yield database


async def asked(database: Database, loudness: VoiceLoudness) -> Asked:
    skill = Volume(loudness, database)
    await skill.load()
    return Asked("volume", skill)


@pytest.mark.parametrize(
    ("said", "answer", "volume", "muted"),
    [
        ("set the volume to 40 percent", "Volume at 40 percent.", 0.4, False),
        ("turn the volume up", "Volume at 65 percent.", 0.65, False),
        ("louder", "Volume at 65 percent.", 0.65, False),
        ("speak a bit louder", "Volume at 58 percent.", 0.58, False),
        ("i can't hear you", "Volume at 65 percent.", 0.65, False),
        ("be quieter", "Volume at 35 percent.", 0.35, False),
        ("turn the volume down by 30 percent", "Volume at 20 percent.", 0.2, False),
        ("set the volume to maximum", "Volume at 100 percent.", 1.0, False),
        ("turn the volume down by 100 percent", "Volume at 5 percent.", 0.05, False),
        ("set the volume to zero", "I am quiet now.", 0.5, True),
        ("be quiet", "I am quiet now.", 0.5, True),
        ("don't say anything until i tell you", "I am quiet now.", 0.5, True),
        ("don't reply", "I am quiet now.", 0.5, True),
        ("stop making sounds", "I am quiet now.", 0.5, True),
        ("way too loud", "Volume at 35 percent.", 0.35, False),
        ("talk as loud as possible", "Volume at 65 percent.", 0.65, False),
        ("turn the volume to its loudest", "Volume at 100 percent.", 1.0, False),
        ("stop all sounds", "I am quiet now.", 0.5, True),
        ("mute", "I am quiet now.", 0.5, True),
        ("how loud are you", "My volume is 50 percent.", 0.5, False),
    ],
)
async def test_what_is_said(database: Database, said: str, answer: str, volume: float, muted: bool) -> None:
    loudness = VoiceLoudness()
    loudness.set(0.5, muted=False)
    assert await (await asked(database, loudness)).ask(said) == answer
    assert (loudness.volume, loudness.muted) == (pytest.approx(volume), muted)


async def test_after_a_restart_it_is_as_loud_as_before(database: Database) -> None:
    first = await asked(database, VoiceLoudness())
    await first.ask("set the volume to 30 percent")
    await first.ask("be quiet")
    again = VoiceLoudness()
    second = await asked(database, again)
    assert (again.volume, again.muted) == (0.3, True)
    await second.ask("unmute")
    assert (again.volume, again.muted) == (0.3, False)


async def test_who_is_muted_and_told_to_be_louder_speaks(database: Database) -> None:
    loudness = VoiceLoudness()
    talking = await asked(database, loudness)
    await talking.ask("mute")
    assert await talking.ask("louder") == "This is as loud as I can be."
    assert not loudness.muted


async def test_the_volume_of_something_else_is_not_ours(database: Database) -> None:
    loudness = VoiceLoudness()
    talking = await asked(database, loudness)
    said = await talking.do(Intent("HassSetVolume", {"area": "Bedroom", "volume_level": 10}))
    assert said == "I can't change the volume of Bedroom."
    assert talking.outcome is not None
    assert talking.outcome.kind is OutcomeKind.FAILED
    assert loudness.volume == 1.0


@pytest.mark.parametrize(
    ("volume", "muted", "speech", "ringing"), [(1.0, False, 8000, 8000), (0.5, False, 2000, 2000), (0.1, False, 80, 720), (0.5, True, 0, 2000)]
)  # fmt: skip
def test_speech_is_softened_and_what_rings_is_heard(volume: float, muted: bool, speech: int, ringing: int) -> None:
    loudness = VoiceLoudness()
    loudness.set(volume, muted=muted)
    pcm = np.full(4, 8000, np.int16)
    assert loudness.of_speech(pcm).tolist() == [speech] * 4
    assert loudness.of_ringing(pcm).tolist() == [ringing] * 4
    assert loudness.of_speech(pcm).dtype == np.int16


@pytest.mark.parametrize(
    "said",
    [
        "turn on the music",
        "turn off the radio",
        "stop the music",
        "turn up the heating",
        "turn it off",
        "be right back",
    ],
)
def test_what_is_not_about_its_voice(said: str) -> None:
    about = {"HassSetVolume", "HassSetVolumeRelative", "HearthMute", "HearthUnmute", "HearthVolumeStatus"}
    assert about.isdisjoint(name for name, _ in understood("volume", said))
