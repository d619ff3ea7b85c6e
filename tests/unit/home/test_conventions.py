"""What all conventions bear: nonsense, floods, and what is gone after a time away."""

import json
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.home import announcements
from edge.home.broker import Message
from edge.home.conventions import natives
from edge.home.registry import Registry
from tests.houses_mqtt import PAYLOADS, kept, live, registry
from tests.unit.home.test_homie import DESCRIPTION, LAMP, attributes
from tests.unit.home.test_shelly import PLUG, PREFIX, SYS, answer
from tests.unit.home.test_tasmota import MAC, config

ZIGBEE = json.loads((PAYLOADS / "zigbee2mqtt_devices.json").read_text(encoding="utf-8"))
HOMIE = list(attributes("Attic", {"node": LAMP}))
ANNOUNCED: Final[dict[str, list[Message]]] = {
    "zigbee2mqtt": [
        kept("zigbee2mqtt/bridge/state", "online"),
        kept("zigbee2mqtt/bridge/devices", ZIGBEE),
        kept("zigbee2mqtt/bridge/groups", [{"id": 1, "friendly_name": "all", "members": [{"ieee_address": ZIGBEE[1]["ieee_address"]}]}]),
    ],
    "tasmota": [
        kept(f"tasmota/discovery/{MAC}/config", config(rl=[2, 3, 3], lt_st=5)),
        kept(f"tasmota/discovery/{MAC}/sensors", {"sn": {"AM2301": {"Temperature": 3}, "Switch1": "ON", "TempUnit": "C"}}),
    ],
    "shelly": [kept(f"{PREFIX}/online", "true"), answer(1, {"sys": SYS, **PLUG[0]}), answer(2, PLUG[1])],
    "homie": [*HOMIE, kept("homie/5/x/$description", DESCRIPTION)],
}  # fmt: skip
"""By convention, what announces something of it."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def mutated(draw: st.DrawFn, value: Any) -> Any:
    """``value`` with one of its parts replaced by anything."""
    if draw(st.integers(0, 4)) == 0 or not value:
        return draw(JSON)
    if isinstance(value, dict):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: mutated(draw, value[key])}
    if isinstance(value, list):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], mutated(draw, value[place]), *value[place + 1 :]]
    return draw(JSON)


@st.composite
def broken(draw: st.DrawFn, messages: list[Message]) -> list[Message]:
    """``messages``, each perhaps with a part that is wrong, or bytes instead."""
    result = []
    for message in messages:
        kind = draw(st.integers(0, 3))
        if kind == 0:
            result.append(message)
        elif kind == 1:
            result.append(Message(message.topic, draw(st.binary(max_size=200)), True))
        else:
            try:
                value = json.loads(message.payload)
            except ValueError:
                value = message.payload.decode()
            result.append(kept(message.topic, json.dumps(mutated(draw, value))))
    return result


def spoken_to(made: Registry, payload: Any) -> None:
    """Say ``payload`` on everything that it listens to, and ask it for everything."""
    for topic in sorted(made.topics()):
        made.take(live(topic, payload))
    for device in made.devices():
        made.state(device.id)
    made.questions()


@pytest.mark.parametrize("convention", ANNOUNCED)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_nothing_that_is_said_harms(convention: str, data: st.DataObject) -> None:
    made = registry(*data.draw(broken(ANNOUNCED[convention])))
    spoken_to(made, json.dumps(data.draw(JSON)))
    spoken_to(made, data.draw(st.binary(max_size=50)))
    # And it recovers.
    for message in ANNOUNCED[convention]:
        made.take(message)
    assert [one for one in made.devices() if one.source == convention]


@pytest.mark.parametrize("convention", ANNOUNCED)
@pytest.mark.parametrize(
    "payload",
    [b"[" * 100_000, b'{"a":' * 50_000, b"\xff" * 1000, b"NaN", b"1e999", b'{"state":' + b"9" * 5000 + b"}", b"\x00"],
)
def test_bombs(convention: str, payload: bytes) -> None:
    made = registry(*ANNOUNCED[convention])
    before = len(made.devices())
    for message in ANNOUNCED[convention]:
        if message.topic.rpartition("/")[2] not in ("online", "$name", "$state"):
            made.take(Message(message.topic, payload, True))
    spoken_to(made, payload)
    assert len(made.devices()) <= before


@pytest.mark.parametrize("natives_too", [True, False])
def test_a_flood_of_announcements_is_bounded(natives_too: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcements, "MAX_TOPICS", 300)
    monkeypatch.setattr(announcements, "MAX_BYTES", 50_000)
    held = announcements.Announcements(natives("own") if natives_too else [])
    for number in range(2000):
        held.take(kept(f"homie/d{number}/$homie", "4.0"))
        held.take(kept(f"tasmota/discovery/{number:012X}/config", config(mac=f"{number:012X}")))
        held.take(kept(f"s{number}/online", "true"))
        held.take(kept(f"z{number}/bridge/devices", []))
    assert len(held._heard) <= 300
    assert held._bytes <= 50_000
    assert len(held.questions()) <= 600


def test_what_left_while_we_were_away_is_gone_and_what_is_still_there_stays() -> None:
    every = [message for messages in ANNOUNCED.values() for message in messages]
    made = registry(*every)
    assert {one.source for one in made.devices()} == set(ANNOUNCED)
    made.begin()
    stay = "tasmota"
    for message in ANNOUNCED[stay]:
        made.take(message)
    made.forget_unheard()
    assert {one.source for one in made.devices()} == {stay}
    made.forget_unheard()
    assert made.devices(), "twice is once"


def test_what_is_heard_again_keeps_its_state() -> None:
    made = registry(*ANNOUNCED["tasmota"])
    made.devices()
    made.take(live("stat/desk/POWER", "ON"))
    made.begin()
    for message in ANNOUNCED["tasmota"]:
        made.take(message)
    made.forget_unheard()
    (lamp,) = [one.id for one in made.devices() if one.domain == "light"]
    assert made.state(lamp).value == "on"


def test_two_that_announce_on_one_topic_do_not_disturb_each_other() -> None:
    """``a/b/$name`` is Homie's, and everybody's; ``…/online`` is Shelly's, and everybody's."""
    made = registry(kept("a/b/$name", "Nobody"), kept("a/b/online", "yes"), kept("x/5/y/$state", "ready"))
    assert made.devices() == []
