"""``/v1/voice``, with real ears, a real voice and a real house."""

import numpy as np
import pytest
import soxr

from tests.sounds import Recognise, Say, quiet
from tests.web.conftest import Served
from tests.web.talking import talking

pytestmark = pytest.mark.anyio

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


async def test_the_answer_to_a_question_needs_no_start(served: Served, say: Say) -> None:
    async with talking(served.address) as client:
        await client.send("text", text="turn on the light in the attic of the moon")
        await client.until("turn_ended")
        await client.send("text", text="add milk to a list")
        asked = await client.until("turn_ended")
        print(asked)
