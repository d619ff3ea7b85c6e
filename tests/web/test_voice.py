"""``/v1/voice``, with real ears, a real voice and a real house."""

import asyncio
import json
from collections.abc import Sequence
from typing import Final

import anyio
import numpy as np
import pytest
import soxr
from pydantic import SecretStr
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from edge.api.web.access import Person, Role
from edge.api.web.voice.lines import MOST, Lines
from edge.api.web.voice.messages import Hello
from edge.chunk import Pcm
from edge.home.demo import Behaviour
from edge.sections import ConfirmSettings
from edge.settings import Settings
from tests.sounds import Recognise, Say, quiet
from tests.web.conftest import Served
from tests.web.talking import Client, talking

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The front door is asked about, and the alarm is for who knows the PIN."""
    confirm = ConfirmSettings(unlock="pin", pin=SecretStr("4711"))
    return settings.model_copy(update={"confirm": confirm})


LIGHT = "Turn on the kitchen light."


async def test_what_is_said_is_done_and_the_answer_is_heard(served: Served, say: Say, recognise: Recognise) -> None:
    async with talking(served.address) as client:
        await client.send("start")
        await client.speak(np.concatenate([quiet(0.3), say(LIGHT), quiet(1.5)]))
        turn = await client.until("turn_ended")
    assert (turn["text"].lower().rstrip("."), turn["outcome"]) == ("turn on the kitchen light", "done")
    assert served.home.state("kitchen_light")["state"] == "ON"
    told = [kind for kind in client.types() if kind != "partial"]
    assert told == [
        "ready", "speech_started", "speech_ended", "transcribed", "understood", "acted", "reply_ready",
        "speaking_started", "sound", "speaking_ended", "turn_ended",
    ]  # fmt: skip
    rate = next(message["rate"] for message in client.messages if message["type"] == "sound")
    assert "light" in recognise(client.heard(turn["turn"]), rate).lower()


async def test_a_held_key_ends_the_utterance_and_no_pause_does(served: Served, say: Say) -> None:
    async with talking(served.address, held=True, sound=False) as client:
        await client.send("start")
        await client.speak(np.concatenate([say("Turn on"), quiet(2.0), say("the kitchen light.")]))
        await client.send("stop")
        turn = await client.until("turn_ended")
    assert turn["outcome"] == "done", turn["text"]
    assert "partial" in client.types()
    assert client.sound == {}


async def test_it_may_come_and_go_at_other_rates(served: Served, say: Say, recognise: Recognise) -> None:
    async with talking(served.address, rate=48_000, answer_rate=16_000) as client:
        await client.send("start")
        spoken = np.concatenate([quiet(0.3), say(LIGHT), quiet(1.5)]).astype(np.float32)
        await client.speak(soxr.resample(spoken, 16_000, 48_000).astype(np.int16))
        turn = await client.until("turn_ended")
    assert turn["outcome"] == "done", turn["text"]
    assert "light" in recognise(client.heard(turn["turn"]), 16_000).lower()


async def test_what_is_asked_is_answered_by_voice_and_a_pin_is_told_to_nobody(served: Served, say: Say) -> None:
    # Made before it is asked for: then there are only some seconds to say it.
    pin = np.concatenate([quiet(0.3), say("Four, seven, one, one."), quiet(1.5)])
    async with talking(served.address) as client:
        await client.send("text", text="unlock the front door")
        asked = await client.until("turn_ended")
        invited = await client.until("invited")
        assert (invited["turn"], invited["for_s"]) == (asked["turn"], 6.0)
        assert asked["question"]["slot"] == "pin"
        # Sound alone is enough.
        with served.assistant.bus.subscribe() as events:
            await client.speak(pin)
            done = await client.until("turn_ended")
            told = json.dumps([str(event) for event in events.pending()])
    assert (done["outcome"], served.home.state("front_door")["state"]) == ("done", "UNLOCKED")
    heard = json.dumps(client.messages) + told
    assert "4711" not in heard
    assert "seven" not in heard
    kept = (await served.client.get("/v1/turns")).text
    assert done["turn"] in kept
    assert "4711" not in kept


async def test_whoever_talks_anew_ends_the_turn_before(served: Served, say: Say) -> None:
    async with talking(served.address, sound=False) as client:
        await client.send("start")
        await client.speak(say("Turn off the"))
        await client.until("speech_started")
        await client.send("start")
        await client.speak(np.concatenate([quiet(0.3), say(LIGHT), quiet(1.5)]))
        turns = [await client.until("turn_ended"), await client.until("turn_ended")]
        # It goes on until the device has answered.
        served.home.behave("kitchen_light", Behaviour(silent=True))
        await client.send("text", text="turn off the kitchen light")
        await client.send("cancel")
        turns.append(await client.until("turn_ended"))
    assert [turn["outcome"] for turn in turns] == ["cancelled", "done", "cancelled"]


async def test_who_comes_back_gets_what_was_missed(served: Served, say: Say, recognise: Recognise) -> None:
    async with talking(served.address) as first:
        await first.send("start")
        await first.speak(np.concatenate([quiet(0.3), say(LIGHT), quiet(1.5)]))
        await first.until("speech_ended")
        first.socket.transport.abort()
        with pytest.raises(ConnectionClosed):
            await first.until("turn_ended")
    ready = first.messages[0]
    async with talking(served.address, "resume", connection=ready["connection"], after=first.frames) as second:
        again = second.messages[0]
        assert (again["resumed"], again["missed"], again["session"]) == (True, 0, ready["session"])
        turn = await second.until("turn_ended")
    assert turn["outcome"] == "done"
    told = [kind for kind in [*first.types(), *second.types()] if kind not in ("ready", "partial")]
    assert told == [
        "speech_started", "speech_ended", "transcribed", "understood", "acted", "reply_ready",
        "speaking_started", "sound", "speaking_ended", "turn_ended",
    ]  # fmt: skip
    rate = next(message["rate"] for message in second.messages if message["type"] == "sound")
    assert "light" in recognise(second.heard(turn["turn"]), rate).lower()


async def test_a_sentence_goes_on_after_the_connection_dropped(served: Served, say: Say) -> None:
    sound = np.concatenate([quiet(0.3), say(LIGHT), quiet(1.5)])
    async with talking(served.address, sound=False) as first:
        await first.send("start")
        await first.speak(sound[:12_000])
        await first.until("speech_started")
        first.socket.transport.abort()
    connection = first.messages[0]["connection"]
    async with talking(served.address, "resume", connection=connection, after=first.frames) as second:
        await second.speak(sound[12_000:])
        turn = await second.until("turn_ended")
    assert turn["outcome"] == "done", turn["text"]


async def test_nobody_comes_back_to_what_is_over_or_never_was(served: Served) -> None:
    async with talking(served.address) as first:
        await first.send("bye")
        with pytest.raises(ConnectionClosed):
            await first.until("turn_ended")
    for connection in (first.messages[0]["connection"], "another"):
        async with talking(served.address, "resume", connection=connection, after=0) as second:
            assert second.messages[0]["resumed"] is False
            await second.send("text", text="turn on the kitchen light")
            assert (await second.until("turn_ended"))["outcome"] == "done"


async def test_who_comes_back_with_another_role_begins_anew(served: Served) -> None:
    lines = Lines(served.assistant)
    line = await lines.open(Person("Ada", Role.MEMBER, "1"), Hello(type="hello"))
    assert line is not None
    assert lines.find(Person("Ada", Role.MEMBER, "1", login="of another browser"), line.id) is line
    assert lines.find(Person("Ada", Role.GUEST, "1"), line.id) is None, "she may do less by now"
    line.leave()


async def test_coming_by_another_connection_ends_the_first(served: Served) -> None:
    async with talking(served.address) as first:
        connection = first.messages[0]["connection"]
        async with talking(served.address, "resume", connection=connection, after=0) as second:
            with pytest.raises(ConnectionClosed) as closed:
                await first.until("turn_ended")
            await second.send("text", text="turn on the kitchen light")
            assert (await second.until("turn_ended"))["outcome"] == "done"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


async def test_several_talk_at_once(served: Served, say: Say) -> None:
    sentences = {
        "Turn on the kitchen light.": "kitchen_light",
        "Turn on the bedroom light.": "bedroom_light",
        "Turn on the hallway plug.": "hallway_plug",
        "Turn on the living room lamp.": "living_room_lamp",
    }

    async def talk(sound: Pcm) -> tuple[str, Client]:
        async with talking(served.address) as client:
            await client.send("start")
            await client.speak(sound)
            turn = await client.until("turn_ended")
            assert len(client.heard(turn["turn"])) > 10_000
            return turn["outcome"], client

    # While these are made, nothing else goes on.
    sounds = [np.concatenate([quiet(0.3), say(sentence), quiet(1.5)]) for sentence in sentences]
    spoken = await asyncio.gather(*(talk(sound) for sound in sounds))
    assert [outcome for outcome, _ in spoken] == ["done"] * len(sentences)
    assert [served.home.state(device)["state"] for device in sentences.values()] == ["ON"] * len(sentences)
    for _, client in spoken:
        turns = {message["turn"] for message in client.messages if message.get("turn")}
        assert len(turns) == 1, "nobody hears of another's"


async def test_more_than_there_is_room_for_are_sent_away(served: Served) -> None:
    lines = [await connect(served.address.replace("http", "ws", 1) + "/v1/voice") for _ in range(MOST)]
    for line in lines:
        await line.send('{"type": "hello"}')
        await line.recv()
    async with connect(served.address.replace("http", "ws", 1) + "/v1/voice") as socket:
        await socket.send('{"type": "hello"}')
        assert json.loads(await socket.recv())["code"] == "busy"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    for line in lines:
        await line.close()
    with anyio.fail_after(30):
        while served.assistant.clients["voice"]:
            await anyio.sleep(0.02)
    async with talking(served.address) as client:
        assert client.types() == ["ready"]


MALFORMED: Final[tuple[tuple[Sequence[str | bytes], str], ...]] = (
    ([b"\x00\x00"], "the first message is hello or resume"),
    (['{"type": "start"}'], "the first message is hello or resume"),
    (["{"], "Invalid JSON"),
    (['{"type": "hello", "rate": 11}'], "rate"),
    (['{"type": "hello", "session": "../.."}'], "session"),
    (['{"type": "hello", "unheard": "of"}'], "unheard"),
    (['{"type": "hello"}', b"\x00"], "whole samples"),
    (['{"type": "hello"}', '{"type": "hello"}'], "hello is the first message"),
    (['{"type": "hello"}', '{"type": "sing"}'], "sing"),
    (['{"type": "hello"}', '{"type": "text", "text": ""}'], "text"),
)


async def test_what_is_malformed_ends_the_connection_and_says_why(served: Served) -> None:
    for frames, detail in MALFORMED:
        async with connect(served.address.replace("http", "ws", 1) + "/v1/voice") as socket:
            for frame in frames:
                await socket.send(frame)
            problem = json.loads(await socket.recv())
            if problem["type"] == "ready":
                problem = json.loads(await socket.recv())
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert (problem["type"], problem["code"]) == ("problem", "malformed"), detail
        assert detail in problem["detail"]
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1007


async def test_sound_that_nobody_asked_for_is_ignored(served: Served, say: Say) -> None:
    async with talking(served.address, sound=False) as client:
        await client.speak(say(LIGHT))
        await client.send("text", text="turn on the bedroom light")
        turn = await client.until("turn_ended")
    assert turn["text"] == "turn on the bedroom light"
    assert served.home.state("kitchen_light")["state"] == "OFF"
