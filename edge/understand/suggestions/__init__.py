"""What may be said to a device: sentences to show to a person, who can't guess what is understood.

They are only proposals: whether the grammar understands one in this house, it is to be asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Template
from typing import Final

import yaml

from edge.devices import Ability, Device

_FOLDER: Final = Path(__file__).parent


def languages() -> Sequence[str]:
    """Those that there are sentences in (ISO 639-1)."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def proposals(device: Device, language: str) -> Iterator[str]:
    """Sentences that may mean ``device``; none where nobody wrote any in ``language`` (ISO 639-1, maybe a region)."""
    names, taken = [*device.names], _choices(device)
    for number, (ability, pattern) in enumerate(_of(device, language)):
        values = {"name": names[number % len(names)], "area": device.area, "choice": taken.get(ability)}
        if all(value is not None or f"${key}" not in pattern for key, value in values.items()):
            yield Template(pattern).substitute(values)


def _of(device: Device, language: str) -> Iterator[tuple[Ability, str]]:
    known = _read(language[:2]) if language[:2] in languages() else {}
    by_ability = known.get(f"{device.domain}.{device.device_class}") or known.get(device.domain) or {}
    for ability, patterns in by_ability.items():
        if ability in device.abilities:
            yield from ((Ability(ability), pattern) for pattern in patterns)


@cache
def _read(language: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    read: Mapping[str, Mapping[str, Sequence[str]]]
    read = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return read


def _choices(device: Device) -> Mapping[Ability, str | None]:
    """By ability, a word that it takes, as one says it."""
    words = {**device.choices, Ability.MODE: device.options, Ability.OPTION: device.options}
    return {
        ability: next((word.replace("_", " ") for word in those if word not in ("off", "on")), None)
        for ability, those in words.items()
    }
