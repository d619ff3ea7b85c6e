"""Our own voice is taken out of a simulated room, and the person who talks into it stays."""

import numpy as np
import pytest

from edge.audio.echo import EchoCanceller
from edge.audio.reference import Reference, Track
from edge.chunk import CHUNK_SAMPLES, RATE, Pcm
from edge.evaluation.room import Room, carried, own_voice
from tests.sounds import Say, quiet

ANSWER = (
    "The kitchen light is on. It is a quarter past seven in the evening, and the temperature outside is eleven "
    "degrees. The front door is locked, and the blinds are at forty percent."
)


def through(canceller: EchoCanceller, heard: Pcm, played: Pcm) -> Pcm:
    whole = len(heard) // CHUNK_SAMPLES * CHUNK_SAMPLES
    chunks = [slice(begin, begin + CHUNK_SAMPLES) for begin in range(0, whole, CHUNK_SAMPLES)]
    return np.concatenate([canceller.cancel(heard[chunk], played[chunk]) for chunk in chunks])


def level(pcm: Pcm) -> float:
    return float(10 * np.log10(np.mean(np.square(pcm.astype(float))) + 1))


def echo_of(played: Pcm, reverberation_s: float, late_s: float = 0.04) -> Pcm:
    response = own_voice(Room(reverberation_s=reverberation_s), 0.2)
    echo = carried(played, response / np.sqrt(np.sum(response**2)))
    late = np.concatenate([np.zeros(round(late_s * RATE)), echo])[: len(played)]
    return (late * 0.7).astype(np.int16)


@pytest.mark.parametrize(("reverberation_s", "least"), [(0.15, 25), (0.25, 25), (0.4, 20)])
def test_the_echo_of_a_room_is_taken_out(say: Say, reverberation_s: float, least: float) -> None:
    played = say(ANSWER)
    heard = echo_of(played, reverberation_s) + quiet(len(played) / RATE)
    clean = through(EchoCanceller(), heard, played)
    # From its third second on; what is learnt is kept for the next answer.
    begin = 3 * RATE
    assert level(heard[begin : len(clean)]) - level(clean[begin:]) > least


def test_who_talks_into_the_answer_stays_as_they_are(say: Say) -> None:
    played = say(ANSWER)
    person = np.zeros(len(played), np.int16)
    said = say("Turn off the light in the bedroom, please.") // 2
    person[4 * RATE : 4 * RATE + len(said)] = said
    clean = through(EchoCanceller(), echo_of(played, 0.25) + person, played)
    speaks = slice(4 * RATE, 4 * RATE + len(said))
    difference = clean[speaks].astype(float) - person[speaks]
    assert 10 * np.log10(np.mean(said.astype(float) ** 2) / np.mean(difference**2)) > 12


def test_while_nothing_is_played_nothing_is_changed() -> None:
    canceller, room = EchoCanceller(), quiet(1.0, 500.0)
    assert np.array_equal(through(canceller, room, np.zeros_like(room)), room)
    assert not canceller.sounding
    through(canceller, room, room)
    assert canceller.sounding
    # The end of an echo takes as long as the longest echo.
    through(canceller, room, np.zeros_like(room))
    assert not canceller.sounding
    assert np.array_equal(through(canceller, room, np.zeros_like(room)), room)


def test_a_reference_that_is_not_heard_does_no_harm(say: Say) -> None:
    """Headphones, or a loudspeaker that is switched off."""
    person, played = say("Turn off the light in the bedroom, please."), say(ANSWER)
    clean = through(EchoCanceller(), person, played[: len(person)])
    difference = clean.astype(float) - person[: len(clean)]
    assert 10 * np.log10(np.mean(person.astype(float) ** 2) / np.mean(difference**2)) > 10


@pytest.mark.parametrize("rate", [RATE, 22_050, 48_000])
def test_what_was_played_is_found_by_its_time(rate: int) -> None:
    reference = Reference()
    track = Track(reference, rate)
    t = np.arange(rate) / rate
    sound = (8000 * np.sin(2 * np.pi * (200 * t + 700 * t**2))).astype(np.int16)
    wanted = (8000 * np.sin(2 * np.pi * (200 * np.arange(RATE) / RATE + 700 * (np.arange(RATE) / RATE) ** 2))).astype(
        np.int16
    )
    block = rate // 50
    for number in range(50):
        jitter = 0.004 * (number % 3)
        track.write(sound[number * block : (number + 1) * block], 1000.0 + number * 0.02 + jitter)
    found = reference.at(1000.2, RATE // 2).astype(float)
    assert np.corrcoef(found, wanted[RATE // 5 : RATE // 5 + RATE // 2])[0, 1] > 0.99
    assert not reference.at(999.0, RATE // 2).any()
    assert not reference.at(1002.0, RATE // 2).any()


def test_a_gap_between_two_answers_is_silent_and_what_is_old_is_forgotten() -> None:
    reference = Reference()
    loud = np.full(CHUNK_SAMPLES, 1000, np.int16)
    Track(reference, RATE).write(loud, 10.0)
    Track(reference, RATE).write(loud, 10.5)
    assert reference.at(10.0, RATE).nonzero()[0].tolist() == [*range(320), *range(8000, 8320)]
    Track(reference, RATE).write(loud, 100.0)
    assert not reference.at(10.0, RATE).any()
    assert reference.at(98.5, 2 * RATE).nonzero()[0].tolist() == list(range(24_000, 24_320))


def test_a_loudspeaker_whose_time_jumps_is_followed() -> None:
    reference = Reference()
    track = Track(reference, RATE)
    loud = np.full(CHUNK_SAMPLES, 1000, np.int16)
    for number in range(5):
        track.write(loud, 10.0 + number * 0.02)
    track.write(loud, 10.3)
    assert reference.at(10.0, RATE).nonzero()[0].tolist() == [*range(1600), *range(4800, 5120)]
