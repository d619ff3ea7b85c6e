"""What is left out of a command: "turn off all the lights except the kitchen"."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from edge.intents import SlotValue
from edge.understand.commands import SURE, Reading, cut
from edge.understand.phrasing import Phrasing

_MANY: Final = frozenset(
    "HassTurnOn HassTurnOff HassLightSet HassSetPosition HassFanSetSpeed HassClimateSetTemperature".split()
)
"""Intents that take many devices at once."""

_KIND_AND_PLACE: Final = 2
_BEHIND: Final = 2
"""Words of a command that may follow its exception."""
_DOMAINS: Final = frozenset("light switch fan cover lock climate vacuum media_player".split())

Named = Mapping[str, tuple[str, str]]
"""By name in lower case: the slot (name, area or floor) that it belongs to, and the value."""


Nearly = Callable[[str], str | None]


class Exceptions:
    """Reads commands that leave something out."""

    def __init__(self, phrasing: Phrasing, named: Named, compound: Iterable[str], nearly: Nearly) -> None:
        """``compound``: names that hold a conjunction; ``nearly``: the name that a text nearly is, or None."""
        self._phrasing, self._named, self._compound, self._nearly = phrasing, named, compound, nearly

    def read(self, text: str, one: Callable[[str], Reading | None]) -> Reading | None:
        """``one`` reads a single command. None when nothing is left out, or it isn't known what."""
        found = self._phrasing.before_exception.search(text) if self._phrasing.before_exception else None
        if found is None:
            return None
        words = text[found.end() :].split()
        # "Turn all the lights except the kitchen off": what follows may belong to what comes before.
        for behind in range(min(_BEHIND, len(words) - 1) + 1):
            kept = len(words) - behind
            reading = self._split(" ".join((text[: found.start()], *words[kept:])), " ".join(words[:kept]), one)
            if reading is not None:
                return reading
        return None

    def _split(self, most: str, rest: str, one: Callable[[str], Reading | None]) -> Reading | None:
        """``most``: the command; ``rest``: what is left out of it."""
        parts = [rest[start:end] for start, end in cut(rest, self._phrasing.between, self._compound)]
        if any((command := one(part)) is not None and command.confidence >= SURE for part in parts):
            return None  # it ends before: "… except the kitchen, and lock the door"
        left_out = [self._place(part) for part in parts]
        everything = one(most) if parts and None not in left_out else None
        if everything is None or everything.intent.name not in _MANY or "name" in everything.intent.slots:
            return None
        slots: dict[str, SlotValue] = dict(everything.intent.slots)
        for kind, value in filter(None, left_out):
            before = slots.get(f"except_{kind}")
            slots[f"except_{kind}"] = f"{before}\n{value}" if before else value
        return replace(everything, intent=replace(everything.intent, slots=slots))

    def _place(self, text: str) -> tuple[str, str] | None:
        """What a part of the exception names: "the kitchen", "in the kitchen", "the kitchen lights", "the bed lamp"."""
        words = [word for word in self._phrasing.plain(text) if word]
        while words and (words[0] in self._phrasing.articles or words[0] in self._phrasing.filler):
            del words[0]
        while words and words[-1] in self._phrasing.afterthoughts:
            del words[-1]
        if (whole := " ".join(words)) in self._named:
            return self._named[whole]
        if len(words) > _KIND_AND_PLACE and words[0] in self._phrasing.kind_of and words[1] in self._phrasing.articles:
            return self._place(" ".join(words[1:]))
        without_kind = list(words)
        while without_kind and (
            without_kind[-1] in self._phrasing.kind_of or without_kind[-1] in self._phrasing.filler
        ):
            del without_kind[-1]
        if (bare := " ".join(without_kind)) in self._named:
            return self._named[bare]
        if not bare:
            domains = _DOMAINS.intersection(
                self._phrasing.kind_of[word] for word in words if word in self._phrasing.kind_of
            )
            return ("domain", next(iter(domains))) if len(domains) == 1 else None
        for said in (whole, bare):
            if (name := self._nearly(said)) is not None:
                return self._named[name.casefold()]
        return None
