"""A Homie device as it describes itself, whichever version it speaks."""

import re
from dataclasses import dataclass
from typing import Final

from edge.devices import Limits
from edge.home.parts import finite

_MAX_OPTIONS: Final = 200


@dataclass(frozen=True, slots=True)
class Property:
    """One value of a node."""

    id: str
    name: str
    datatype: str
    format: str
    settable: bool
    unit: str

    @property
    def words(self) -> frozenset[str]:
        """Of its id and its name."""
        return words_of(self.id) | words_of(self.name)

    @property
    def limits(self) -> Limits | None:
        """Of its format ``low:high`` or ``low:high:step``."""
        found = re.fullmatch(r"(-?[\d.]+):(-?[\d.]+)(?::([\d.]+))?", self.format)
        try:
            limits = Limits(*(finite(part) for part in found.groups() if part)) if found else None
        except ValueError:
            return None
        return limits if limits is not None and limits.low < limits.high else None

    @property
    def options(self) -> tuple[str, ...]:
        """Of an enum."""
        return tuple(part.strip() for part in self.format.split(",")[:_MAX_OPTIONS] if part.strip())

    @property
    def numeric(self) -> bool:
        """Whether it is a number."""
        return self.datatype in ("integer", "float")


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a device."""

    id: str
    name: str
    type: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A device."""

    base: str
    """Its topic."""
    name: str
    nodes: tuple[Node, ...]
    version: int
    """4 (for 3 as well) or 5."""
    mac: str = ""
    root: str | None = None
    """Topic of the device that it is away with."""


def words_of(text: str) -> frozenset[str]:
    """The words in a name, an id or a type: ``targetTemperature`` has two."""
    return frozenset(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).casefold()))
