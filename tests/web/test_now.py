"""``/v1/now``: what it does and hears, and its button, its switch, its voice."""

import json
from typing import Any

import aiomqtt
import anyio
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from edge.cli.play import play_one
from edge.events import Announced, SpeakingStarted, SpeechEnded, Woke
from tests.sounds import Say, quiet
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


def watching(served: Served) -> connect:
    return connect(served.address.replace("http:", "ws:") + "/v1/now")


async def until(socket: ClientConnection, **wanted: Any) -> dict[str, Any]:
    with anyio.fail_after(30):
        while True:
            told: dict[str, Any] = json.loads(await socket.recv())
            if all(told[key] == value for key, value in wanted.items()):
                return told


async def test_it_tells_what_it_does(served: Served) -> None:
    now = (await served.client.get("/v1/now")).json()
    assert (now["phase"], now["listening"], now["hears"], now["speaks"]) == ("idle", True, False, False)
    async with watching(served) as socket:
        await until(socket, phase="idle")
        served.assistant.bus.emit(Woke(turn="t", at=1.0, word="alexa", score=0.9))
        await until(socket, phase="listening")


async def test_a_phase_that_is_over_before_anybody_looks_is_told(served: Served) -> None:
    async with watching(served) as socket:
        await until(socket, phase="idle")
        for event in (
            Woke(turn="t", at=1.0, word="alexa", score=0.9),
            SpeechEnded(turn="t", at=2.0, speech_end=1.9),
            SpeakingStarted(turn="t", at=2.0),
        ):
            served.assistant.bus.emit(event)
        told = [json.loads(await socket.recv())["phase"] for _ in range(3)]
        assert told == ["listening", "thinking", "speaking"]


async def test_whoever_looks_on_is_counted_and_leaves(served: Served) -> None:
    async with watching(served) as socket:
        await socket.recv()
        assert served.assistant.clients["now"] == 1
    with anyio.fail_after(30):
        while served.assistant.clients["now"]:
            await anyio.sleep(0.01)


async def test_the_microphone_is_switched_off_and_on(served: Served) -> None:
    async with watching(served) as socket:
        await until(socket, listening=True)
        assert (await served.client.put("/v1/listening", json={"on": False})).status_code == 200
        await until(socket, listening=False, phase="muted")
    served.assistant.listening.switched(False)
    refused = await served.client.put("/v1/listening", json={"on": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "locked")


async def test_a_button_without_ears_says_so(served: Served) -> None:
    refused = await served.client.post("/v1/press")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_microphone")


async def test_without_a_loudspeaker_nothing_is_said(served: Served) -> None:
    refused = await served.client.post("/v1/say", json={"text": "dinner is ready"})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_loudspeaker")
    address = served.broker.address
    async with aiomqtt.Client(address.host, address.port) as others:
        await others.subscribe("hearthside/all/say")
        assert (await served.client.post("/v1/say", json={"text": "hello", "everywhere": True})).status_code == 204
        with anyio.fail_after(30):
            assert (await anext(aiter(others.messages))).payload == b"hello"


async def test_what_is_heard_is_shown_with_the_wake_word_s_score(speaking: Served, say: Say) -> None:
    sound = np.concatenate([quiet(1.0), say("Alexa, turn on the kitchen light."), quiet(1.0)])
    readings: list[dict[str, Any]] = []
    async with watching(speaking) as socket, anyio.create_task_group() as tasks:

        async def read() -> None:
            async for message in socket:
                readings.append(json.loads(message))

        tasks.start_soon(read)
        await play_one(speaking.assistant, sound, realtime=True, no_wake=False, report=lambda event: None)
        # The last of it is told a moment later.
        with anyio.fail_after(30):
            while not {"idle", "listening", "thinking"} <= {told["phase"] for told in readings}:
                await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()
    scores = [told["words"]["alexa"] for told in readings if told["words"]]
    assert max(score["score"] for score in scores) > scores[0]["threshold"] > 0
    levels = [told["level_db"] for told in readings if told["level_db"] is not None]
    assert max(levels) > -40 > min(levels)


async def test_it_speaks_and_its_button_is_pressed(speaking: Served) -> None:
    with speaking.assistant.bus.subscribe() as events:
        assert (await speaking.client.post("/v1/say", json={"text": "dinner is ready"})).status_code == 204
        (told,) = [event for event in events.pending() if isinstance(event, Announced)]
    assert "dinner is ready" in told.text.lower()
    assert (await speaking.client.post("/v1/press")).status_code == 204
    assert speaking.assistant._pressed.is_set()
