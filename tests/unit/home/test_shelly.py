"""Shelly's second generation: what it answers, notifies and is told, as its API documentation shows it."""

import json
from typing import Any

import pytest

from edge.devices import Verb
from edge.home.entity import Unsupported
from edge.home.registry import Registry
from tests.houses_mqtt import can, device, kept, live, registry, shown, told

PREFIX = "shellyplus2pm-a8032abe54dc"
SYS = {
    "device": {"name": "Cellar", "mac": "A8032ABE54DC", "fw_id": "20240430-105737/1.3.1", "eco_mode": False},
    "ui_data": {},
}
SWITCH = {
    "id": 0,
    "name": None,
    "in_mode": "follow",
    "initial_state": "match_input",
    "auto_on": False,
    "power_limit": 2800,
}
METERED = {"id": 0, "source": "init", "output": False, "apower": 0.0, "voltage": 230.1, "aenergy": {"total": 11.6}}
PLAIN: dict[str, Any] = {"id": 0, "source": "init", "output": False}


def answer(number: int, result: dict[str, Any], prefix: str = PREFIX) -> Any:
    payload = {
        "id": number,
        "src": "shellyplus2pm-a8032abe54dc",
        "dst": f"hearthside/test/rpc/{prefix}",
        "result": result,
    }
    return live(f"hearthside/test/rpc/{prefix}/rpc", payload)


def notify(params: dict[str, Any], method: str = "NotifyStatus", prefix: str = PREFIX) -> Any:
    return live(f"{prefix}/events/rpc", {"src": PREFIX, "dst": f"{prefix}/events", "method": method, "params": params})


def house(config: dict[str, Any], status: dict[str, Any], prefix: str = PREFIX) -> Registry:
    made = registry(kept(f"{prefix}/online", "true"))
    made.questions()
    made.take(answer(1, {"ble": {}, "mqtt": {"enable": True, "topic_prefix": prefix}, "sys": SYS, **config}, prefix))
    made.take(answer(2, {"sys": {"uptime": 3}, **status}, prefix))
    made.devices()
    made.take(kept(f"{prefix}/online", "true"))
    # Now that its parts are known, it is asked how they are.
    made.take(answer(2, {"sys": {"uptime": 4}, **status}, prefix))
    return made


def test_it_is_asked_what_it_is() -> None:
    made = registry(kept(f"{PREFIX}/online", "true"))
    questions = [(one.topic, json.loads(one.payload)) for one in made.questions()]
    assert [(topic, body["method"], body["src"]) for topic, body in questions] == [
        (f"{PREFIX}/rpc", "Shelly.GetStatus", f"hearthside/test/rpc/{PREFIX}"),
        (f"{PREFIX}/rpc", "Shelly.GetConfig", f"hearthside/test/rpc/{PREFIX}"),
    ]
    assert made.questions() == []


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("shellies/shelly1-ABC/online", "true"),
        (f"{PREFIX}/online", "false"),
        ("x/online", "yes"),
        ("x/events/rpc", "[]"),
    ],
)
def test_who_is_not_there_or_no_shelly_is_not_asked(topic: str, payload: str) -> None:
    assert registry(kept(topic, payload)).questions() == []


def test_one_that_never_answers_is_asked_three_times() -> None:
    made, asked = registry(), 0
    for _ in range(20):
        made.take(live("x/online", "false"))
        made.take(live("x/online", "true"))
        asked += len(made.questions())
    assert asked == 3 * 2


@pytest.mark.parametrize(
    ("config", "status", "devices"),
    [
        ({"switch:0": SWITCH}, {"switch:0": PLAIN}, {"switch.cellar": {"state"}}),
        ({"switch:0": SWITCH}, {"switch:0": METERED},
         {"switch.cellar": {"state"}, "sensor.cellar_power": {"read"}, "sensor.cellar_energy": {"read"}}),
        ({"switch:0": SWITCH, "switch:1": {**SWITCH, "id": 1, "name": "Freezer"}}, {"switch:0": PLAIN, "switch:1": PLAIN},
         {"switch.cellar_1": {"state"}, "switch.freezer": {"state"}}),
        ({"switch:0": SWITCH, "sys": {**SYS, "ui_data": {"consumption_types": ["lights"]}}}, {"switch:0": PLAIN},
         {"light.cellar": {"state"}}),
        ({"light:0": {"id": 0, "name": None}}, {"light:0": {"id": 0, "output": True, "brightness": 50}},
         {"light.cellar": {"state", "brightness"}}),
        ({"rgb:0": {"id": 0, "name": None}}, {"rgb:0": {"id": 0, "output": True, "rgb": [1, 2, 3], "brightness": 50}},
         {"light.cellar": {"state", "brightness", "color"}}),
        ({"cct:0": {"id": 0, "name": "Desk"}}, {"cct:0": {"id": 0, "output": True, "ct": 3000, "brightness": 50}},
         {"light.desk": {"state", "brightness", "color_temperature"}}),
        ({"cover:0": {"id": 0, "name": None}}, {"cover:0": {"id": 0, "state": "open", "pos_control": True, "current_pos": 100}},
         {"cover.cellar": {"state", "position"}}),
        ({"cover:0": {"id": 0, "name": None}}, {"cover:0": {"id": 0, "state": "stopped", "pos_control": False}},
         {"cover.cellar": {"state"}}),
        ({"input:0": {"id": 0, "name": "Door bell", "type": "switch"}, "input:1": {"id": 1, "type": "button"}},
         {"input:0": {"id": 0, "state": False}}, {"binary_sensor.door_bell": {"read"}}),
        ({"temperature:0": {"id": 0, "name": None}, "humidity:0": {"id": 0}, "devicepower:0": {}},
         {"temperature:0": {"id": 0, "tC": 21.5, "tF": 70.7}, "humidity:0": {"id": 0, "rh": 51.0},
          "devicepower:0": {"id": 0, "battery": {"V": 5.8, "percent": 81}, "external": {"present": False}}},
         {"sensor.cellar_temperature": {"read"}, "sensor.cellar_humidity": {"read"}, "sensor.cellar_battery": {"read"}}),
        ({"pm1:0": {"id": 0, "name": None}}, {"pm1:0": {"id": 0, "apower": 3.5, "aenergy": {"total": 1}}},
         {"sensor.cellar_power": {"read"}, "sensor.cellar_energy": {"read"}}),
    ],
)  # fmt: skip
def test_what_devices_can_do(config: Any, status: Any, devices: dict[str, set[str]]) -> None:
    made = house(config, status)
    assert {one.id: can(made, one.id) for one in made.devices()} == devices
    assert {one.source for one in made.devices()} == {"shelly"}


COVER = (
    {"cover:0": {"id": 0, "name": None}},
    {"cover:0": {"id": 0, "state": "open", "pos_control": True, "current_pos": 100}},
)
LIGHT = ({"light:0": {"id": 0, "name": None}}, {"light:0": {"id": 0, "output": False, "brightness": 50}})
PLUG = ({"switch:0": SWITCH}, {"switch:0": METERED})


@pytest.mark.parametrize(
    ("parts", "name", "said", "value", "attributes"),
    [
        (PLUG, "switch.cellar", {"switch:0": {"id": 0, "output": True, "source": "MQTT"}}, "on", {}),
        (PLUG, "sensor.cellar_power", {"switch:0": {"id": 0, "apower": 41.5}}, "41.5", {}),
        (PLUG, "switch.cellar", {"sys": {"available_updates": {}}}, "off", {}),
        (LIGHT, "light.cellar", {"light:0": {"id": 0, "output": True, "brightness": 30}}, "on", {"brightness": 30}),
        (
            COVER,
            "cover.cellar",
            {"cover:0": {"id": 0, "state": "closing", "current_pos": 70}},
            "closing",
            {"position": 70},
        ),
    ],
)
def test_notified_states(parts: Any, name: str, said: Any, value: str, attributes: Any) -> None:
    made = house(*parts)
    made.take(notify({"ts": 1631186545.04, **said}))
    assert shown(made, name) == (value, attributes)


@pytest.mark.parametrize(
    ("parts", "name", "change", "method", "params"),
    [
        (PLUG, "switch.cellar", {"state": Verb.ON}, "Switch.Set", {"id": 0, "on": True}),
        (
            LIGHT,
            "light.cellar",
            {"state": Verb.ON, "brightness": 30},
            "Light.Set",
            {"id": 0, "on": True, "brightness": 30},
        ),
        (LIGHT, "light.cellar", {"brightness": 30}, "Light.Set", {"id": 0, "on": True, "brightness": 30}),
        (COVER, "cover.cellar", {"state": Verb.OPEN}, "Cover.Open", {"id": 0}),
        (COVER, "cover.cellar", {"state": Verb.CLOSE}, "Cover.Close", {"id": 0}),
        (COVER, "cover.cellar", {"state": Verb.STOP}, "Cover.Stop", {"id": 0}),
        (COVER, "cover.cellar", {"position": 40}, "Cover.GoToPosition", {"id": 0, "pos": 40}),
    ],
)
def test_commands(parts: Any, name: str, change: Any, method: str, params: Any) -> None:
    ((topic, body),) = told(house(*parts), name, **change)
    assert topic == f"{PREFIX}/rpc"
    assert (body["method"], body["params"]) == (method, params)
    assert body["src"] == "hearthside/test/told", "where nobody listens: an answer is no word of the device's state"


def test_the_answer_to_a_command_is_not_the_state() -> None:
    made = house(*PLUG)
    before = made.news("switch.cellar", "value")
    made.take(live("hearthside/test/told/rpc", {"id": 0, "src": PREFIX, "result": {"was_on": False}}))
    made.take(answer(0, {"switch:0": {"id": 0, "output": True}}))
    assert (made.state("switch.cellar").value, made.news("switch.cellar", "value")) == ("off", before)


@pytest.mark.parametrize(
    ("parts", "name", "change"),
    [
        (PLUG, "switch.cellar", {"brightness": 3}),
        (PLUG, "sensor.cellar_power", {"state": Verb.ON}),
        (PLUG, "switch.cellar", {"state": Verb.OPEN}),
        (COVER, "cover.cellar", {"tilt": 3}),
    ],
)
def test_what_they_can_t_do_is_not_sent(parts: Any, name: str, change: Any) -> None:
    with pytest.raises(Unsupported):
        told(house(*parts), name, **change)


def test_renamed_in_its_settings_it_is_asked_again() -> None:
    made = house(*PLUG)
    made.questions()
    events = [{"component": "sys", "event": "config_changed", "restart_required": False, "cfg_rev": 11, "ts": 1.0}]
    made.take(notify({"ts": 1.0, "events": events}, "NotifyEvent"))
    assert len(made.questions()) == 2
    renamed = {**SYS, "device": {**SYS["device"], "name": "Attic"}}  # type: ignore[dict-item]
    made.take(answer(1, {"sys": renamed, "switch:0": SWITCH}))
    assert [one.name for one in made.devices() if one.domain == "switch"] == ["Attic"]


def test_away_back_and_removed() -> None:
    made = house(*PLUG)
    made.take(live(f"{PREFIX}/online", "false"))
    assert not made.state("switch.cellar").available
    made.take(live(f"{PREFIX}/online", "true"))
    assert made.state("switch.cellar").available
    made.take(live(f"{PREFIX}/online", b""))
    assert made.devices() == []


def test_one_that_sleeps_is_not_away_and_not_asked() -> None:
    parts = {"temperature:0": {"id": 0}, "devicepower:0": {}}, {"temperature:0": {"tC": 20.0}, "devicepower:0": {}}
    made = house(*parts)
    made.take(live(f"{PREFIX}/online", "false"))
    assert made.state("sensor.cellar_temperature").available
    made.begin()
    assert made.questions() == []


def test_one_that_wakes_up_and_tells_all_is_found() -> None:
    made = registry(notify({"temperature:0": {"id": 0, "tC": 19.0}}, "NotifyFullStatus"))
    assert len(made.questions()) == 2
    made.take(answer(1, {"sys": SYS, "temperature:0": {"id": 0, "name": None}}))
    assert device(made, "sensor.cellar_temperature").unit == "°C"


def test_a_prefix_of_several_levels() -> None:
    made = house(*PLUG, prefix="home/cellar")
    made.take(notify({"switch:0": {"id": 0, "output": True}}, prefix="home/cellar"))
    assert made.state("switch.cellar").value == "on"
    assert told(made, "switch.cellar", state=Verb.OFF)[0][0] == "home/cellar/rpc"
