"""What is read of messages, and what is made of events, without a broker."""

import json
from typing import Any

import pytest

from edge.api.mqtt.dialogue import Dialogue
from edge.api.mqtt.entities import announcements
from edge.api.mqtt.inbox import LONGEST, Refused, Request, request_of
from edge.api.mqtt.stream import without_words
from edge.devices import Ability
from edge.events import Asked, Reply, Timings, Transcribed, TurnEnded, Understood, Woke, as_json
from edge.home import discovery
from edge.home.payload import Payload, expand
from edge.intents import Intent, OutcomeKind, Tier


@pytest.mark.parametrize(
    ("payload", "request_"),
    [
        (b" turn on the light\n", Request(text="turn on the light")),
        ("mach Licht an, bitte ☀".encode(), Request(text="mach Licht an, bitte ☀")),
        (b'{"text": "hi", "area": "Kitchen", "session": "s", "reply_to": "me-1", "more": [1]}',
         Request(text="hi", area="Kitchen", session="s", reply_to="me-1")),
        (b'{"text": "hi", "area": null}', Request(text="hi")),
        (b'"quoted"', Request(text='"quoted"')),
        (b"x" * LONGEST, Request(text="x" * LONGEST)),
    ],
)  # fmt: skip
def test_a_message_is_text_or_an_object(payload: bytes, request_: Request) -> None:
    assert request_of(payload) == request_


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "text: string should have at least 1 character"),
        (b"  \n", "text: string should have at least 1 character"),
        (b"\xff\xfeopen sesame", "it is not UTF-8 text"),
        (b'{"text": "open sesame', "it is not JSON"),
        (b"{" * 10_000, "it is not JSON"),
        (b'{"txt": "open sesame"}', "text: field required"),
        (b'{"text": ["open sesame"]}', "text: input should be a valid string"),
        (b'{"text": "open sesame", "area": 3}', "area: input should be a valid string"),
        (b'{"text": "open sesame", "session": ""}', "session: string should have at least 1 character"),
        (b'{"text": "hi", "reply_to": "../../zigbee2mqtt/lamp/set"}', "reply_to: string should match pattern '^[A-Za-z0-9_-]{1,64}$'"),
        (b'{"text": "hi", "reply_to": "#"}', "reply_to: string should match pattern '^[A-Za-z0-9_-]{1,64}$'"),
        (b"x" * (LONGEST + 1), "text: string should have at most 10000 characters"),
    ],
)  # fmt: skip
def test_garbage_is_refused_without_a_word_of_it(payload: bytes, why: str) -> None:
    with pytest.raises(Refused) as refused:
        request_of(payload)
    assert str(refused.value) == why
    assert "sesame" not in str(refused.value)


TURN = TurnEnded(
    turn="t", at=1.0, text="add milk to my list", language="en", intent=Intent("HassListAddItem", {"item": "milk"}),
    tier=Tier.GRAMMAR, confidence=0.99, outcome=OutcomeKind.DONE, actions=(), reply=Reply(text="Milk is on it.", next_actions=("clear my list",)),
    timings=Timings(act_ms=1.0), session="s", question=Asked(slot="item", choices=("milk", "eggs")),
)  # fmt: skip


def test_an_event_without_words_tells_all_else() -> None:
    whole = as_json(TURN)
    told = without_words(whole)
    assert told.keys() == whole.keys()
    assert (told["text"], told["intent"]) == ("", {**whole["intent"], "slots": {}})
    assert told["reply"] == {"text": "", "next_actions": [], "audio": None}
    assert told["question"] == {"slot": "item", "choices": []}
    assert (told["outcome"], told["timings"], told["session"]) == ("done", whole["timings"], "s")
    assert "milk" not in json.dumps(told)
    assert whole["text"] == "add milk to my list"


def test_a_spoken_turn_in_the_words_of_hermes() -> None:
    dialogue = Dialogue("bedroom")
    intent = Intent("HassLightSet", {"name": "Bed Lamp", "brightness": 40, "flag": True})
    events = (
        Woke(turn="t", at=1.0, word="alexa", score=0.9),
        Transcribed(turn="t", at=2.0, text="dim the bed lamp to 40", language="en", confidence=0.8),
        Understood(turn="t", at=2.1, intent=intent, tier=Tier.GRAMMAR, confidence=0.99, ms=1.0),
        TurnEnded(
            turn="t", at=3.0, text="dim the bed lamp to 40", language="en", intent=intent, tier=Tier.GRAMMAR, confidence=0.99,
            outcome=OutcomeKind.DONE, actions=(), reply=Reply(text="Bed Lamp is at 40 percent."), timings=Timings(), session="s",
        ),
    )  # fmt: skip
    messages = [message for event in events for message in dialogue.of(event)]
    here = {"siteId": "bedroom", "sessionId": "t"}
    assert messages == [
        ("hermes/hotword/alexa/detected", {"modelId": "alexa", "modelVersion": "", "modelType": "universal", "currentSensitivity": 1.0, **here}),
        ("hermes/dialogueManager/sessionStarted", {"customData": None, **here}),
        ("hermes/asr/textCaptured", {"text": "dim the bed lamp to 40", "likelihood": 0.8, "seconds": 0.0, "lang": "en", **here}),
        ("hermes/intent/HassLightSet", {
            "input": "dim the bed lamp to 40", "rawInput": "dim the bed lamp to 40",
            "intent": {"intentName": "HassLightSet", "confidenceScore": 0.99},
            "slots": [slot("name", "Bed Lamp", "Custom"), slot("brightness", 40, "Number"), slot("flag", True, "Custom")],
            "id": "t", "customData": None, **here,
        }),
        ("hermes/dialogueManager/sessionEnded", {"termination": {"reason": "nominal"}, "customData": None, **here}),
    ]  # fmt: skip


def slot(name: str, value: object, kind: str) -> dict[str, object]:
    worth = {"kind": kind, "value": value}
    return {"entity": name, "slotName": name, "rawValue": str(value), "value": worth, "confidence": 1.0, "range": None}


def test_a_written_turn_tells_its_intent_once() -> None:
    dialogue = Dialogue("home")
    understood = Understood(
        turn="t", at=1.0, intent=Intent("HassListAddItem"), tier=Tier.GRAMMAR, confidence=0.9, ms=1.0
    )
    topics = [topic for event in (understood, TURN) for topic, _ in dialogue.of(event)]
    assert topics == ["hermes/intent/HassListAddItem"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (OutcomeKind.DONE, "nominal"),
        (OutcomeKind.NOT_UNDERSTOOD, "intentNotRecognized"),
        (OutcomeKind.SILENCE, "timeout"),
        (OutcomeKind.CANCELLED, "abortedByUser"),
        (OutcomeKind.FAILED, "error"),
    ],
)
def test_how_a_session_ends(outcome: OutcomeKind, reason: str) -> None:
    dialogue = Dialogue("home")
    list(dialogue.of(Woke(turn="t", at=1.0, word="alexa", score=0.9)))
    ended = TurnEnded(
        turn="t", at=3.0, text="", language="en", intent=None, tier=None, confidence=0.0, outcome=outcome,
        actions=(), reply=Reply(text=""), timings=Timings(), session="s",
    )  # fmt: skip
    (message,) = dialogue.of(ended)
    assert message == (
        "hermes/dialogueManager/sessionEnded",
        {"termination": {"reason": reason}, "siteId": "home", "sessionId": "t", "customData": None},
    )


# -- discovery -------------------------------------------------------------------------------------------------------

ANNOUNCED = {
    topic: json.loads(config)
    for topic, config in announcements("den", "Living Room", "homeassistant", "1.2", with_words=True).items()
}


def test_what_is_announced() -> None:
    assert sorted(topic.removeprefix("homeassistant/").removesuffix("/config") for topic in ANNOUNCED) == [
        "binary_sensor/hearthside_den/connected",
        "number/hearthside_den/volume",
        "sensor/hearthside_den/last_answer",
        "sensor/hearthside_den/last_heard",
        "sensor/hearthside_den/latency",
        "sensor/hearthside_den/phase",
        "sensor/hearthside_den/timers",
        "switch/hearthside_den/listening",
    ]


@pytest.mark.parametrize("topic", sorted(ANNOUNCED))
def test_each_entity_belongs_to_the_one_device(topic: str) -> None:
    config = ANNOUNCED[topic]
    name = topic.split("/")[3]
    assert config["unique_id"] == f"hearthside_den_{name}"
    assert config["device"] == {
        "identifiers": ["hearthside_den"], "name": "Hearthside den", "manufacturer": "Hearthside",
        "model": "Voice assistant", "sw_version": "1.2", "suggested_area": "Living Room",
    }  # fmt: skip
    assert config["origin"] == {"name": "Hearthside", "sw_version": "1.2"}
    if name == "connected":
        assert "availability_topic" not in config
    else:
        assert config["availability_topic"] == "hearthside/den/availability"


def without_origin(config: dict[str, Any]) -> bytes:
    """As another program would have announced it, for our own reader leaves assistants alone."""
    return json.dumps({key: value for key, value in config.items() if key != "origin"}).encode()


@pytest.mark.parametrize(
    ("topic", "ability", "said", "state"),
    [
        ("switch/hearthside_den/listening", Ability.STATE, "OFF", "off"),
        ("number/hearthside_den/volume", Ability.NUMBER, "40", "40"),
        ("sensor/hearthside_den/phase", Ability.READ, "thinking", "thinking"),
        ("sensor/hearthside_den/last_heard", Ability.READ, "x" * 300, "x" * 255),
        ("sensor/hearthside_den/last_answer", Ability.READ, "Done.", "Done."),
        ("sensor/hearthside_den/timers", Ability.READ, '[{"ends_at": 12.5}, {"ends_at": null}]', "2"),
        ("sensor/hearthside_den/timers", Ability.READ, "[]", "0"),
        ("sensor/hearthside_den/latency", Ability.READ, "812", "812"),
        ("binary_sensor/hearthside_den/connected", Ability.READ, "offline", "off"),
    ],
)
def test_our_own_reader_takes_it(topic: str, ability: Ability, said: str, state: str) -> None:
    whole = f"homeassistant/{topic}/config"
    (entity,) = discovery.read(whole, without_origin(ANNOUNCED[whole]), "homeassistant")
    assert entity.device.abilities == {ability}
    assert entity.device.area == "Living Room"
    (reading,) = (each for each in entity.readings if "value" in each.keys)
    assert reading.topic == ANNOUNCED[whole]["state_topic"]
    assert str(reading.decode(said)["value"]) == state


def test_what_a_timer_shows_besides() -> None:
    config = expand(ANNOUNCED["homeassistant/sensor/hearthside_den/timers/config"])
    template = Payload(config).template("json_attributes_template")
    running, paused = {"ends_at": 12.5, "name": "tea"}, {"ends_at": None, "name": "eggs"}
    for timers, next_end in (([running, paused], 12.5), ([paused], None), ([], None)):
        attributes = json.loads(template.value(json.dumps(timers)))
        assert attributes == {"next_end": next_end, "timers": timers}


@pytest.mark.parametrize("topic", sorted(ANNOUNCED))
def test_assistants_are_no_devices_of_the_house(topic: str) -> None:
    assert discovery.read(topic, json.dumps(ANNOUNCED[topic]).encode(), "homeassistant") == []


def test_where_words_are_nobodys_business_two_entities_are_taken_back() -> None:
    silent = announcements("den", None, "homeassistant", "1.2", with_words=False)
    assert [topic.split("/")[3] for topic, config in silent.items() if not config] == ["last_heard", "last_answer"]
    assert silent.keys() == ANNOUNCED.keys()
