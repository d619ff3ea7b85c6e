"""Which of the house's devices, areas and floors a sentence names, also where it does so nearly."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from edge.devices import Device
from edge.ports import Inventory

_NEAR: Final = 0.85
"""Least likeness of what was said and a name."""
_LONGEST: Final = 5
"""Words of the longest name that is looked for."""
_SHORT: Final = 4
"""Letters up to which a name must be said exactly: one that is wrong makes another word."""
_ROOMS: Final = re.compile(
    r"\b((?:dining|guest|laundry|living|kids|family|bed|bath) room|attic|backyard|balcony|basement|bathroom|bedroom"
    r"|cellar|conservatory|corridor|den|driveway|foyer|garage|garden|hallway|hall|kitchen|landing|lounge|nursery|office|pantry"
    r"|patio|porch|shed|study|terrace|toilet|yard)s?\b"
)
"""Rooms that people speak of, whether this house has them or not."""
_OF_ALL: Final = re.compile(r"\b(all|every|everywhere|everything|whole|entire|house|home|apartment|flat)\b")
_SILENT: Final = frozenset(
    "a an the my our your this that these those to of in on at and or is are it its it's me us you i i'm i'd "
    "please can could would will want need like have get got make sure turn switch put shut set power flip "
    "cut kill start stop run change let be for with from off up down out all any some more less bit little "
    "now right here there hey okay ok go ahead just again too so not no do does don't light lights lamp lamps "
    "lighting bulb bulbs bright brighter dim dimmer dark darker color colour plug plugs socket sockets outlet "
    "outlets switches smart device devices room rooms house home everything activate deactivate enable "
    "disable percent degrees thanks quickly last first".split()
)
"""Words that don't tell one thing from another."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a sentence names."""

    devices: tuple[Device, ...]
    """Whose name was said, whole or nearly; several when they share it or several were named."""
    partly: tuple[Device, ...]
    """Of whose names the sentence has the most telling words; empty where ``devices`` is not."""
    area: str | None
    floor: str | None
    nowhere: str | None
    """A room that was named and that the house does not have."""
    everywhere: bool
    """Whether all of the house was meant."""
    likeness: float
    """Of the name that was said least rightly, 0–1."""
    place_words: frozenset[str]
    """Those of the sentence that stand for the area and the floor."""
    name_words: frozenset[str]
    """Those that stand for ``devices``."""

    def words(self, domains: Collection[str] | None = None) -> frozenset[str]:
        """Words of the sentence that stand for places and for devices of ``domains``, and those of their names.

        A garage door accounts for no "garage" where a fan is spoken of. Without ``domains``: for all devices.
        """
        known = [each for each in (*self.devices, *self.partly) if domains is None or each.domain in domains]
        own = self.name_words if any(each in self.devices for each in known) else frozenset()
        return self.place_words | own | frozenset(_words(*_called(known)))


def mentions(said: str, house: Inventory) -> Mentions:
    """``said``: in small letters, without signs."""
    words = said.split()
    stretches = [
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1)
    ]
    areas = {name: area for area, further in house.areas().items() for name in (area, *further)}
    area, area_likeness, area_words = _nearest(stretches, areas)
    floors = {name: known for known in house.floors() for name in _floor(known)}
    floor, floor_likeness, floor_words = _nearest(stretches, floors)
    names: dict[str, list[Device]] = {}
    for device in house.devices():
        for known in device.names:
            names.setdefault(known, []).append(device)
    name, likeness, name_words = _nearest(stretches, {known: known for known in names})
    # "Kitchen" alone is the room, also where a device is called no more than that.
    named = tuple(names[name]) if name is not None and name_words != area_words else ()
    if named and area is not None and area_words in name_words:
        # "Kitchen light" names the device, and its room only by the way.
        area = None
    partly = () if named else _partly(words, house.devices(), area)
    return Mentions(
        devices=named,
        partly=partly,
        area=area,
        floor=floor,
        nowhere=room[1] if area is None and not named and (room := _ROOMS.search(said)) else None,
        everywhere=_OF_ALL.search(said) is not None,
        likeness=min(
            likeness if named else 1.0,
            area_likeness if area is not None else 1.0,
            floor_likeness if floor is not None else 1.0,
        ),
        place_words=frozenset(_words(area_words, floor_words)),
        name_words=frozenset(_words(name_words)),
    )


def _called(devices: Iterable[Device]) -> Iterator[str]:
    for device in devices:
        yield from (device.name, device.area or "", *device.aliases)


def _words(*names: str) -> Iterator[str]:
    for name in names:
        for word in name.lower().split():
            yield from (word, word.removesuffix("s"))


def _nearest(stretches: Sequence[str], names: Mapping[str, str]) -> tuple[str | None, float, str]:
    """What the nearest of ``names`` stands for, its likeness, and the words that were said for it; longest first."""
    if not stretches or not names:
        return None, 0.0, ""
    keys = list(names)
    plain = [_joined(key) for key in keys]
    alike = cdist([_joined(stretch) for stretch in stretches], plain, scorer=Levenshtein.normalized_similarity)
    best: tuple[float, int, str, str] | None = None
    for row, stretch in zip(alike, stretches, strict=True):
        place = int(row.argmax())
        likeness = float(row[place])
        if likeness < (_NEAR if len(plain[place]) > _SHORT else 1.0):
            continue
        ranked = (round(likeness, 2), len(stretch), keys[place], stretch)
        if best is None or ranked[:2] > best[:2]:
            best = ranked
    return (names[best[2]], best[0], best[3]) if best else (None, 0.0, "")


def _partly(words: Sequence[str], devices: Iterable[Device], area: str | None) -> tuple[Device, ...]:
    telling = {_singular(word) for word in words} - _SILENT
    if area is not None:
        telling -= {_singular(word) for word in area.lower().split()}
    scored = []
    for device in devices:
        own = {_singular(word) for name in device.names for word in name.lower().split()}
        if device.area is not None:
            own -= {_singular(word) for word in device.area.lower().split()}
        if common := telling & own:
            scored.append((len(common), device))
    most = max((count for count, _ in scored), default=0)
    return tuple(device for count, device in scored if count == most)


def _floor(floor: str) -> tuple[str, ...]:
    """How a floor is called: "first" is also "first floor"."""
    name = floor.lower()
    return (name,) if name.endswith(("floor", "stairs")) else (name, f"{name} floor")


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > _SHORT else word


def _joined(name: str) -> str:
    """Without what is heard no more than a space is: "living room", "livingroom", "the bedrooms"."""
    return re.sub(r"\W|_", "", re.sub(r"^(the|my|our) ", "", name.lower())).removesuffix("s")
