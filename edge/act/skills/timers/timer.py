"""What a timer is, and which one a sentence means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.act.spans import parse_span
from edge.devices import same_name
from edge.intents import SlotValue

MOST: Final = 50
"""Timers at a time."""
LONGEST_S: Final = 100 * 3600 + 3600
_EVERY: Final = frozenset({"all", "every", "each", "both", "any", "all the", "all my", "all of the", "all of my"})
_ARTICLES: Final = ("the ", "my ", "a ", "an ", "our ")
_ORDINALS: Final = {"first": 0, "next": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}


@dataclass(frozen=True, slots=True)
class Timer:
    """One that runs, is paused, or rings."""

    id: str
    name: str | None
    """As it was said, without article."""
    area: str | None
    """The room it was started from."""
    length_s: float
    """What it was set to."""
    ends: float | None
    """When it is over, on the clock of elapsed time; None while it is paused."""
    left_s: float
    """What is left of it while it is paused."""

    def left(self, elapsed: float) -> float:
        """Seconds until it is over, 0 when it is."""
        return self.left_s if self.ends is None else max(0.0, self.ends - elapsed)


def meant(slots: Mapping[str, SlotValue], timers: Sequence[Timer]) -> list[Timer]:
    """Those of ``timers`` (the next to end first) that fit name, area and starting length."""
    found = list(timers)
    if (length := span_of(slots, "start_")) is not None:
        found = [timer for timer in found if timer.length_s == length]
    if (area := slots.get("area")) is not None:
        found = [timer for timer in found if same_name(timer.area, area)]
    if (name := slots.get("name")) is not None:
        found = named(bare(str(name)), found)
    return found


def named(name: str, timers: Sequence[Timer]) -> list[Timer]:
    """Those called ``name``, which may be a length as well ("ten minute"), an ordinal, or a room."""
    if name in _EVERY:
        return list(timers)
    for fits in (
        lambda timer: same_name(timer.name, name),
        lambda timer: timer.length_s == parse_span(name),
        lambda timer: same_name(timer.area, name),
    ):
        if found := [timer for timer in timers if fits(timer)]:
            return found
    if name in _ORDINALS and timers:
        number = _ORDINALS[name]
        return [timers[number]] if number < len(timers) else []
    return []


def every(slots: Mapping[str, SlotValue]) -> bool:
    """Whether the name that was said means all."""
    return bare(str(slots.get("name", ""))) in _EVERY


def bare(name: str) -> str:
    """``name`` without article."""
    name = name.strip().casefold()
    return next((name.removeprefix(article) for article in _ARTICLES if name.startswith(article)), name)


def span_of(slots: Mapping[str, SlotValue], prefix: str = "") -> float | None:
    """The seconds in the slots hours, minutes and seconds; None when there are none of them."""
    units = {"hours": 3600, "minutes": 60, "seconds": 1}
    said = [float(slots[prefix + unit]) * seconds for unit, seconds in units.items() if prefix + unit in slots]
    return sum(said) if said else None
