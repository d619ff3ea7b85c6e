"""What is put off: the intents as they were understood, in the form in which they are kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from edge.intents import Intent

_OPPOSITE: Final[Mapping[str, str]] = {
    "HassTurnOn": "HassTurnOff",
    "HassTurnOff": "HassTurnOn",
    "HearthMute": "HearthUnmute",
    "HearthUnmute": "HearthMute",
    "HassVacuumStart": "HassVacuumReturnToBase",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """Something to be done later."""

    said: str
    """The command, as it was said."""
    intents: tuple[Intent, ...]
    for_s: float | None = None
    """So many seconds after it is done it is undone."""
    undoes: bool = False
    """It ends what ``said`` began."""
    area: str | None = None
    """Where it was said."""
    language: str = "en"
    """ISO 639-1."""

    @property
    def label(self) -> str:
        """The command with the name of what it is about, where it was only called it."""
        name = next((str(each.slots["name"]) for each in self.intents if "name" in each.slots), "")
        return self.said if not name or name.casefold() in self.said.casefold() else f"{self.said}, {name}"

    def does(self, intents: Sequence[Intent]) -> bool:
        """Whether this is what ``intents`` would do."""
        return [(each.name, dict(each.slots)) for each in self.intents] == [
            (each.name, dict(each.slots)) for each in intents
        ]

    def kept(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read(kept: str) -> Planned:
    """What :meth:`Planned.kept` wrote."""
    content: dict[str, Any] = json.loads(kept)
    intents = tuple(Intent(**{**each, "later": ()}) for each in content.pop("intents"))
    return Planned(intents=intents, **content)


def opposite(intents: Sequence[Intent]) -> tuple[Intent, ...] | None:
    """What ends ``intents``, in reverse order; None where that depends on how it was before."""
    if not all(intent.name in _OPPOSITE for intent in intents):
        return None
    return tuple(replace(intent, name=_OPPOSITE[intent.name]) for intent in reversed(intents))
