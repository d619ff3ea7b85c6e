"""The house that the commands of labelled recordings talk about, as simulated devices."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from edge.home.demo import Announced

_BRIGHT: Final = {"schema": "json", "brightness": True, "supported_color_modes": ["brightness"]}
_COLOR: Final = {"schema": "json", "brightness": True, "supported_color_modes": ["rgb"]}
_PLAIN: Final = {"schema": "json", "supported_color_modes": ["onoff"]}
_SPEED: Final = {"percentage_command_topic": "~/set/percentage", "percentage_state_topic": "~/percentage"}
_POSITION: Final = {"position_topic": "~/position", "set_position_topic": "~/set/position"}
_FIRST: Final = {
    "light": "OFF", "switch": "OFF", "fan": "OFF", "cover": "closed", "lock": "LOCKED", "climate": "heat",
    "sensor": "40", "binary_sensor": "OFF", "scene": "",
}  # fmt: skip


def announced(fixtures: Path) -> tuple[Announced, ...]:
    """The devices of ``commands/fixtures/LANG.yaml``; kinds that no simulated device has are left out. A room where
    nothing else is has a hygrometer, since a house on a broker has no empty rooms.
    """
    listed = yaml.safe_load(fixtures.read_text("utf-8"))["fixtures"]
    devices = [
        (entity["domain"], _id(entity["name"]), entity["name"], entity.get("area"), _extra(entity), _first(entity))
        for entity in listed["entities"]
        if entity["domain"] in _FIRST
    ]
    furnished = {area for _, _, _, area, _, _ in devices}
    empty = [area["name"] for area in listed.get("areas", []) if area["name"] not in furnished]
    hygrometer = {"device_class": "humidity"}
    return (*devices, *(("sensor", f"hygrometer_{_id(a)}", f"{a} Hygrometer", a, hygrometer, "40") for a in empty))


def describe(path: Path, devices: Sequence[Announced]) -> Path:
    """Write ``devices`` to ``path`` in the form that :func:`announced` reads. Returns ``path``."""
    areas = sorted({area for _, _, _, area, _, _ in devices if area})
    entities = [{"name": name, "domain": domain, "area": area} for domain, _, name, area, _, _ in devices]
    # JSON is YAML as well.
    document = {"fixtures": {"areas": [{"name": area} for area in areas], "entities": entities}}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _first(entity: dict[str, Any]) -> str:
    return _FIRST[entity["domain"]]


def _id(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower())


def _extra(entity: dict[str, Any]) -> dict[str, Any]:
    match entity["domain"]:
        case "light" if entity.get("light_supports_color"):
            return _COLOR
        case "light" if entity.get("light_supports_brightness"):
            return _BRIGHT
        case "light":
            return _PLAIN
        case "fan":
            return _SPEED
        case "cover":
            return _POSITION
        case _:
            return {}
