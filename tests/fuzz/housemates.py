"""What the other assistants of the house say over its broker: claims to a wake word, questions, answers, timers, sound.

An entry is one or several messages, as in :mod:`tests.fuzz.house`.
"""

import base64
import io
import json
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import anyio
import numpy as np
import soundfile

from edge.act.skills.broadcast.skill import Broadcast
from edge.act.skills.intercom.settings import IntercomSettings
from edge.act.skills.intercom.skill import Intercom
from edge.act.skills.intercom.sound import audible, packed, unpacked
from edge.act.skills.timers.elsewhere import TIMER, Elsewhere, asked
from edge.intents import Intent
from edge.ports import Neighbour, Taken
from edge.session.arbiter import Arbiter, Place
from edge.session.neighbours import HouseNeighbours
from tests.fuzz.house import entry, messages
from tests.fuzz.network import run
from tests.fuzz.parser import Parser, Steps

_ME: Final = Neighbour("me", "kitchen", "Kitchen")
_MOST: Final = 60
"""Messages of an entry."""


class Post:
    """In the place of the broker: what is said is written down as it would have to be."""

    online = True

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.takes: list[Callable[[Taken], None]] = []

    async def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        del qos, retain
        text = payload.decode() if isinstance(payload, bytes) else payload
        text.encode()
        self.sent.append((topic, text))

    async def listen(self, filters: Sequence[str], take: Callable[[Taken], None]) -> None:
        del filters
        self.takes.append(take)


def _taken(raw: bytes, what: str) -> list[Taken]:
    """As the broker gives them out to whoever has subscribed to ``what``: +/… below our own."""
    found = []
    for number, one in enumerate(list(messages(raw))[:_MOST]):
        parts = one.topic.split("/")
        site = parts[1] if len(parts) > 1 and parts[1] else "x"
        below = what.format(parts[-1] or "who")
        found.append(Taken(f"hearthside/{site}/{below}", one.payload, number % 4 == 3))
    return found


# -- who answers ------------------------------------------------------------------------------------------------------


def claims(raw: bytes) -> float:
    """``hearthside/+/wake``, while a word of our own is claimed; after it, a claim that is good is heard."""
    steps = Steps()

    async def heard() -> None:
        post, now = Post(), [0.0]
        arbiter = Arbiter(post, Place("me", "kitchen", "Kitchen"), lambda: False, now=lambda: now[0])  # type: ignore[arg-type]
        async with anyio.create_task_group() as sending:
            with arbiter.claim("okay_nabu", 10.0, 0.0) as claim:
                for taken in [*_taken(raw, "wake"), *_taken(_claim(wake="good-1"), "wake")]:
                    with steps:
                        arbiter._take(taken)
                        now[0] += 0.001
                        arbiter._advance(sending)
                arbiter.name_of(claim._contest.leader).encode()
                assert ("hall-1", "good-1") in arbiter._arbitration._others, "a good claim was not heard"
            await anyio.lowlevel.checkpoint()
            sending.cancel_scope.cancel()

    run(heard())
    return steps.longest


# -- questions and answers --------------------------------------------------------------------------------------------


def neighbours(raw: bytes) -> float:
    """``hearthside/+/house/+``: with all that answers there; after it, a good question is answered."""
    steps = Steps()

    async def heard() -> None:
        post, house = Post(), types.SimpleNamespace(areas=lambda: {"Kitchen": ()}, online=True)
        known = HouseNeighbours(post, _ME, "boot")  # type: ignore[arg-type]
        announcer = types.SimpleNamespace(audible=True)
        here = Broadcast(house, announcer, known)  # type: ignore[arg-type]
        switch, loudness = types.SimpleNamespace(on=True), types.SimpleNamespace(muted=False, volume=0.5)
        Intercom(house, announcer, known, switch, loudness, IntercomSettings(enabled=True, accept=True))  # type: ignore[arg-type]
        known.respond(TIMER, _changed)
        async with anyio.create_task_group() as known._tasks:
            for taken in [*_taken(raw, "house/{}"), *_taken(GOOD, "house/{}")]:
                with steps:
                    known._take(taken)
                await anyio.lowlevel.checkpoint()
            with anyio.move_on_after(60.0):
                while not any('"good-1"' in said for _, said in post.sent):
                    await anyio.sleep(0.001)
            known._tasks.cancel_scope.cancel()
        assert any('"good-1"' in said for _, said in post.sent), "a good question was not answered"
        json.dumps([[other.id, other.site, other.area] for other in known.known()], ensure_ascii=False).encode()
        for message in here._waiting:
            message.encode()

    run(heard())
    return steps.longest


async def _changed(by: Neighbour, body: Mapping[str, object]) -> Mapping[str, object]:
    del by
    try:
        what, ident, seconds = asked(body)
    except ValueError:
        return {"done": False}
    return {"done": False, "left": seconds, "what": what, "id": ident}


# -- timers of others -------------------------------------------------------------------------------------------------


def timers(raw: bytes) -> float:
    """``hearthside/+/timers``, and what is said of them; after it, a good one is known."""
    steps = Steps()
    time = types.SimpleNamespace(now=lambda: types.SimpleNamespace(timestamp=lambda: 1000.0))

    async def heard() -> None:
        asks = types.SimpleNamespace(me=_ME, known=lambda: (), ask=None)
        theirs = Elsewhere(Post(), asks, time)  # type: ignore[arg-type]
        for taken in [*_taken(raw, "timers"), *_taken(TIMERS, "timers")]:
            with steps:
                theirs._take(taken)
        for slots in ({}, {"name": "eggs"}, {"area": "Hall"}, {"name": "x"}):
            for name in ("HassTimerStatus", "HassCancelTimer"):
                with steps:
                    outcome = await theirs.run(Intent(name, slots), ())
                if outcome is not None:
                    json.dumps([outcome.say.key, outcome.say.values], default=str, ensure_ascii=False).encode()
        assert any(timer.name == "eggs" for timer in theirs._known()), "a good timer is not known"

    run(heard())
    return steps.longest


# -- sound ------------------------------------------------------------------------------------------------------------


def intercom(raw: bytes) -> None:
    """A spoken message: FLAC as text."""
    for text in (base64.b64encode(raw).decode(), raw.decode("utf-8", "replace")):
        try:
            pcm = unpacked(text)
        except ValueError:
            continue
        assert pcm.dtype == np.int16
        assert len(audible(pcm)) == len(pcm) <= 30 * 16_000
    assert len(unpacked(_FLAC)) == 1600


# -- seeds ------------------------------------------------------------------------------------------------------------


def _claim(**more: Any) -> bytes:
    said = {"who": "hall-1", "wake": "w", "word": "okay_nabu", "earshot": "house", "score_db": 9.0, "step": "claim", "age_ms": 10.0, "area": "Hall"}  # fmt: skip
    return entry(("hearthside/hall/wake", {**said, **more}))


def _question(kind: str, request: str = "q-1", **body: Any) -> tuple[str, object]:
    message = {"request": request, "to": None, "body": body, "from": {"id": "hall-1", "area": "Hall", "boot": "b"}}
    return f"hearthside/hall/house/{kind}", message


CLAIMS: Final = (
    _claim(),
    _claim(step="lead"),
    _claim(step="settled", score_db=-3),
    _claim(who="den-2", area=None, age_ms=0),
)
GOOD: Final = entry(_question("who", "good-1"))
_FLAC: Final = packed(np.zeros(1600, np.int16))
_QUESTIONS: Final = (
    GOOD, entry(_question("announce", text="dinner is ready")), entry(_question(TIMER, intent="HassCancelTimer", id="t-1", seconds=0)),
    entry(_question("intercom", id="m-1", flac=_FLAC), _question("intercom_heard", "q-2", id="m-1")), entry(_question("answer")),
    entry(("hearthside/hall/availability", "offline"), _question("who")), entry(("hearthside/kitchen/house/who", _question("who")[1])),
)  # fmt: skip
TIMERS: Final = entry(
    (
        "hearthside/hall/timers",
        [{"id": "a", "name": "eggs", "area": "Hall", "ends_at": 1300.0, "left_s": 300, "state": "running"}],
    )
)
_TIMERS: Final = (
    TIMERS, entry(("hearthside/den/timers", [{"id": "b", "name": None, "area": None, "ends_at": None, "left_s": 3.5, "state": "paused"}] * 3)),
    entry(("hearthside/den/timers", "")),
)  # fmt: skip
_KEYS: Final = tuple(
    f'"{word}"'.encode()
    for word in (
        "who", "wake", "word", "earshot", "score_db", "step", "age_ms", "area", "claim", "lead", "settled", "from", "id", "boot", "request", "to", "body",
        "text", "flac", "intent", "seconds", "ends_at", "left_s", "name", "HassIncreaseTimer", "hall-1", "me", "Kitchen",
    )
)  # fmt: skip
_NUMBERS: Final = (b"1" + b"0" * 400, b"-1e308", b"1e999", b"NaN", b"-0.0")


def _sounds() -> Sequence[bytes]:
    found = []
    for rate, channels, samples in ((16_000, 1, 1600), (16_000, 1, 40_000), (48_000, 2, 500)):
        out = io.BytesIO()
        wave = np.random.default_rng(1).integers(-3000, 3000, (samples, channels), dtype=np.int16)
        soundfile.write(out, wave, rate, format="FLAC", subtype="PCM_16")
        found.append(out.getvalue())
    return found


PARSERS: Final = (
    Parser("mqtt.claims", "other assistants that heard the wake word, too", claims, CLAIMS, (*_KEYS, *_NUMBERS), largest=4_000),
    Parser("mqtt.neighbours", "questions and answers of other assistants: announcements, spoken messages, timers", neighbours, _QUESTIONS, (*_KEYS, *_NUMBERS), largest=200_000),
    Parser("mqtt.timers", "timers of other assistants", timers, _TIMERS, (*_KEYS, *_NUMBERS), largest=200_000),
    Parser("sound.intercom", "what another assistant's microphone heard: FLAC as text", intercom, _sounds(), (b"fLaC", b"\xff\xf8", b"\x00\x00\x00\x22", b"\xff\xff\xff\xff"), largest=400_000, blocks_s=2.0),
)  # fmt: skip
