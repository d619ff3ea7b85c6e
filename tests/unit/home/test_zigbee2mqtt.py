"""zigbee2mqtt: its lists of devices and groups, states and commands.

The devices are entries of ``bridge/devices`` as zigbee2mqtt 2 publishes them for models of its own database
(``scripts/zigbee2mqtt_payload.js``); names and addresses are ours.
"""

import json
from typing import Any

import pytest

from edge.devices import Verb
from edge.home.broker import Message
from edge.home.entity import Unsupported
from edge.home.house_file import AreaEntry, HouseFile
from edge.home.registry import Registry
from tests.houses_mqtt import PAYLOADS, can, device, kept, live, registry, shown, told

LISTED = json.loads((PAYLOADS / "zigbee2mqtt_devices.json").read_text(encoding="utf-8"))
CEILING, LAMP, SWITCH = (entry["ieee_address"] for entry in (LISTED[1], LISTED[2], LISTED[4]))
BRIDGE = "binary_sensor.zigbee2mqtt_bridge"
GROUPS = [
    {
        "id": 4,
        "friendly_name": "evening",
        "description": None,
        "scenes": [{"id": 1, "name": "Movie"}],
        "members": [{"ieee_address": CEILING, "endpoint": 11}, {"ieee_address": LAMP, "endpoint": 1}],
    }
]


def house(*more: Message, base: str = "zigbee2mqtt", listed: Any = LISTED, **how: Any) -> Registry:
    return registry(
        kept(f"{base}/bridge/state", '{"state":"online"}'),
        kept(f"{base}/bridge/devices", listed),
        kept(f"{base}/bridge/groups", GROUPS),
        kept(f"{base}/bridge/state", '{"state":"online"}'),
        *more,
        **how,
    )


@pytest.fixture(scope="module")
def made() -> Registry:
    return house()


@pytest.mark.parametrize(
    ("name", "abilities"),
    [
        ("light.living_room_ceiling", {"state", "brightness", "color", "color_temperature", "effect"}),
        ("light.hall_lamp", {"state", "brightness", "color_temperature", "effect"}),
        ("switch.heater_plug", {"state"}),
        ("switch.bedroom_switch_left", {"state"}),
        ("switch.bedroom_switch_right", {"state"}),
        ("cover.kitchen_blinds", {"state", "tilt"}),
        ("cover.study_curtain", {"state", "position"}),
        ("lock.front_door", {"state"}),
        ("fan.porch", {"state", "percentage", "preset"}),
        ("fan.attic_fan", {"state", "percentage"}),
        ("climate.study_valve", {"state", "mode", "temperature"}),
        ("binary_sensor.back_door_contact", {"read"}),
        ("sensor.cellar_temperature", {"read"}),
        ("event.bed_remote_action", {"read"}),
        ("update.hall_lamp_firmware", {"read"}),
        ("scene.hall_lamp_cosy", {"state"}),
        ("light.evening", {"state", "brightness", "color", "color_temperature"}),
        ("scene.evening_movie", {"state"}),
        ("select.study_valve_programming_operation_mode", {"option"}),
        ("number.living_room_ceiling_effect_speed", {"value"}),
        ("text.living_room_ceiling_effect_color", {"text"}),
    ],
)
def test_what_devices_can_do(made: Registry, name: str, abilities: set[str]) -> None:
    assert can(made, name) == abilities


def test_who_is_left_out(made: Registry) -> None:
    names = {one.name for one in made.devices()}
    assert not [name for name in names if name.startswith(("Coordinator", "old plug", "unknown thing"))]
    assert not [name for name in names if "inkquality" in name or "Identify" in name or "Power-on" in name]


def test_settings_are_reached_by_name_alone(made: Registry) -> None:
    beside = {one.id for one in made.devices() if one.category == "config"}
    assert "switch.study_valve_radiator_covered" in beside
    assert "number.living_room_ceiling_effect_speed" in beside
    assert not beside & {"switch.heater_plug", "light.hall_lamp", "climate.study_valve", "sensor.cellar_temperature"}


@pytest.mark.parametrize(
    ("name", "device_class", "unit"),
    [
        ("sensor.cellar_temperature", "temperature", "°C"),
        ("sensor.cellar_humidity", "humidity", "%"),
        ("sensor.heater_plug_power", "power", "W"),
        ("sensor.heater_plug_energy", "energy", "kWh"),
        ("sensor.hall_motion_illuminance", "illuminance", "lx"),
        ("sensor.back_door_battery", "battery", "%"),
        ("binary_sensor.back_door_contact", "door", None),
        ("binary_sensor.hall_motion_occupancy", "occupancy", None),
        ("climate.study_valve", None, "°C"),
    ],
)
def test_what_sensors_measure(made: Registry, name: str, device_class: str | None, unit: str | None) -> None:
    found = device(made, name)
    assert (found.device_class, found.unit, found.source) == (device_class, unit, "zigbee2mqtt")


@pytest.mark.parametrize(
    ("name", "topic", "said", "value", "attributes"),
    [
        ("light.hall_lamp", "hall/lamp", {"state": "ON", "brightness": 127, "color_temp": 370, "color_mode": "color_temp"},
         "on", {"brightness": 50, "color_temperature": 2703}),
        ("light.living_room_ceiling", "living_room/ceiling",
         {"state": "ON", "color_mode": "xy", "color": {"x": 0.701, "y": 0.299, "hue": 0, "saturation": 100}},
         "on", {"color": (255, 0, 0)}),
        ("light.living_room_ceiling", "living_room/ceiling",
         {"state": "OFF", "color_mode": "hs", "color": {"x": 0.1, "y": 0.1, "hue": 240, "saturation": 100}},
         "off", {"color": (0, 0, 255)}),
        ("light.living_room_ceiling", "living_room/ceiling",
         {"state": "ON", "color_mode": "color_temp", "color": {"x": 0.45, "y": 0.4}}, "on", {}),
        ("switch.bedroom_switch_right", "bedroom_switch", {"state_left": "ON", "state_right": "OFF"}, "off", {}),
        ("cover.study_curtain", "study_curtain", {"state": "OPEN", "position": 40, "running": False}, "open",
         {"position": 40}),
        ("cover.study_curtain", "study_curtain", {"state": "OPEN", "position": 40, "motor_state": "closing"}, "closing",
         {"position": 40}),
        ("cover.kitchen_blinds", "kitchen/blinds", {"state": "CLOSE", "tilt": 30}, "closed", {"tilt": 30}),
        ("lock.front_door", "front_door", {"state": "LOCK", "lock_state": "locked"}, "locked", {}),
        ("lock.front_door", "front_door", {"state": "LOCK", "lock_state": "not_fully_locked"}, "jammed", {}),
        ("lock.front_door", "front_door", {"state": "UNLOCK"}, "unlocked", {}),
        ("fan.porch", "porch", {"fan_state": "ON", "fan_mode": "medium"}, "on", {"percentage": 67}),
        ("fan.porch", "porch", {"fan_state": "ON", "fan_mode": "smart"}, "on", {"preset": "smart"}),
        ("climate.study_valve", "study valve",
         {"local_temperature": 20.5, "occupied_heating_setpoint": 21, "system_mode": "heat"}, "heat",
         {"current_temperature": 20.5, "temperature": 21.0}),
        ("binary_sensor.back_door_contact", "back_door", {"contact": False}, "on", {}),
        ("binary_sensor.hall_motion_occupancy", "hall_motion", {"occupancy": False, "illuminance": 12}, "off", {}),
        ("sensor.cellar_temperature", "cellar", {"temperature": 18.25, "humidity": 61}, "18.25", {}),
        ("sensor.cellar_battery", "cellar", {"battery": 100, "last_seen": "2026-01-02T03:04:05+00:00"}, "100",
         {"last_seen": "2026-01-02T03:04:05+00:00"}),
        ("sensor.cellar_temperature", "cellar", {"temperature": None}, None, {}),
        ("update.hall_lamp_firmware", "hall/lamp",
         {"update": {"state": "available", "installed_version": 17, "latest_version": 18}}, "on",
         {"installed_version": "17", "latest_version": "18"}),
        ("update.hall_lamp_firmware", "hall/lamp", {"update": {"state": "idle"}}, "off", {}),
        ("light.evening", "evening", {"state": "ON", "brightness": 254}, "on", {"brightness": 100}),
    ],
)  # fmt: skip
def test_states(name: str, topic: str, said: Any, value: str | None, attributes: dict[str, Any]) -> None:
    made = house(kept(f"zigbee2mqtt/{topic}", said))
    assert shown(made, name) == (value, attributes)


@pytest.mark.parametrize(
    ("name", "change", "topic", "payload"),
    [
        ("light.hall_lamp", {"state": Verb.OFF}, "hall/lamp", {"state": "OFF"}),
        ("light.hall_lamp", {"brightness": 40}, "hall/lamp", {"state": "ON", "brightness": 102}),
        ("light.hall_lamp", {"state": Verb.OFF, "brightness": 1}, "hall/lamp", {"state": "OFF", "brightness": 3}),
        ("light.hall_lamp", {"color_temperature": 2700}, "hall/lamp", {"state": "ON", "color_temp": 370}),
        ("light.hall_lamp", {"color_temperature": 1000}, "hall/lamp", {"state": "ON", "color_temp": 454}),
        ("light.hall_lamp", {"effect": "blink"}, "hall/lamp", {"state": "ON", "effect": "blink"}),
        ("light.living_room_ceiling", {"color": (255, 0, 0)}, "living_room/ceiling",
         {"state": "ON", "color": {"r": 255, "g": 0, "b": 0}}),
        ("switch.bedroom_switch_left", {"state": Verb.ON}, "bedroom_switch", {"state_left": "ON"}),
        ("cover.study_curtain", {"position": 30}, "study_curtain", {"position": 30}),
        ("cover.study_curtain", {"state": Verb.STOP}, "study_curtain", {"state": "STOP"}),
        ("cover.kitchen_blinds", {"tilt": 75}, "kitchen/blinds", {"tilt": 75}),
        ("lock.front_door", {"state": Verb.UNLOCK}, "front_door", {"state": "UNLOCK"}),
        ("fan.porch", {"percentage": 60}, "porch", {"fan_mode": "medium"}),
        ("fan.porch", {"preset": "smart"}, "porch", {"fan_mode": "smart"}),
        ("climate.study_valve", {"temperature": 21.5}, "study valve", {"occupied_heating_setpoint": 21.5}),
        ("climate.study_valve", {"mode": "heat"}, "study valve", {"system_mode": "heat"}),
        ("select.study_valve_programming_operation_mode", {"option": "schedule"}, "study valve",
         {"programming_operation_mode": "schedule"}),
        ("number.study_valve_max_heat_setpoint_limit", {"value": 25}, "study valve", {"max_heat_setpoint_limit": 25}),
        ("text.living_room_ceiling_effect_color", {"text": "blue"}, "living_room/ceiling", {"effect_color": "blue"}),
        ("scene.hall_lamp_cosy", {"state": Verb.PRESS}, "hall/lamp", {"scene_recall": 3}),
        ("scene.evening_movie", {"state": Verb.PRESS}, "evening", {"scene_recall": 1}),
        ("light.evening", {"brightness": 100}, "evening", {"state": "ON", "brightness": 254}),
    ],
)  # fmt: skip
def test_commands(made: Registry, name: str, change: Any, topic: str, payload: Any) -> None:
    assert told(made, name, **change) == [(f"zigbee2mqtt/{topic}/set", payload)]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("climate.study_valve", {"temperature": 90}),
        ("climate.study_valve", {"mode": "party"}),
        ("climate.study_valve", {"state": Verb.OFF}),
        ("light.hall_lamp", {"color": (1, 2, 3)}),
        ("light.hall_lamp", {"effect": "disco"}),
        ("scene.evening_movie", {"state": Verb.OFF}),
        ("sensor.cellar_temperature", {"value": 3}),
        ("number.study_valve_max_heat_setpoint_limit", {"value": 40}),
    ],
)
def test_what_they_can_t_do_is_not_sent(made: Registry, name: str, change: Any) -> None:
    with pytest.raises(Unsupported):
        told(made, name, **change)


@pytest.mark.parametrize("online", ['{"state":"online"}', "online"])
@pytest.mark.parametrize("offline", ['{"state":"offline"}', "offline"])
def test_availability_in_json_and_as_the_word_of_older_versions(online: str, offline: str) -> None:
    made = house()
    lamp = "light.hall_lamp"
    assert made.state(lamp).available, "a bridge without the availability feature says nothing of its devices"
    for topic in ("zigbee2mqtt/hall/lamp/availability", "zigbee2mqtt/bridge/state"):
        made.take(kept(topic, offline))
        assert not made.state(lamp).available
        made.take(kept(topic, online))
        assert made.state(lamp).available


def test_a_bridge_that_never_said_it_is_there_is_not() -> None:
    made = registry(kept("zigbee2mqtt/bridge/devices", LISTED))
    assert not made.state("light.hall_lamp").available


def test_of_the_bridge_is_only_told_whether_it_runs() -> None:
    """Its discovery has a switch that lets strangers join the network, which "all switches" would mean."""
    bridge = {"identifiers": [f"zigbee2mqtt_bridge_{LISTED[0]['ieee_address']}"], "name": "Zigbee2MQTT Bridge"}
    switch = {"name": "Permit join", "unique_id": "p", "command_topic": "a", "state_topic": "b", "device": bridge}
    made = house(kept("homeassistant/switch/bridge/permit_join/config", switch))
    assert [one.id for one in made.devices() if one.name.startswith("Zigbee2MQTT")] == [BRIDGE]
    assert made.state(BRIDGE).value == "on"


def test_an_event_happens_once() -> None:
    made = house(kept("zigbee2mqtt/bed_remote", {"action": "on"}))
    assert made.state("event.bed_remote_action").value is None, "it was retained"
    made.take(live("zigbee2mqtt/bed_remote", {"action": "brightness_move_up", "battery": 50}))
    made.take(live("zigbee2mqtt/bed_remote", {"action": "", "battery": 50}))
    assert made.state("event.bed_remote_action").value == "brightness_move_up"


@pytest.mark.parametrize("base", ["zigbee2mqtt", "zigbee", "attic/zigbee2mqtt"])
def test_any_base_topic_is_found(base: str) -> None:
    made = house(kept(f"{base}/hall/lamp", {"state": "ON"}), base=base)
    assert made.state("light.hall_lamp").value == "on"
    assert told(made, "light.hall_lamp", state=Verb.OFF) == [(f"{base}/hall/lamp/set", {"state": "OFF"})]


def test_two_bridges_each_have_their_devices() -> None:
    other = [{**LISTED[3], "ieee_address": "0x00158d0000000099", "friendly_name": "heater plug"}]
    made = house(kept("second/bridge/state", "online"), kept("second/bridge/devices", other))
    plugs = [one.id for one in made.devices() if one.domain == "switch" and one.name == "heater plug"]
    assert plugs == ["switch.heater_plug", "switch.heater_plug_2"]
    assert {told(made, plug, state=Verb.ON)[0][0] for plug in plugs} == {
        "zigbee2mqtt/heater plug/set",
        "second/heater plug/set",
    }


def test_renamed_it_is_the_same_device() -> None:
    made = house(house_file=HouseFile.model_validate({"devices": {f"{LAMP}_light_zigbee2mqtt": {"names": ["Betty"]}}}))
    assert device(made, "light.hall_lamp").aliases == ("Betty",)
    renamed = [{**entry, "friendly_name": "attic lamp"} if entry["ieee_address"] == LAMP else entry for entry in LISTED]
    made.take(live("zigbee2mqtt/bridge/devices", renamed))
    assert device(made, "light.attic_lamp").aliases == ("Betty",)
    assert "light.hall_lamp" not in {one.id for one in made.devices()}
    made.take(live("zigbee2mqtt/attic lamp", {"state": "ON"}))
    assert made.state("light.attic_lamp").value == "on"


def test_removed_or_disabled_it_is_gone() -> None:
    made = house()
    made.take(live("zigbee2mqtt/bridge/devices", [entry for entry in LISTED if entry["ieee_address"] != LAMP]))
    assert "light.hall_lamp" not in {one.id for one in made.devices()}
    made.take(live("zigbee2mqtt/bridge/devices", [{**entry, "disabled": True} for entry in LISTED]))
    assert {one.id for one in made.devices()} == {"scene.evening_movie", BRIDGE}
    made.take(live("zigbee2mqtt/bridge/groups", b""))
    assert {one.id for one in made.devices()} == {BRIDGE}
    made.take(live("zigbee2mqtt/bridge/devices", b""))
    assert made.devices() == []


def test_rooms_by_groups_and_by_levels_of_the_name_where_the_house_has_them() -> None:
    file = HouseFile(areas={"Living Room": AreaEntry(), "Evening": AreaEntry()})
    made = house(house_file=file)
    assert device(made, "light.living_room_ceiling").area == "Living Room"
    assert device(made, "light.hall_lamp").area == "Evening", "the house has no hall, but an evening"
    assert device(house(), "light.living_room_ceiling").area is None


def test_only_what_can_be_asked_is_asked() -> None:
    made = house(kept("zigbee2mqtt/heater plug", {"state": "ON"}))
    asked = {question.topic: json.loads(question.payload) for question in made.questions()}
    assert asked["zigbee2mqtt/hall/lamp/get"] == {"state": ""}
    assert "zigbee2mqtt/cellar/get" not in asked, "it sleeps"
    assert "zigbee2mqtt/heater plug/get" not in asked, "it has spoken"
    assert made.questions() == [], "once"
    made.begin()
    assert "zigbee2mqtt/heater plug/get" in {question.topic for question in made.questions()}


def test_one_malformed_entry_does_not_harm_the_others() -> None:
    bad: list[Any] = [
        {**LISTED[1], "friendly_name": "a/+/b"},
        {**LISTED[2], "ieee_address": "nonsense"},
        {**LISTED[3], "definition": {"exposes": [{"type": "light", "features": "many"}]}},
        7,
        None,
        LISTED[8],
    ]
    made = house(listed=bad)
    assert "binary_sensor.back_door_contact" in {one.id for one in made.devices()}
    assert not {one.id for one in made.devices()} & {"light.hall_lamp", "switch.heater_plug"}
