"""Whether a wake word is heard while the assistant speaks, in a simulated room."""

from collections import deque
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from edge.audio.echo import EchoCanceller
from edge.audio.volume import Volume
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, Pcm
from edge.evaluation.clips import Clip
from edge.evaluation.mixing import active_power
from edge.evaluation.noise import chunks
from edge.evaluation.room import Floats, Room, carried, distorted, own_voice, talker
from edge.ports import WakeEngine
from edge.session.attention import AttentiveWake
from edge.wake.detector import Detector

Remedy = Literal["nothing", "duck", "cancel", "person alone"]

_SPEAKS_IN_S: Final = 3.0
"""When the person begins, after the answer has."""
_AFTER_S: Final = 2.0
_RESPONSE_S: Final = 0.256
_BUFFERED_S: Final = 0.1
"""What the loudspeaker still plays as it was before it is lowered."""
_ROOM_NOISE: Final = 8.0
_LEARNT_S: Final = 3.0
_REFRACTORY_S: Final = 1.0


def woken(
    engine: WakeEngine, word: str, spoken: Sequence[Clip], answer: Pcm, over_person_db: float, remedy: Remedy
) -> float:
    """The share of ``spoken`` in which ``word`` is heard, said from across the room 3 s into ``answer``, which a small
    loudspeaker plays.

    ``over_person_db``: the answer over the person at the microphone. The canceller knows nothing of the room at first.
    """
    room = Room()
    theirs, ours = talker(room, _RESPONSE_S), own_voice(room, _RESPONSE_S)
    heard = 0
    for clip in spoken:
        person, echo, played = _scene(clip.sound(), answer, theirs, ours, over_person_db)
        heard += _wakes(engine, word, person, echo * (remedy != "person alone"), played, remedy)
    return heard / len(spoken)


def erle_db(answer: Pcm, room: Room, response_s: float, person: Pcm | None = None, *, distorts: bool = False) -> float:
    """How much softer the answer is after the canceller than before, dB, from its third second on.

    With a ``person`` who talks all the while, what they said is no part of the residue. ``distorts``: a loudspeaker
    that does, which no linear filter can know.
    """
    response = own_voice(room, response_s)
    echo = carried(distorted(answer) if distorts else answer, response / np.sqrt(np.sum(response**2)))
    others = np.random.default_rng(0).normal(0, _ROOM_NOISE, len(answer))
    if person is not None:
        others += np.resize(person, len(answer)) * np.sqrt(np.mean(echo**2) / active_power(person))
    heard, canceller = _pcm(echo + others), EchoCanceller()
    clean = np.concatenate([canceller.cancel(*pair) for pair in zip(chunks(heard), chunks(answer), strict=True)])
    learnt = slice(round(_LEARNT_S * RATE), len(clean))
    residue = clean[learnt] - others[learnt]
    return float(10 * np.log10(np.mean(echo[learnt] ** 2) / (np.mean(residue**2) + 1)))


def _scene(word: Pcm, answer: Pcm, theirs: Floats, ours: Floats, over_db: float) -> tuple[Floats, Floats, Pcm]:
    """What comes from the person and from the loudspeaker, at the microphone, and what the loudspeaker plays."""
    silence = (np.zeros(round(_SPEAKS_IN_S * RATE)), np.zeros(round(_AFTER_S * RATE)))
    person = _as_loud_as(carried(word, theirs), word, 0.0)
    person = np.concatenate([silence[0], person, silence[1]])
    person += np.random.default_rng(0).normal(0, _ROOM_NOISE, len(person))
    played = np.resize(answer, len(person))
    return person, _as_loud_as(carried(distorted(played), ours), word, over_db), played


def _as_loud_as(sound: Floats, model: Pcm, over_db: float) -> Floats:
    half = sound / np.abs(sound).max() * 16_000
    wanted: Floats = half * np.sqrt(active_power(model) / active_power(_pcm(half))) * 10 ** (over_db / 20)
    return wanted


def _wakes(engine: WakeEngine, word: str, person: Floats, echo: Floats, played: Pcm, remedy: Remedy) -> bool:
    now = 0.0
    suspected: deque[float] = deque()
    volume = Volume(lambda: now)
    listening = AttentiveWake(engine, lambda: suspected.append(now + _BUFFERED_S))
    listening.reset()
    canceller, detector = EchoCanceller(), Detector({word: engine.words[word].threshold}, _REFRACTORY_S)
    for number in range(len(person) // CHUNK_SAMPLES):
        part = slice(number * CHUNK_SAMPLES, (number + 1) * CHUNK_SAMPLES)
        now = number * CHUNK_SECONDS
        while remedy == "duck" and suspected and suspected[0] <= now:
            suspected.popleft()
            volume.duck()
        heard = _pcm(person[part] + volume.applied(_pcm(echo[part]), RATE))
        if remedy == "cancel":
            heard = canceller.cancel(heard, played[part])
        if detector.feed(listening.score(heard), now) is not None:
            return True
    return False


def _pcm(sound: Floats) -> Pcm:
    pcm: Pcm = np.round(sound).clip(-32768, 32767).astype(np.int16)
    return pcm
