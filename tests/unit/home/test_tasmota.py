"""Tasmota: discovery, states and commands, in the forms in which its firmware (xdrv_12_discovery.ino) sends them."""

from typing import Any

import pytest

from edge.devices import Verb
from edge.home.entity import Unsupported
from edge.home.registry import Registry
from tests.houses_mqtt import can, device, kept, live, registry, shown, told

MAC = "A1B2C3D4E5F6"


def config(**more: Any) -> dict[str, Any]:
    """The announcement of a device with one relay."""
    return {
        "ip": "192.168.1.9", "dn": "Desk plug", "fn": ["Desk plug", *[None] * 7], "hn": "tasmota-D4E5F6-1782",
        "mac": MAC, "md": "Sonoff Basic", "ty": 0, "if": 0, "ofln": "Offline", "onln": "Online",
        "state": ["OFF", "ON", "TOGGLE", "HOLD"], "sw": "12.4.0", "t": "desk", "ft": "%prefix%/%topic%/",
        "tp": ["cmnd", "stat", "tele"], "rl": [1, *[0] * 7], "swc": [-1] * 8, "swn": [None] * 8, "btn": [0] * 8,
        "so": {"4": 0, "11": 0, "13": 0, "17": 0, "20": 0, "30": 0, "68": 0, "73": 0, "82": 0, "114": 0, "117": 0},
        "lk": 1, "lt_st": 0, "bat": 0, "dslp": 0, "sho": [0] * 4, "sht": [[0, 0, 0]] * 4, "ver": 1, **more,
    }  # fmt: skip


def house(sensors: dict[str, Any] | None = None, **more: Any) -> Registry:
    made = registry(kept(f"tasmota/discovery/{MAC}/config", config(**more)))
    if sensors is not None:
        made.take(
            kept(f"tasmota/discovery/{MAC}/sensors", {"sn": {"Time": "2026-01-02T03:04:05", **sensors}, "ver": 1})
        )
    made.devices()
    return made


LAMP: dict[str, Any] = {"dn": "Lamp", "fn": ["Lamp"], "rl": [2], "t": "lamp"}
SHUTTER: dict[str, Any] = {"dn": "Blind", "fn": [None], "rl": [3, 3], "t": "blind"}


@pytest.mark.parametrize(
    ("more", "devices"),
    [
        ({}, {"switch.desk_plug": {"state"}}),
        ({"rl": [1, 1], "fn": ["Fridge", None]}, {"switch.fridge": {"state"}, "switch.desk_plug_2": {"state"}}),
        ({"so": {"30": 1}}, {"light.desk_plug": {"state"}}),
        ({**LAMP, "lt_st": 1}, {"light.lamp": {"state", "brightness"}}),
        ({**LAMP, "lt_st": 2}, {"light.lamp": {"state", "brightness", "color_temperature"}}),
        ({**LAMP, "lt_st": 3}, {"light.lamp": {"state", "brightness", "color"}}),
        ({**LAMP, "lt_st": 4}, {"light.lamp": {"state", "brightness", "color"}}),
        ({**LAMP, "lt_st": 5}, {"light.lamp": {"state", "brightness", "color", "color_temperature"}}),
        ({**LAMP, "lt_st": 5, "lk": 0, "rl": [2, 2], "fn": ["Strip", "Spot"]},
         {"light.strip": {"state", "brightness", "color"}, "light.spot": {"state", "brightness", "color_temperature"}}),
        ({**LAMP, "lt_st": 2, "rl": [2, 2], "so": {"68": 1}, "fn": ["A", "B"]},
         {"light.a": {"state", "brightness"}, "light.b": {"state", "brightness"}}),
        (SHUTTER, {"cover.blind": {"state", "position"}}),
        ({**SHUTTER, "sht": [[-90, 90, 0]]}, {"cover.blind": {"state", "position", "tilt"}}),
        ({**SHUTTER, "rl": [3, 3, 1, 3]}, {"cover.blind": {"state", "position"}, "switch.blind": {"state"}}),
        ({"if": 1, "rl": [2, 0, 0, 0], "dn": "Ceiling", "fn": ["Ceiling"]},
         {"light.ceiling": {"state"}, "fan.ceiling_fan": {"state", "percentage"}}),
    ],
)  # fmt: skip
def test_what_devices_can_do(more: dict[str, Any], devices: dict[str, set[str]]) -> None:
    made = house(**more)
    assert {one.id: can(made, one.id) for one in made.devices()} == devices
    assert {one.source for one in made.devices()} == {"tasmota"}


@pytest.mark.parametrize(
    ("more", "name", "topic", "said", "value", "attributes"),
    [
        ({}, "switch.desk_plug", "stat/desk/RESULT", {"POWER": "ON"}, "on", {}),
        ({}, "switch.desk_plug", "stat/desk/POWER", "OFF", "off", {}),
        ({}, "switch.desk_plug", "tele/desk/STATE", {"Uptime": "0T01:00:00", "POWER1": "ON"}, "on", {}),
        ({"state": ["aus", "an", "um", "halten"]}, "switch.desk_plug", "stat/desk/POWER", "an", "on", {}),
        ({"rl": [1, 1], "fn": ["A", "B"]}, "switch.b", "stat/desk/RESULT", {"POWER2": "ON"}, "on", {}),
        ({"ft": "house/%topic%/dev/%prefix%/"}, "switch.desk_plug", "house/desk/dev/stat/RESULT", {"POWER": "ON"}, "on", {}),
        ({"ft": "%hostname%/%id%/%prefix%"}, "switch.desk_plug", "tasmota-D4E5F6-1782/D4E5F6/tele/STATE", {"POWER": "ON"},
         "on", {}),
        ({**LAMP, "lt_st": 5}, "light.lamp", "tele/lamp/STATE",
         {"POWER": "ON", "Dimmer": 40, "Color": "660000", "HSBColor": "0,100,40", "White": 0, "CT": 153}, "on",
         {"brightness": 40, "color": (255, 0, 0), "color_temperature": 6536}),
        ({**LAMP, "lt_st": 5}, "light.lamp", "stat/lamp/RESULT",
         {"POWER": "ON", "Dimmer": 40, "HSBColor": "0,0,0", "White": 40, "CT": 370}, "on",
         {"brightness": 40, "color_temperature": 2703}),
        (SHUTTER, "cover.blind", "stat/blind/RESULT",
         {"Shutter1": {"Position": 30, "Direction": 1, "Target": 100, "Tilt": 0}}, "opening", {"position": 30}),
        (SHUTTER, "cover.blind", "tele/blind/SENSOR", {"Shutter1": {"Position": 0, "Direction": 0, "Target": 0}}, "closed",
         {"position": 0}),
        ({**SHUTTER, "sho": [1]}, "cover.blind", "stat/blind/RESULT", {"Shutter1": {"Position": 30, "Direction": 1}},
         "closing", {"position": 70}),
        ({"if": 1, "dn": "Ceiling", "fn": ["Ceiling"]}, "fan.ceiling_fan", "stat/desk/RESULT", {"FanSpeed": 2}, "on",
         {"percentage": 67}),
    ],
)  # fmt: skip
def test_states(more: Any, name: str, topic: str, said: Any, value: str, attributes: dict[str, Any]) -> None:
    made = house(**more)
    made.take(live(topic, said))
    assert shown(made, name) == (value, attributes)


@pytest.mark.parametrize(
    ("more", "name", "change", "published"),
    [
        ({}, "switch.desk_plug", {"state": Verb.ON}, [("cmnd/desk/POWER1", "ON")]),
        ({"state": ["aus", "an"]}, "switch.desk_plug", {"state": Verb.OFF}, [("cmnd/desk/POWER1", "aus")]),
        ({"ft": "%topic%/%prefix%/"}, "switch.desk_plug", {"state": Verb.ON}, [("desk/cmnd/POWER1", "ON")]),
        ({**LAMP, "lt_st": 5}, "light.lamp", {"state": Verb.ON, "brightness": 40},
         [("cmnd/lamp/POWER1", "ON"), ("cmnd/lamp/Dimmer", "40")]),
        ({**LAMP, "lt_st": 5, "so": {"20": 1}}, "light.lamp", {"brightness": 40},
         [("cmnd/lamp/Dimmer", "40"), ("cmnd/lamp/POWER1", "ON")]),
        ({**LAMP, "lt_st": 5}, "light.lamp", {"color": (255, 0, 0)}, [("cmnd/lamp/Color2", "255,0,0")]),
        ({**LAMP, "lt_st": 5}, "light.lamp", {"color_temperature": 2700}, [("cmnd/lamp/CT", "370")]),
        ({**LAMP, "lt_st": 5, "so": {"82": 1}}, "light.lamp", {"color_temperature": 2000}, [("cmnd/lamp/CT", "380")]),
        ({**LAMP, "lt_st": 5, "lk": 0, "rl": [2, 2], "fn": ["Strip", "Spot"]}, "light.spot", {"brightness": 5},
         [("cmnd/lamp/Dimmer2", "5")]),
        ({**LAMP, "lt_st": 2, "rl": [2, 2], "so": {"68": 1}, "fn": ["A", "B"]}, "light.b", {"brightness": 5},
         [("cmnd/lamp/Channel2", "5")]),
        ({**LAMP, "lt_st": 1, "ty": 1}, "light.lamp", {"brightness": 5}, [("cmnd/lamp/Dimmer3", "5")]),
        (SHUTTER, "cover.blind", {"state": Verb.OPEN}, [("cmnd/blind/ShutterOpen1", "")]),
        (SHUTTER, "cover.blind", {"state": Verb.STOP}, [("cmnd/blind/ShutterStop1", "")]),
        (SHUTTER, "cover.blind", {"position": 30}, [("cmnd/blind/ShutterPosition1", "30")]),
        ({**SHUTTER, "sho": [1]}, "cover.blind", {"position": 30}, [("cmnd/blind/ShutterPosition1", "70")]),
        ({**SHUTTER, "sht": [[-90, 90, 0]]}, "cover.blind", {"tilt": 50}, [("cmnd/blind/ShutterTilt1", "0")]),
        ({"if": 1, "dn": "Ceiling", "fn": ["Ceiling"]}, "fan.ceiling_fan", {"percentage": 100}, [("cmnd/desk/FanSpeed", "3")]),
        ({"if": 1, "dn": "Ceiling", "fn": ["Ceiling"]}, "fan.ceiling_fan", {"state": Verb.OFF}, [("cmnd/desk/FanSpeed", "0")]),
    ],
)  # fmt: skip
def test_commands(more: Any, name: str, change: Any, published: list[tuple[str, str]]) -> None:
    assert told(house(**more), name, **change) == published


def test_sensors_are_what_is_known_to_be_a_measurement() -> None:
    made = house(
        {
            "AM2301": {"Temperature": 20.5, "Humidity": 51.0, "DewPoint": 10.1},
            "ENERGY": {
                "TotalStartTime": "2025-01-01T00:00:00",
                "Total": 3.1,
                "Power": 44,
                "ApparentPower": 50,
                "Voltage": 230,
            },
            "Switch1": "OFF",
            "TempUnit": "C",
        }
    )
    found = {one.id: (one.device_class, one.unit) for one in made.devices() if one.domain != "switch"}
    assert found == {
        "sensor.desk_plug_temperature": ("temperature", "°C"),
        "sensor.desk_plug_humidity": ("humidity", "%"),
        "sensor.desk_plug_dew_point": ("temperature", "°C"),
        "sensor.desk_plug_energy_total": ("energy", "kWh"),
        "sensor.desk_plug_power": ("power", "W"),
        "sensor.desk_plug_voltage": ("voltage", "V"),
        "binary_sensor.desk_plug_switch_1": (None, None),
    }
    made.take(live("tele/desk/SENSOR", {"Time": "x", "AM2301": {"Temperature": 21}, "Switch1": "ON"}))
    assert made.state("sensor.desk_plug_temperature").value == "21"
    assert made.state("binary_sensor.desk_plug_switch_1").value == "on"
    made.take(live("stat/desk/STATUS10", {"StatusSNS": {"AM2301": {"Temperature": 22.5}}}))
    assert made.state("sensor.desk_plug_temperature").value == "22.5"


def test_two_sensors_of_one_quantity_have_two_names() -> None:
    made = house(
        {"DS18B20-1": {"Id": "0A", "Temperature": 1.0}, "DS18B20-2": {"Id": "0B", "Temperature": 2.0}, "TempUnit": "F"}
    )
    names = {one.name: one.unit for one in made.devices() if one.domain == "sensor"}
    assert names == {"Desk plug DS18B20-1 Temperature": "°F", "Desk plug DS18B20-2 Temperature": "°F"}


def test_it_is_there_by_its_last_will_unless_it_sleeps() -> None:
    made = house(onln="da", ofln="weg")
    assert not made.state("switch.desk_plug").available
    made.take(kept("tele/desk/LWT", "da"))
    assert made.state("switch.desk_plug").available
    made.take(live("tele/desk/LWT", "weg"))
    assert not made.state("switch.desk_plug").available
    assert house(dslp=1).state("switch.desk_plug").available


def test_it_is_asked_for_what_the_broker_does_not_keep() -> None:
    made = house({"AM2301": {"Temperature": 20.5}, "TempUnit": "C"})
    assert {(one.topic, one.payload) for one in made.questions()} == {
        ("cmnd/desk/STATE", ""),
        ("cmnd/desk/STATUS", "10"),
    }


def test_renamed_and_removed() -> None:
    made = house()
    made.take(live(f"tasmota/discovery/{MAC}/config", config(fn=["Kettle"])))
    assert [one.name for one in made.devices()] == ["Kettle"]
    made.take(live(f"tasmota/discovery/{MAC}/config", b""))
    assert made.devices() == []


def test_sensors_may_come_before_the_device() -> None:
    made = registry(kept(f"tasmota/discovery/{MAC}/sensors", {"sn": {"BME280": {"Pressure": 1000}}, "ver": 1}))
    assert made.devices() == []
    made.take(kept(f"tasmota/discovery/{MAC}/config", config()))
    assert device(made, "sensor.desk_plug_pressure").device_class == "atmospheric_pressure"


@pytest.mark.parametrize(
    "bad",
    [{"ft": "%topic%/"}, {"ft": "a/#/%prefix%/%topic%/"}, {"mac": "no"}, {"rl": "many"}, {"tp": ["cmnd"]}, {"t": "a+"}],
)
def test_nonsense_is_refused_and_what_was_known_stands(bad: dict[str, Any]) -> None:
    made = house()
    made.take(live(f"tasmota/discovery/{MAC}/config", config(**bad)))
    assert [one.id for one in made.devices()] == ["switch.desk_plug"]


def test_a_relay_is_not_dimmed() -> None:
    with pytest.raises(Unsupported):
        told(house(), "switch.desk_plug", brightness=3)
