"""The house that recorded commands speak about: areas and entities from a YAML file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from edge.devices import Device
from edge.evaluation.clips import EvaluationError


class FixtureHouse:
    """An Inventory that never changes."""

    revision = 1

    def __init__(self, path: Path) -> None:
        """``path``: YAML with ``fixtures: {areas: [{name}], floors: [{name}], entities: [{name, domain, area}]}``."""
        try:
            fixtures = yaml.safe_load(path.read_text(encoding="utf-8"))["fixtures"]
            self._areas = [str(area["name"]) for area in fixtures.get("areas", ())]
            self._floors = [str(floor["name"]) for floor in fixtures.get("floors", ())]
            self._devices = [_device(entity, number) for number, entity in enumerate(fixtures.get("entities", ()))]
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise EvaluationError(f"{path} does not describe a house: {error}", "check --data") from error

    def devices(self) -> Sequence[Device]:
        """All of them."""
        return self._devices

    def areas(self) -> Mapping[str, Sequence[str]]:
        """Without further names."""
        return dict.fromkeys(self._areas, ())

    def floors(self) -> Sequence[str]:
        """Names of floors."""
        return self._floors


def _device(entity: Mapping[str, Any], number: int) -> Device:
    domain = str(entity["domain"])
    return Device(f"{domain}.{number}", str(entity["name"]), domain, entity.get("area"))
