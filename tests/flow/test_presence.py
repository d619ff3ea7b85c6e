"""The assistant as others in the house see it: a real broker, another client on it, and commands that come over it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import aiomqtt
import anyio
import pytest
from pydantic import SecretStr

from edge.api import mqtt
from edge.app import assistant
from edge.assistant import Assistant
from edge.events import Rang, RingingEnded, SpeechEnded, TurnEnded, Woke
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.sections import ConfirmSettings, MqttSettings, UnderstandSettings
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.told import tells

pytestmark = pytest.mark.anyio


@dataclass
class Neighbour:
    """Another program on the broker: it hears everything, and can be asked to wait for something."""

    broker: Mosquitto
    heard: list[tuple[str, str, bool]] = field(default_factory=list)

    async def __aenter__(self) -> "Neighbour":
        address = self.broker.address
        self._client = aiomqtt.Client(address.host, address.port)
        await self._client.__aenter__()
        await self._client.subscribe([("hearthside/#", 1), ("hermes/#", 1), ("homeassistant/+/+/+/config", 1)])
        self._more = anyio.Event()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._listen)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(kind, error, trace)
        try:
            await self._client.__aexit__(None, None, None)
        except aiomqtt.MqttError:
            assert not self.broker.running

    async def _listen(self) -> None:
        try:
            async for message in self._client.messages:
                assert isinstance(message.payload, bytes)
                self.heard.append((message.topic.value, message.payload.decode(errors="replace"), bool(message.retain)))
                self._more.set()
        except aiomqtt.MqttError:
            return

    async def send(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        await self._client.publish(topic, payload, qos=1, retain=retain)

    async def until(self, topic: str, fits: Callable[[str], bool] | str, after: int = 0) -> str:
        """The first payload on ``topic`` that fits, of the messages from number ``after`` on."""
        with anyio.fail_after(60):
            while True:
                self._more = anyio.Event()
                for name, payload, _ in self.heard[after:]:
                    if name == topic and (payload == fits if isinstance(fits, str) else fits(payload)):
                        return payload
                await self._more.wait()

    def on(self, topic: str) -> list[str]:
        return [payload for name, payload, _ in self.heard if name == topic]


@asynccontextmanager
async def present(
    broker: Mosquitto, folder: Path, *, area: str | None = None, **of_mqtt: Any
) -> AsyncIterator[Assistant]:
    address = broker.address
    settings = Settings(
        data_dir=folder,
        area=area,
        mqtt=MqttSettings(host=address.host, port=address.port, site="den", confirm_s=20.0, **of_mqtt),
        confirm=ConfirmSettings(unlock="pin", pin=SecretStr("1234")),
        understand=UnderstandSettings(semantic=False, llm="none"),
    )
    async with assistant(settings, hears=False, sink=None) as running:
        await running.house.settled(30)
        async with mqtt.serve(running):
            yield running


async def kept(broker: Mosquitto, *filters: str) -> dict[str, str]:
    """What the broker retains on ``filters``."""
    found = {}
    async with aiomqtt.Client(broker.address.host, broker.address.port) as client:
        await client.subscribe([*((each, 1) for each in filters), ("fence", 1)])
        await client.publish("fence", "over", qos=1)
        async for message in client.messages:
            if message.topic.value == "fence":
                return found
            assert isinstance(message.payload, bytes)
            found[message.topic.value] = message.payload.decode()
    raise AssertionError


async def test_it_shows_itself_as_a_device(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with Neighbour(broker) as other, present(broker, tmp_path, area="Kitchen") as running:
        await other.until("hearthside/den/timers", "[]")
        config = json.loads(await other.until("homeassistant/switch/hearthside_den/listening/config", bool))
        assert (config["command_topic"], config["device"]["suggested_area"]) == (
            "hearthside/den/listening/set",
            "Kitchen",
        )
        await other.until("homeassistant/binary_sensor/hearthside_den/connected/config", bool)
        await running.house.settled(30)
        assert not [device.name for device in running.house.devices() if "earthside" in device.name]
        states = {topic: (await kept(broker, "hearthside/den/#")).get(f"hearthside/den/{topic}") for topic in
                  ("availability", "listening", "volume", "phase", "timers")}  # fmt: skip
        assert states == {"availability": "online", "listening": "ON", "volume": "100", "phase": "idle", "timers": "[]"}
    assert (await kept(broker, "hearthside/den/#"))["hearthside/den/availability"] == "offline"


async def test_the_switch_and_the_volume_from_outside(broker: Mosquitto, tmp_path: Path) -> None:
    async with Neighbour(broker) as other, present(broker, tmp_path) as running:
        await other.until("hearthside/den/volume", "100")
        for garbage in (b"MAYBE", b"\xff", b""):
            await other.send("hearthside/den/listening/set", garbage)
        for garbage in (b"101", b"-1", b"loud", b"nan", b"\xff"):
            await other.send("hearthside/den/volume/set", garbage)
        await other.send("hearthside/den/listening/set", "OFF")
        await other.until("hearthside/den/listening", "OFF")
        await other.until("hearthside/den/phase", "muted")
        assert not running.listening.on
        await other.send("hearthside/den/listening/set", "ON")
        await other.until(
            "hearthside/den/listening", "ON", after=other.heard.index(("hearthside/den/listening", "OFF", False))
        )
        assert running.listening.on
        await other.send("hearthside/den/volume/set", "40.2")
        await other.until("hearthside/den/volume", "40")
        await other.send("hearthside/den/volume/set", "0")
        await other.until("hearthside/den/volume", "0")
        assert running.loudness.muted
        await running.ask("set the volume to 70")
        await other.until("hearthside/den/volume", "70")
    async with Neighbour(broker) as other, present(broker, tmp_path):
        await other.until("hearthside/den/volume", "70")


async def test_what_it_does_shows_as_a_phase(broker: Mosquitto, tmp_path: Path) -> None:
    async with Neighbour(broker) as other, present(broker, tmp_path) as running:
        await other.until("hearthside/den/phase", "idle")
        for event, phase in (
            (Woke(turn="t", at=0.0, word="alexa", score=0.9), "listening"),
            (SpeechEnded(turn="t", at=1.0, speech_end=0.8), "thinking"),
            (Woke(turn="u", at=2.0, word="alexa", score=0.9), "listening"),
        ):
            running.bus.emit(event)
            await other.until("hearthside/den/phase", phase, after=len(other.heard))
        running.bus.emit(Rang(turn="", at=3.0, text="Tea is ready."))
        running.bus.emit(RingingEnded(turn="", at=3.0, text="Tea is ready.", how="stopped"))
        ended = (await running.ask("what time is it"))[-1]
        await other.until("hearthside/den/event", lambda payload: json.loads(payload)["turn"] == ended.turn)
        assert other.on("hearthside/den/phase")[-1] == "listening"


async def test_ask_is_a_turn_and_the_answer_goes_out(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with Neighbour(broker) as other, present(broker, tmp_path):
        await other.until("hearthside/den/phase", "idle")
        await other.send("hearthside/den/ask", "turn on the kitchen light")
        answer = json.loads(await other.until("hearthside/den/answer", bool))
        assert answer["text"] == "Kitchen Light is on."
        assert (answer["outcome"], answer["question"]) == ("done", None)
        assert home.state("kitchen_light")["state"] == "ON"
        ended = json.loads(
            await other.until("hearthside/den/event", lambda each: json.loads(each)["type"] == "turn_ended")
        )
        assert (ended["turn"], ended["session"]) == (answer["turn"], answer["session"])
        assert ended["actions"][0]["confirmed"] is True
        await other.until("hearthside/den/last_heard", "turn on the kitchen light")
        await other.until("hearthside/den/last_answer", "Kitchen Light is on.")

        question = {"text": "is the light on", "area": "Kitchen", "session": "mine", "reply_to": "panel"}
        await other.send("hearthside/den/ask", json.dumps(question))
        own = json.loads(await other.until("hearthside/den/answer/panel", bool))
        assert own["session"] == "mine"
        assert "on" in own["text"]
        assert own in [json.loads(each) for each in other.on("hearthside/den/answer")]
    words = await kept(broker, "hearthside/den/#")
    assert not {"hearthside/den/last_heard", "hearthside/den/last_answer", "hearthside/den/event"} & words.keys()
    assert not any("answer" in topic for topic in words)


async def test_a_message_opens_no_door_without_the_pin(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with Neighbour(broker) as other, present(broker, tmp_path, words="kept"):
        await other.until("hearthside/den/phase", "idle")
        for text in ("unlock the front door", "4711", "1234"):
            before = len(other.heard)
            await other.send("hearthside/den/ask", json.dumps({"text": text, "session": "door"}))
            answer = json.loads(await other.until("hearthside/den/answer", bool, after=before))
            assert bool(home.commands("front_door")) is (text == "1234")
        assert answer["outcome"] == "done"
        await other.until("hearthside/den/last_answer", answer["text"])
    told = [payload for topic, payload, _ in other.heard if topic != "hearthside/den/ask"]
    assert not [payload for payload in told if tells(payload, "4711", "1234")]
    assert (await kept(broker, "hearthside/den/#"))["hearthside/den/last_answer"] == answer["text"]


async def test_what_was_retained_or_is_garbage_does_nothing(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "edge.api.mqtt")
    async with Neighbour(broker) as other:
        await other.send("hearthside/den/ask", "turn on the kitchen light", retain=True)
        await other.send("hearthside/den/say", "an old announcement", retain=True)
        await other.send("hearthside/all/say", "an older announcement", retain=True)
        await other.send("hearthside/den/listening/set", "OFF", retain=True)
        async with present(broker, tmp_path) as running:
            await other.until("hearthside/den/phase", "idle")
            before = len(other.heard)
            await other.send("hearthside/den/ask", b"\xff\xfe secret")
            await other.until("hearthside/den/answer", '{"error": "it is not UTF-8 text"}', after=before)
            await other.send("hearthside/den/ask", '{"text": "secret')
            await other.until("hearthside/den/answer", '{"error": "it is not JSON"}', after=before)
            await other.send("hearthside/den/ask", "x" * 50_000)
            await other.send("hearthside/den/say", "x" * 5_000)
            await other.send("hearthside/den/ask", "turn on the hallway plug")
            answer = json.loads(
                await other.until("hearthside/den/answer", lambda each: '"text":' in each, after=before)
            )
            assert answer["text"] == "Hallway Plug is on."
            assert home.state("kitchen_light")["state"] == "OFF"
            assert running.listening.on
            assert not [each for each in other.on("hearthside/den/event") if "announcement" in each]
    lines = [record.getMessage() for record in caplog.records]
    assert sum("was retained" in line for line in lines) == 4
    assert "a message on hearthside/den/ask is refused: 50000 bytes are too many" in lines
    assert not [line for line in lines if "secret" in line or "light" in line]


async def test_say_is_announced_once(broker: Mosquitto, tmp_path: Path) -> None:
    def announced(text: str) -> Callable[[str], bool]:
        return lambda payload: json.loads(payload)["type"] == "announced" and json.loads(payload)["text"] == text

    async with Neighbour(broker) as other, present(broker, tmp_path, area="Kitchen") as running:
        await other.until("hearthside/den/phase", "idle")
        await other.send("hearthside/den/say", "The washing machine is done.")
        await other.until("hearthside/den/event", announced("The washing machine is done."))
        await other.send("hearthside/all/say", json.dumps({"text": "Dinner", "area": "kitchen"}))
        told = json.loads(await other.until("hearthside/den/event", announced("Dinner")))
        assert told["area"] == "Kitchen"
        await running.ask("announce that tea is ready")
        await other.send("hearthside/den/say", "the last")
        await other.until("hearthside/den/event", announced("the last"))
        said = [json.loads(each) for each in other.on("hearthside/den/event")]
        assert [each["text"] for each in said if each["type"] == "announced"].count("Announcement: tea is ready.") == 1


async def test_timers_are_told_as_they_change(broker: Mosquitto, tmp_path: Path) -> None:
    async with Neighbour(broker) as other, present(broker, tmp_path, area="Kitchen") as running:
        await other.until("hearthside/den/timers", "[]")
        await running.ask("set a 10 minute timer called pasta")
        (timer,) = json.loads(await other.until("hearthside/den/timers", lambda each: "running" in each))
        assert timer.keys() == {"id", "name", "area", "ends_at", "left_s", "state"}
        assert (timer["name"], timer["area"], timer["state"]) == ("pasta", "Kitchen", "running")
        assert timer["left_s"] == pytest.approx(600, abs=30)
        await running.ask("pause the pasta timer")
        (paused,) = json.loads(await other.until("hearthside/den/timers", lambda each: "paused" in each))
        assert (paused["id"], paused["ends_at"]) == (timer["id"], None)
        before = len(other.heard)
        await running.ask("cancel the pasta timer")
        await other.until("hearthside/den/timers", "[]", after=before)
        await running.ask("set a timer for 1 second")
        (ringing,) = json.loads(await other.until("hearthside/den/timers", lambda each: "ringing" in each))
        assert (ringing["left_s"], ringing["name"]) == (0, None)
        await other.until("hearthside/den/phase", "ringing")
        before = len(other.heard)
        await running.ask("stop")
        await other.until("hearthside/den/phase", "idle", after=before)


async def test_after_a_restart_of_the_broker_all_is_told_again(broker: Mosquitto, tmp_path: Path) -> None:
    async with present(broker, tmp_path) as running:
        async with Neighbour(broker) as other:
            await other.until("hearthside/den/timers", "[]")
        broker.stop()
        with anyio.fail_after(60):
            while running.house.online:
                await anyio.sleep(0.02)
        running.listening.set(False)
        broker.start()
        async with Neighbour(broker) as other:
            await other.until("hearthside/den/listening", "OFF")
            await other.until("homeassistant/switch/hearthside_den/listening/config", bool)
            await other.until("hearthside/den/availability", "online")
            await other.until("hearthside/den/timers", "[]")
            await other.send("hearthside/den/ask", "what time is it")
            assert "text" in json.loads(await other.until("hearthside/den/answer", bool))


async def test_home_assistant_that_starts_is_told_again(broker: Mosquitto, tmp_path: Path) -> None:
    config = "homeassistant/number/hearthside_den/volume/config"
    async with Neighbour(broker) as other, present(broker, tmp_path) as running:
        await other.until("hearthside/den/timers", "[]")
        await other.until(config, bool)
        await running.ask("what time is it")
        await other.until("hearthside/den/last_heard", "what time is it")
        before = len(other.heard)
        await other.send("homeassistant/status", "online")
        await other.until(config, bool, after=before)
        await other.until("hearthside/den/last_heard", "what time is it", after=before)
        await other.until("hearthside/den/phase", "idle", after=before)


async def test_where_words_stay_at_home(broker: Mosquitto, tmp_path: Path) -> None:
    secret = "remember that the key is under the mat"
    async with Neighbour(broker) as other, present(broker, tmp_path, words="kept") as running:
        await running.ask(secret)
        await other.until("hearthside/den/last_heard", secret)
        await other.until("hearthside/den/last_answer", bool)
    assert "hearthside/den/last_heard" in await kept(broker, "hearthside/#")
    async with Neighbour(broker) as other, present(broker, tmp_path, words="none") as running:
        await other.until("hearthside/den/last_heard", "")
        await other.until("hearthside/den/last_answer", "")
        await running.ask("what do you remember")
        await other.until("hearthside/den/event", lambda each: json.loads(each)["type"] == "turn_ended")
        told = [payload for topic, payload, retained in other.heard if not retained]
        assert not [payload for payload in told if "mat" in payload or "remember" in payload]
    left = await kept(broker, "#")
    assert not [topic for topic in left if "last_" in topic]


async def test_hermes_both_ways(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with Neighbour(broker) as other, present(broker, tmp_path, hermes=True) as running:
        await other.until("hearthside/den/timers", "[]")
        await running.ask("turn on the kitchen light")
        told = json.loads(await other.until("hermes/intent/HassTurnOn", bool))
        assert (told["input"], told["siteId"]) == ("turn on the kitchen light", "den")
        assert [(slot["slotName"], slot["value"]["value"]) for slot in told["slots"]] == [("name", "Kitchen Light")]
        for wanted in (
            {"text": "not for us", "siteId": "attic"},
            {"text": "Lunch", "siteId": "den", "id": "7", "sessionId": "s"},
        ):
            await other.send("hermes/tts/say", json.dumps(wanted))
        finished = json.loads(await other.until("hermes/tts/sayFinished", bool))
        assert finished == {"siteId": "den", "id": "7", "sessionId": "s"}
        for garbage in (b"\xff", b"[]", b"{", b'{"siteId": "den"}', b'{"text": 3, "siteId": "den"}'):
            await other.send("hermes/tts/say", garbage)
        await other.send("hermes/tts/say", json.dumps({"text": "", "siteId": "den", "id": "8"}))
        await other.until("hermes/tts/sayFinished", lambda each: json.loads(each)["id"] == "8")
        said = [json.loads(each) for each in other.on("hearthside/den/event")]
        assert [each["text"] for each in said if each["type"] == "announced"] == ["Lunch"]


async def test_without_the_setting_hermes_is_left_alone(broker: Mosquitto, tmp_path: Path) -> None:
    async with Neighbour(broker) as other, present(broker, tmp_path) as running:
        await other.until("hearthside/den/timers", "[]")
        await other.send("hermes/tts/say", json.dumps({"text": "Lunch", "siteId": "den"}))
        ended = (await running.ask("what time is it"))[-1]
        await other.until("hearthside/den/event", lambda each: json.loads(each)["turn"] == ended.turn)
        assert [topic for topic, _, _ in other.heard if topic.startswith("hermes/")] == ["hermes/tts/say"]


async def test_a_broker_that_stands_still_holds_nobody_up(broker: Mosquitto, tmp_path: Path) -> None:
    async with present(broker, tmp_path, hermes=True) as running:
        async with Neighbour(broker) as other:
            await other.until("hearthside/den/timers", "[]")
        await running.ask("what time is it")
        broker.freeze()
        try:
            # A turn that waited for the broker would wait five seconds for each message.
            with anyio.fail_after(60):
                for _ in range(15):
                    ended = (await running.ask("what time is it"))[-1]
                    for _ in range(1000):
                        running.bus.emit(SpeechEnded(turn="t", at=1.0, speech_end=0.8))
            assert isinstance(ended, TurnEnded)
            assert ended.outcome is OutcomeKind.DONE
        finally:
            broker.thaw()
        async with Neighbour(broker) as other:
            await other.until("hearthside/den/listening", "ON")
            running.listening.set(False)
            await other.until("hearthside/den/listening", "OFF")
