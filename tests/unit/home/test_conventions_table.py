"""The table of conventions in docs/home.md says what the tests' devices show, neither more nor less."""

from pathlib import Path

import pytest

from edge.home.registry import Registry
from tests.houses_mqtt import COMMANDS, kept, registry
from tests.unit.home.test_esphome import CLIMATE, COVER, FAN, LIGHT, SENSOR, announced
from tests.unit.home.test_homie import BOOLEAN, DEGREES, HEATING, SHUTTER, house
from tests.unit.home.test_homie import LAMP as HOMIE_LAMP
from tests.unit.home.test_shelly import LIGHT as SHELLY_LIGHT
from tests.unit.home.test_shelly import PLUG
from tests.unit.home.test_shelly import house as shelly
from tests.unit.home.test_tasmota import LAMP as TASMOTA_LAMP
from tests.unit.home.test_tasmota import SHUTTER as TASMOTA_SHUTTER
from tests.unit.home.test_tasmota import house as tasmota
from tests.unit.home.test_zigbee2mqtt import house as zigbee

DOCS = Path(__file__).parents[3] / "docs" / "home.md"
HOMIE = ("Pump", "", {"run": BOOLEAN}), ("Modes", "", {
    "level": {"datatype": "integer", "settable": "true"}, "line": {"datatype": "string", "settable": "true"},
    "scene": {"datatype": "enum", "format": "a,b", "settable": "true"},
}), ("Air", "", {"t": DEGREES, "w": {"datatype": "boolean"}})  # fmt: skip


def shown() -> dict[str, list[Registry]]:
    """By convention, houses with one of each kind of device that its tests have."""
    temperature = {"temperature:0": {"id": 0}, "input:0": {"id": 0, "type": "switch"}}
    cover = (
        {"cover:0": {"id": 0, "name": None}},
        {"cover:0": {"id": 0, "state": "open", "pos_control": True, "current_pos": 1}},
    )
    colors = {"rgb:0": {"id": 0}}, {"rgb:0": {"output": True}}
    whites = {"cct:0": {"id": 0}}, {"cct:0": {"output": True}}
    return {
        "zigbee2mqtt": [zigbee()],
        "tasmota": [
            tasmota({"AM2301": {"Temperature": 1}, "Switch1": "ON"}),
            tasmota(**{**TASMOTA_LAMP, "lt_st": 5}),
            tasmota(**{**TASMOTA_SHUTTER, "sht": [[0, 90, 0]]}),
            tasmota(**{"if": 1}),
        ],
        "shelly": [
            shelly(*PLUG),
            shelly(*SHELLY_LIGHT),
            shelly(*colors),
            shelly(*whites),
            shelly(*cover),
            shelly(temperature, {"temperature:0": {"tC": 20}, "input:0": {"state": True}}),
        ],
        "homie": [house({"n": node}) for node in (HOMIE_LAMP, SHUTTER, HEATING, *HOMIE)],
        "esphome": [
            announced(kind, "k", more, "Own")
            for kind, more in (
                ("light", LIGHT), ("switch", {}), ("cover", COVER), ("fan", FAN), ("climate", CLIMATE), ("sensor", SENSOR),
                ("binary_sensor", {}), ("number", {}), ("select", {"options": ["a"]}), ("button", {}), ("lock", {}),
            )
        ],
    }  # fmt: skip


def rows() -> set[str]:
    """The rows that the table should have."""
    made: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for convention, houses in shown().items():
        for one in houses:
            for device in one.devices():
                entity = one.entity(device.id)
                assert entity is not None
                tells, obeys = made.setdefault((convention, device.domain), (set(), set()))
                tells |= entity.speaks_of - {"last_seen"}
                obeys |= {str(ability) for ability in device.abilities} & COMMANDS
    return {
        f"| {convention} | {domain} | {', '.join(sorted(tells)) or '—'} | {', '.join(sorted(obeys)) or '—'} |"
        for (convention, domain), (tells, obeys) in made.items()
    }


@pytest.fixture(scope="module")
def documented() -> set[str]:
    text = DOCS.read_text(encoding="utf-8").partition("## Other conventions")[2]
    return {line.strip() for line in text.splitlines() if line.startswith(tuple(f"| {name} |" for name in shown()))}


def test_the_table_says_what_the_tests_show(documented: set[str]) -> None:
    assert documented == rows()


def test_a_convention_that_nobody_speaks_makes_no_devices() -> None:
    assert registry(kept("plain/lamp/POWER", "ON")).devices() == []
