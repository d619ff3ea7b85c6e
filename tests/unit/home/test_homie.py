"""Homie 4 and 5: attributes a topic, and descriptions in JSON, in the forms of the specification."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from edge.devices import Verb
from edge.home.broker import Message
from edge.home.entity import Unsupported
from edge.home.registry import Registry
from tests.houses_mqtt import can, device, kept, live, registry, shown, told

Properties = Mapping[str, Mapping[str, str]]


def attributes(name: str, nodes: Mapping[str, tuple[str, str, Properties]], key: str = "dev") -> Iterator[Message]:
    """Version 4: every attribute on a topic of its own. ``nodes``: name, type, properties."""
    base = f"homie/{key}"
    yield kept(f"{base}/$homie", "4.0.0")
    yield kept(f"{base}/$name", name)
    yield kept(f"{base}/$nodes", ",".join(nodes))
    for node, (title, kind, properties) in nodes.items():
        yield kept(f"{base}/{node}/$name", title)
        yield kept(f"{base}/{node}/$type", kind)
        yield kept(f"{base}/{node}/$properties", ",".join(properties))
        for one, said in properties.items():
            for attribute, value in said.items():
                yield kept(f"{base}/{node}/{one}/${attribute}", value)
    yield kept(f"{base}/$state", "ready")


BOOLEAN = {"name": "Power", "datatype": "boolean", "settable": "true"}
DIMMER = {"name": "Brightness", "datatype": "integer", "format": "0:100", "settable": "true", "unit": "%"}
COLOR = {"name": "Colour", "datatype": "color", "format": "rgb", "settable": "true"}
DEGREES = {"name": "Temperature", "datatype": "float", "unit": "°C"}


def house(nodes: Mapping[str, tuple[str, str, Properties]], name: str = "Attic") -> Registry:
    made = registry(*attributes(name, nodes))
    made.devices()
    made.take(kept("homie/dev/$state", "ready"))
    return made


@pytest.mark.parametrize(
    ("node", "devices"),
    [
        (("Relay", "relay", {"power": BOOLEAN}), {"switch.attic": {"state"}}),
        (("Pump", "", {"run": {**BOOLEAN, "name": "Run"}}), {"switch.attic_pump": {"state"}}),
        (("Lamp", "light", {"power": BOOLEAN}), {"light.attic": {"state"}}),
        (("Thing", "", {"power": BOOLEAN, "brightness": DIMMER}), {"light.attic_thing": {"state", "brightness"}}),
        (("Lamp", "", {"power": BOOLEAN, "brightness": DIMMER, "rgb": COLOR}),
         {"light.attic": {"state", "brightness", "color"}}),
        (("Dimmer", "", {"brightness": DIMMER}), {"light.attic": {"brightness"}}),
        (("Thing", "", {"level": DIMMER}), {"number.attic_thing": {"value"}}),
        (("Shutter", "shutter", {"position": {**DIMMER, "name": "Position"}}), {"cover.attic": {"position"}}),
        (("Blind", "", {"move": {"datatype": "enum", "format": "UP,DOWN,STOP", "settable": "true"}}),
         {"cover.attic": {"state"}}),
        (("Heating", "", {"setpoint": {**DEGREES, "name": "Target temperature", "settable": "true", "format": "5:30"},
                          "temperature": DEGREES,
                          "mode": {"datatype": "enum", "format": "off,heat,auto", "settable": "true"}}),
         {"climate.attic_heating": {"temperature", "mode", "state"}}),
        (("Weather", "", {"temperature": DEGREES, "window": {"datatype": "boolean"}}),
         {"sensor.attic_weather_temperature": {"read"}, "binary_sensor.attic_weather_window": {"read"}}),
        (("Modes", "", {"scene": {"datatype": "enum", "format": "day,night", "settable": "true"}}),
         {"select.attic_modes": {"option"}}),
        (("Display", "", {"line": {"datatype": "string", "settable": "true"}}), {"text.attic_display": {"text"}}),
    ],
)  # fmt: skip
def test_what_a_node_is_taken_for(node: tuple[str, str, Properties], devices: dict[str, set[str]]) -> None:
    made = house({"node": node})
    assert {one.id: can(made, one.id) for one in made.devices()} == devices


LAMP = ("Lamp", "", {"power": BOOLEAN, "brightness": {**DIMMER, "format": "0:255"}, "rgb": COLOR})
HSV = ("Lamp", "", {"power": BOOLEAN, "hsv": {**COLOR, "format": "hsv"}})
SHUTTER = (
    "Shutter",
    "",
    {"position": DIMMER, "move": {"datatype": "enum", "format": "open,close,stop", "settable": "true"}},
)
HEATING = ("Heating", "", {"setpoint": {**DEGREES, "name": "Target", "settable": "true", "format": "5:30"}, "temperature": DEGREES,
                           "mode": {"datatype": "enum", "format": "off,heat", "settable": "true"}})  # fmt: skip


@pytest.mark.parametrize(
    ("node", "name", "said", "value", "seen"),
    [
        (LAMP, "light.attic", {"power": "true", "brightness": "51", "rgb": "255,0,0"}, "on",
         {"brightness": 20, "color": (255, 0, 0)}),
        (HSV, "light.attic", {"power": "false", "hsv": "240,100,100"}, "off", {"color": (0, 0, 255)}),
        (SHUTTER, "cover.attic", {"position": "30"}, "open", {"position": 30}),
        (SHUTTER, "cover.attic", {"move": "CLOSE"}, "closed", {}),
        (HEATING, "climate.attic_heating", {"setpoint": "21.5", "temperature": "19", "mode": "heat"}, "heat",
         {"temperature": 21.5, "current_temperature": 19.0}),
    ],
)  # fmt: skip
def test_states(node: Any, name: str, said: Mapping[str, str], value: str, seen: Any) -> None:
    made = house({"node": node})
    for one, payload in said.items():
        made.take(kept(f"homie/dev/node/{one}", payload))
    assert shown(made, name) == (value, seen)


@pytest.mark.parametrize(
    ("node", "name", "change", "published"),
    [
        (LAMP, "light.attic", {"state": Verb.OFF}, [("power", "false")]),
        (LAMP, "light.attic", {"brightness": 20}, [("power", "true"), ("brightness", "51")]),
        (LAMP, "light.attic", {"color": (0, 255, 0)}, [("power", "true"), ("rgb", "0,255,0")]),
        (HSV, "light.attic", {"color": (0, 0, 255)}, [("power", "true"), ("hsv", "240,100,100")]),
        (SHUTTER, "cover.attic", {"position": 30}, [("position", "30")]),
        (SHUTTER, "cover.attic", {"state": Verb.STOP}, [("move", "stop")]),
        (HEATING, "climate.attic_heating", {"temperature": 21.5}, [("setpoint", "21.5")]),
        (HEATING, "climate.attic_heating", {"state": Verb.ON}, [("mode", "heat")]),
        (HEATING, "climate.attic_heating", {"mode": "off"}, [("mode", "off")]),
    ],
)
def test_commands(node: Any, name: str, change: Any, published: list[tuple[str, str]]) -> None:
    expected = [(f"homie/dev/node/{one}/set", payload) for one, payload in published]
    assert told(house({"node": node}), name, **change) == expected


def test_beyond_its_limits_it_is_not_told() -> None:
    with pytest.raises(Unsupported):
        told(house({"node": HEATING}), "climate.attic_heating", temperature=40)


@pytest.mark.parametrize(
    ("state", "there"),
    [("ready", True), ("alert", True), ("sleeping", True), ("init", False), ("disconnected", False), ("lost", False)],
)
def test_availability(state: str, there: bool) -> None:
    made = house({"node": LAMP})
    made.take(live("homie/dev/$state", state))
    assert made.state("light.attic").available is there


def test_several_nodes_have_their_names() -> None:
    made = house({"a": ("Left", "", {"power": BOOLEAN}), "b": ("Right", "", {"power": BOOLEAN})})
    assert [one.name for one in made.devices()] == ["Attic Left", "Attic Right"]


def test_renamed_and_removed_while_it_runs() -> None:
    made = house({"node": LAMP})
    made.take(live("homie/dev/$name", "Cellar"))
    assert [one.name for one in made.devices()] == ["Cellar"]
    made.take(live("homie/dev/$nodes", b""))
    assert made.devices() == []


# -- version 5 --------------------------------------------------------------------------------------------------------

DESCRIPTION = {
    "homie": "5.0",
    "version": 7,
    "name": "Living room",
    "nodes": {
        "lamp": {
            "name": "Lamp",
            "properties": {
                "on": {"datatype": "boolean", "settable": True},
                "brightness": {"datatype": "integer", "format": "0:100:5", "settable": True, "unit": "%"},
                "color": {"datatype": "color", "format": "rgb,hsv", "settable": True},
            },
        },
        "air": {
            "name": "Air",
            "properties": {"temperature": {"datatype": "float", "unit": "°C", "name": "Temperature"}},
        },
    },
}


def described(**more: Any) -> Registry:
    made = registry(
        kept("homie/5/living/$state", "ready"), kept("homie/5/living/$description", {**DESCRIPTION, **more})
    )
    made.devices()
    made.take(kept("homie/5/living/$state", "ready"))
    return made


def test_a_description_of_version_5() -> None:
    made = described()
    assert {one.id: can(made, one.id) for one in made.devices()} == {
        "light.living_room_lamp": {"state", "brightness", "color"},
        "sensor.living_room_air": {"read"},
    }
    assert device(made, "sensor.living_room_air").device_class == "temperature"
    made.take(kept("homie/5/living/lamp/color", "rgb,0,0,255"))
    made.take(kept("homie/5/living/lamp/on", "true"))
    made.take(kept("homie/5/living/air/temperature", "20.25"))
    assert shown(made, "light.living_room_lamp") == ("on", {"color": (0, 0, 255)})
    assert made.state("sensor.living_room_air").value == "20.25"
    assert told(made, "light.living_room_lamp", color=(255, 0, 0)) == [
        ("homie/5/living/lamp/on/set", "true"),
        ("homie/5/living/lamp/color/set", "rgb,255,0,0"),
    ]


def test_a_child_is_away_with_its_root() -> None:
    made = described(root="bridge", parent="bridge")
    assert not made.state("light.living_room_lamp").available
    made.take(kept("homie/5/bridge/$state", "ready"))
    assert made.state("light.living_room_lamp").available
    made.take(live("homie/5/bridge/$state", "lost"))
    assert not made.state("light.living_room_lamp").available


def test_version_5_removed() -> None:
    made = described()
    made.take(live("homie/5/living/$description", b""))
    assert made.devices() == []


@pytest.mark.parametrize("bad", [{"homie": "7.0"}, {"nodes": []}, {"nodes": {"a": {"properties": {"b": 3}}}}])
def test_nonsense_is_refused_and_what_was_known_stands(bad: dict[str, Any]) -> None:
    made = described()
    made.take(live("homie/5/living/$description", {**DESCRIPTION, **bad}))
    assert len(made.devices()) == 2
