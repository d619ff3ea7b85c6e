"""ESPHome's announcements, which are Home Assistant's discovery: keys and forms as its mqtt component writes them.

Source: esphome/components/mqtt/mqtt_component.cpp, mqtt_light.cpp, mqtt_cover.cpp, mqtt_fan.cpp, mqtt_climate.cpp,
mqtt_sensor.cpp; abbreviations: mqtt_const.h.
"""

from typing import Any

import pytest

from edge.devices import Verb
from edge.home.registry import Registry
from tests.houses_mqtt import can, device, kept, live, registry, shown, told

DEVICE = {"ids": "a4cf12f03c55", "name": "Workshop", "sw": "2025.7.0 (config hash 0x1234abcd)", "mdl": "nodemcu-32s",
          "mf": "Espressif", "sa": "Garage", "cns": [["mac", "a4cf12f03c55"]]}  # fmt: skip


def announced(kind: str, key: str, more: dict[str, Any], name: str = "") -> Registry:
    topics = {"stat_t": f"workshop/{kind}/{key}/state", "cmd_t": f"workshop/{kind}/{key}/command"}
    shared = {"name": name, "avty_t": "workshop/status", "uniq_id": f"a4cf12f03c55-{kind}-0a1b2c3d", "dev": DEVICE}
    said = {one: value for one, value in {**topics, **shared, **more}.items() if value is not None}
    made = registry(kept(f"homeassistant/{kind}/workshop/{key}/config", said))
    made.devices()
    made.take(kept("workshop/status", "online"))
    return made


LIGHT = {
    "schema": "json", "color_mode": True, "supported_color_modes": ["rgb", "color_temp"], "brightness": True, "effect": True,
    "effect_list": ["Rainbow", "None"], "min_mirs": 153, "max_mirs": 500,
}  # fmt: skip
# None: what the component leaves out.
COVER = {"stat_t": None, "pos_t": "workshop/cover/door/position/state", "set_pos_t": "workshop/cover/door/position/command",
         "dev_cla": "garage"}  # fmt: skip
FAN = {
    "pct_stat_t": "workshop/fan/vent/speed_level/state",
    "pct_cmd_t": "workshop/fan/vent/speed_level/command",
    "spd_rng_max": 3,
    "dir_cmd_t": "workshop/fan/vent/direction/command",
    "dir_stat_t": "workshop/fan/vent/direction/state",
    "osc_cmd_t": "workshop/fan/vent/oscillation/command",
    "osc_stat_t": "workshop/fan/vent/oscillation/state",
}
CLIMATE = {
    "stat_t": None,
    "cmd_t": None,
    "mode_cmd_t": "workshop/climate/air/mode/command", "mode_stat_t": "workshop/climate/air/mode/state",
    "modes": ["off", "heat"], "temp_cmd_t": "workshop/climate/air/target_temperature/command",
    "temp_stat_t": "workshop/climate/air/target_temperature/state", "curr_temp_t": "workshop/climate/air/current_temperature/state",
    "min_temp": 5, "max_temp": 30, "temp_step": 0.5, "temp_unit": "C",
}  # fmt: skip
SENSOR = {"cmd_t": None, "dev_cla": "temperature", "unit_of_meas": "°C", "stat_cla": "measurement"}


@pytest.mark.parametrize(
    ("kind", "key", "more", "own", "name", "abilities"),
    [
        (
            "light",
            "lamp",
            LIGHT,
            "Lamp",
            "light.workshop_lamp",
            {"state", "brightness", "color", "color_temperature", "effect"},
        ),
        ("switch", "relay", {}, "", "switch.workshop", {"state"}),
        ("cover", "door", COVER, "Door", "cover.workshop_door", {"state", "position"}),
        ("fan", "vent", FAN, "Vent", "fan.workshop_vent", {"state", "percentage", "direction", "oscillation"}),
        ("climate", "air", CLIMATE, "Air", "climate.workshop_air", {"state", "mode", "temperature"}),
        ("sensor", "t", SENSOR, "Temperature", "sensor.workshop_temperature", {"read"}),
        ("binary_sensor", "m", {"dev_cla": "motion"}, "Motion", "binary_sensor.workshop_motion", {"read"}),
        ("number", "n", {"min": 0, "max": 9, "step": 1}, "Level", "number.workshop_level", {"value"}),
        ("select", "s", {"options": ["a", "b"]}, "Mode", "select.workshop_mode", {"option"}),
        ("button", "b", {}, "Restart", "button.workshop_restart", {"state"}),
        ("lock", "l", {}, "Gate", "lock.workshop_gate", {"state"}),
    ],
)
def test_what_devices_can_do(kind: str, key: str, more: Any, own: str, name: str, abilities: set[str]) -> None:
    made = announced(kind, key, more, own)
    assert can(made, name) == abilities
    assert device(made, name).area == "Garage"
    assert made.state(name).available
    made.take(live("workshop/status", "offline"))
    assert not made.state(name).available


def test_light_states_and_commands() -> None:
    made = announced("light", "lamp", LIGHT, "Lamp")
    made.take(
        kept(
            "workshop/light/lamp/state",
            {"color_mode": "rgb", "state": "ON", "brightness": 51, "color": {"r": 255, "g": 0, "b": 0}},
        )
    )
    value, seen = shown(made, "light.workshop_lamp")
    assert (value, seen["brightness"], seen["color"]) == ("on", 20, (255, 0, 0))
    ((topic, body),) = told(made, "light.workshop_lamp", state=Verb.ON, brightness=40)
    assert topic == "workshop/light/lamp/command"
    assert (body["state"], body["brightness"]) == ("ON", 102)


def test_cover_and_fan() -> None:
    made = announced("cover", "door", COVER, "Door")
    made.take(kept("workshop/cover/door/position/state", "0"))
    assert shown(made, "cover.workshop_door") == ("closed", {"position": 0})
    made.take(kept("workshop/cover/door/position/state", "30"))
    assert shown(made, "cover.workshop_door") == ("open", {"position": 30})
    assert told(made, "cover.workshop_door", position=60) == [("workshop/cover/door/position/command", "60")]
    made = announced("fan", "vent", FAN, "Vent")
    made.take(kept("workshop/fan/vent/speed_level/state", "3"))
    made.take(kept("workshop/fan/vent/oscillation/state", "oscillate_on"))
    assert shown(made, "fan.workshop_vent")[1] == {"percentage": 100, "oscillation": "on"}
    assert told(made, "fan.workshop_vent", percentage=67) == [("workshop/fan/vent/speed_level/command", "2")]
