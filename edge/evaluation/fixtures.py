"""Houses that sentences speak about: areas, floors and entities as Home Assistant's test fixtures describe them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from edge.devices import Ability, Device, DeviceState
from edge.evaluation.clips import EvaluationError

_SWITCHED: Final = frozenset({Ability.STATE})
ABILITIES: Final[Mapping[str, frozenset[Ability]]] = {
    "light": _SWITCHED | {Ability.BRIGHTNESS, Ability.COLOR, Ability.COLOR_TEMPERATURE},
    "fan": _SWITCHED | {Ability.PERCENTAGE},
    "cover": _SWITCHED | {Ability.POSITION},
    "valve": _SWITCHED | {Ability.POSITION},
    "climate": frozenset({Ability.TEMPERATURE, Ability.MODE}),
    "humidifier": _SWITCHED | {Ability.HUMIDITY, Ability.MODE},
    **dict.fromkeys(("sensor", "binary_sensor"), frozenset({Ability.READ})),
}
"""What a device of that kind can do, unless told otherwise: everything; kinds that are not here are switched."""


@dataclass(frozen=True, slots=True)
class Furniture:
    """All that is in a house, and how it is."""

    devices: tuple[Device, ...] = ()
    states: Mapping[str, DeviceState] = field(default_factory=dict)
    """By ``Device.id``."""
    areas: tuple[str, ...] = ()
    floors: tuple[str, ...] = ()


class FixtureHouse:
    """An Inventory that never changes."""

    revision = 1

    def __init__(self, path: Path) -> None:
        """``path``: YAML with ``fixtures``, see :func:`furniture`. Raises EvaluationError."""
        self._furniture = read_furniture(path)

    def devices(self) -> Sequence[Device]:
        """All of them."""
        return self._furniture.devices

    def areas(self) -> Mapping[str, Sequence[str]]:
        """Without further names."""
        return dict.fromkeys(self._furniture.areas, ())

    def floors(self) -> Sequence[str]:
        """Names of floors."""
        return self._furniture.floors


def read_furniture(path: Path) -> Furniture:
    """What the YAML file ``path`` says under ``fixtures``. Raises EvaluationError."""
    try:
        return furniture(yaml.safe_load(path.read_text(encoding="utf-8"))["fixtures"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise EvaluationError(f"{path} does not describe a house: {error}", "check --data") from error


def furniture(fixtures: Mapping[str, Any]) -> Furniture:
    """``fixtures``: ``{areas: [{name, floor?}], floors: [{name}], entities: [{name, domain, area?, state?,
    aliases?, options?, attributes?}]}``. Raises KeyError for what is missing.
    """
    areas = list(fixtures.get("areas") or ())
    entities = list(fixtures.get("entities") or ())
    on_floor = {str(area["name"]): area["floor"] for area in areas if area.get("floor")}
    devices = tuple(_device(entity, number, on_floor) for number, entity in enumerate(entities))
    named = [*(str(area["name"]) for area in areas), *(d.area for d in devices if d.area)]
    floors = [*(str(floor["name"]) for floor in fixtures.get("floors") or ()), *on_floor.values()]
    return Furniture(
        devices,
        {device.id: _state(entity) for device, entity in zip(devices, entities, strict=True)},
        tuple(dict.fromkeys(named)),
        tuple(dict.fromkeys(floors)),
    )


def _device(entity: Mapping[str, Any], number: int, on_floor: Mapping[str, str]) -> Device:
    domain, area = str(entity["domain"]), entity.get("area")
    attributes = entity.get("attributes") or {}
    return Device(
        id=f"{domain}.{number}",
        name=str(entity["name"]),
        domain=domain,
        area=area,
        floor=on_floor.get(str(area)),
        aliases=tuple(entity.get("aliases") or ()),
        abilities=ABILITIES.get(domain, _SWITCHED),
        device_class=attributes.get("device_class"),
        unit=attributes.get("unit_of_measurement"),
        options=tuple(entity.get("options") or ()),
    )


def _state(entity: Mapping[str, Any]) -> DeviceState:
    value = entity.get("state")
    known = {key: float(v) for key, v in (entity.get("attributes") or {}).items() if isinstance(v, int | float)}
    return DeviceState(None if value is None else str(value), known)
