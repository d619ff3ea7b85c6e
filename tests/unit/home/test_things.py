"""One physical thing that several conventions announce appears once."""

from typing import Any

import pytest

from edge.home.broker import Message
from edge.home.things import by_discovery, by_mac, by_zigbee
from tests.houses_mqtt import kept, registry
from tests.unit.home.test_shelly import PLUG, PREFIX, SYS, answer
from tests.unit.home.test_tasmota import MAC, config
from tests.unit.home.test_zigbee2mqtt import GROUPS, LAMP, LISTED


@pytest.mark.parametrize(
    ("said", "thing"),
    [
        (by_mac("A1:B2:C3:D4:E5:F6"), "mac:a1b2c3d4e5f6"),
        (by_mac("a1b2c3d4e5f6"), "mac:a1b2c3d4e5f6"),
        (by_mac("a1b2c3d4e5f"), None),
        (by_zigbee("0x00158D0001020304"), "zigbee:00158d0001020304"),
        (by_discovery({"identifiers": ["zigbee2mqtt_0x00158d0001020304"]}), "zigbee:00158d0001020304"),
        (
            by_discovery({"identifiers": "A1B2C3D4E5F6", "connections": [["mac", "A1:B2:C3:D4:E5:F6"]]}),
            "mac:a1b2c3d4e5f6",
        ),
        (by_discovery({"identifiers": ["kitchen"], "connections": [[], 3, ["mac"]]}), None),
        (by_discovery({"identifiers": {"a": 1}, "connections": "x"}), None),
    ],
)
def test_by_which_address_a_thing_is_known(said: frozenset[str], thing: str | None) -> None:
    assert said == (frozenset({thing}) if thing else frozenset())


def discovered(component: str, unique: str, device: dict[str, Any], **more: Any) -> Message:
    """As Home Assistant's discovery has it."""
    payload = {
        "name": None,
        "unique_id": unique,
        "state_topic": "z/s",
        "command_topic": "z/c",
        "device": device,
        **more,
    }
    return kept(f"homeassistant/{component}/{unique}/config", payload)


ZIGBEE = {
    "identifiers": [f"zigbee2mqtt_{LAMP}"],
    "name": "hall/lamp",
    "via_device": "zigbee2mqtt_bridge_0x00124b0000000000",
}
JSON_LIGHT = {"schema": "json", "brightness": True, "supported_color_modes": ["color_temp"]}
BRIDGED = [
    discovered("light", f"{LAMP}_light_zigbee2mqtt", ZIGBEE, **JSON_LIGHT),
    discovered("sensor", f"{LAMP}_linkquality_zigbee2mqtt", ZIGBEE, name="Linkquality"),
    kept("zigbee2mqtt/bridge/devices", [LISTED[2]]),
]
RELAY = {"connections": [["mac", "A1:B2:C3:D4:E5:F6"]], "name": "Desk plug"}
TASMOTA = [
    discovered("switch", "D4E5F6_RL_1", RELAY),
    discovered("sensor", "D4E5F6_status", RELAY, name="status"),
    kept(f"tasmota/discovery/{MAC}/config", config()),
]
SHELLY = [
    discovered("switch", "shelly_a8032abe54dc_0", {"identifiers": ["a8032abe54dc"], "name": "Cellar"}),
    kept(f"{PREFIX}/online", "true"),
    answer(1, {"sys": SYS, **PLUG[0]}),
]


@pytest.mark.parametrize(("messages", "source"), [(BRIDGED, "zigbee2mqtt"), (TASMOTA, "tasmota"), (SHELLY, "shelly")])
@pytest.mark.parametrize("backwards", [False, True])
def test_its_own_convention_is_preferred_in_any_order(messages: list[Message], source: str, backwards: bool) -> None:
    # An answer only means something after the question.
    ordered = messages if source == "shelly" or not backwards else messages[::-1]
    made = registry(*ordered)
    assert {one.source for one in made.devices()} == {source}
    assert len([one for one in made.devices() if one.domain in ("light", "switch")]) == 1


def test_the_side_that_can_do_more_is_taken_whole() -> None:
    fan = discovered("fan", "D4E5F6_fan", RELAY, name="Fan")
    made = registry(*TASMOTA, fan)
    assert {one.source for one in made.devices()} == {"homeassistant"}
    assert {one.domain for one in made.devices()} == {"fan", "sensor", "switch"}


def test_more_settings_are_not_more() -> None:
    select = discovered("select", f"{LAMP}_power_on_behavior_zigbee2mqtt", ZIGBEE, name="x", options=["on", "off"])
    assert {one.source for one in registry(*BRIDGED, select).devices()} == {"zigbee2mqtt"}


def test_when_one_convention_takes_it_back_the_other_remains() -> None:
    made = registry(*TASMOTA)
    made.take(kept(f"tasmota/discovery/{MAC}/config", b""))
    assert {(one.id, one.source) for one in made.devices()} == {
        ("switch.desk_plug", "homeassistant"),
        ("sensor.desk_plug_status", "homeassistant"),
    }
    made.take(kept(f"tasmota/discovery/{MAC}/config", config()))
    assert {one.source for one in made.devices()} == {"tasmota"}


def test_the_id_and_the_nickname_survive_the_change_of_sides() -> None:
    """zigbee2mqtt's own unique ids are what both sides are known by."""
    light = BRIDGED[0]
    made = registry(light)
    (first,) = made.devices()
    made.take(BRIDGED[2])
    assert first.id in {one.id for one in made.devices()}


def test_a_group_is_a_thing_of_its_own() -> None:
    group = {"identifiers": ["zigbee2mqtt_1221051039810110150109113116116_4"], "name": "evening"}
    made = registry(
        discovered("light", "4_light_zigbee2mqtt", group, **JSON_LIGHT),
        kept("zigbee2mqtt/bridge/devices", LISTED),
        kept("zigbee2mqtt/bridge/groups", GROUPS),
    )
    assert [one.source for one in made.devices() if one.name == "evening"] == ["zigbee2mqtt"]


def test_others_things_are_left_alone() -> None:
    other = discovered(
        "light", "l2", {"identifiers": ["zigbee2mqtt_0x00158d00000000aa"], "name": "Other"}, **JSON_LIGHT
    )
    nameless = discovered("light", "l3", {"identifiers": ["l3"], "name": "Third"}, **JSON_LIGHT)
    made = registry(*BRIDGED, other, nameless)
    assert {one.name for one in made.devices() if one.source == "homeassistant"} == {"Other", "Third"}
