"""What ``house.toml`` says, word for word, so that it can be merged with what the house's other assistants say.

Pure: what is written in the file now, what it said when it was last looked at, and what all have told, make a plan of
what is to be told and what is to be written. A person's pen outranks nothing and loses nothing: what was written is
told, what was struck out is taken back, what others said is written in.
"""

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from edge.home.house_file import HouseFile


class Part(StrEnum):
    """What a word is about."""

    NAME = "name"
    """A nickname of a device."""
    AREA = "area"
    """The room that a device is in."""
    ROOM = "room"
    """A further name of a room."""
    FLOOR = "floor"
    """The floor that a room is on."""


ONE_ONLY: Final = (Part.AREA, Part.FLOOR)
"""Parts of which a thing has one."""
OF_DEVICES: Final = (Part.NAME, Part.AREA)


class Word(NamedTuple):
    """One thing that is said of one device or room."""

    part: str
    thing: str
    """The key of the device in the file, or the name of the room."""
    name: str


@dataclass(frozen=True, slots=True)
class Told:
    """A word that some assistant of the house has told."""

    word: Word
    created: float
    """When, seconds since the epoch: of two rooms that one device is said to be in, the later counts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done."""

    tell: Mapping[str, Word]
    """By a new id."""
    take_back: Collection[str]
    """Ids."""
    written: Mapping[str, Word]
    """By id, what the file says from now on, before anything is written into it."""
    put_in: Collection[Word]
    strike_out: Collection[Word]


Keys = Callable[[str], tuple[str, ...]]
"""By which keys the file may know the device that has this one, the most lasting first."""


def words(file: HouseFile) -> list[Word]:
    """All that ``file`` says, in its order."""
    return [*_of_devices(file), *_of_rooms(file)]


def _of_devices(file: HouseFile) -> Iterator[Word]:
    for thing, device in file.devices.items():
        yield from (Word(Part.NAME, thing, name) for name in device.names)
        if device.area is not None:
            yield Word(Part.AREA, thing, device.area)


def _of_rooms(file: HouseFile) -> Iterator[Word]:
    for thing, room in file.areas.items():
        yield from (Word(Part.ROOM, thing, name) for name in room.names)
        if room.floor is not None:
            yield Word(Part.FLOOR, thing, room.floor)


def plan(
    file: Collection[Word], written: Mapping[str, Word], told: Mapping[str, Told], keys: Keys, new: Callable[[], str]
) -> Plan:
    """``written``: what the file said, by id; ``told``: what all have told, by id; ``new`` makes an id."""
    compare = _Compare(keys)
    winners = compare.winners(told)
    now: dict[str, Word] = {}
    take_back: set[str] = set()
    for ident, word in written.items():
        if (same := compare.find(word, file)) is not None:
            now[ident] = same
        elif ident in winners:
            # Struck out by hand; also what it hid must not come up in its place.
            take_back |= {other for other, each in told.items() if compare.rival(each.word, word)}
    live = {ident: each for ident, each in told.items() if ident not in take_back}
    tell: dict[str, Word] = {}
    for word in file:
        if word in now.values():
            continue
        # Not the room of before that another outdid: who writes it again means it.
        alike = [ident for ident in live if ident in winners and compare.same(live[ident].word, word)]
        for ident in alike or [new()]:
            now[ident] = word
            if not alike:
                tell[ident] = compare.lasting(word)
    winners = compare.winners({**live, **{ident: Told(word, float("inf")) for ident, word in tell.items()}})
    wanted = list(winners.values())[::-1]  # in the order in which they were told
    strike_out = [word for ident, word in now.items() if not any(compare.same(word, each) for each in wanted)]
    put_in = [word for word in wanted if compare.find(word, file) is None]
    return Plan(tell, take_back, now, put_in, strike_out)


class _Compare:
    """Words of devices that are known by several keys."""

    def __init__(self, keys: Keys) -> None:
        # Asked for each pair of words, and each time all devices would be looked through.
        self._keys = functools.cache(keys)

    def same(self, one: Word, other: Word) -> bool:
        """Whether they say the same."""
        return self._same_thing(one, other) and _alike(one.name, other.name)

    def rival(self, one: Word, other: Word) -> bool:
        """Whether they say the same, or only one of them can hold."""
        return self._same_thing(one, other) and (one.part in ONE_ONLY or _alike(one.name, other.name))

    def find(self, word: Word, among: Collection[Word]) -> Word | None:
        """The one that says the same."""
        if word in among:
            return word
        return next((each for each in among if self.same(each, word)), None)

    def lasting(self, word: Word) -> Word:
        """With the key by which other assistants know the device, too."""
        return word._replace(thing=self._keys(word.thing)[0]) if word.part in OF_DEVICES else word

    def winners(self, told: Mapping[str, Told]) -> dict[str, Word]:
        """Those that hold: all names, and the latest of rooms and floors."""
        held: dict[str, Word] = {}
        for ident, each in sorted(told.items(), key=lambda item: (item[1].created, item[0]), reverse=True):
            word = each.word
            if word.part not in ONE_ONLY or not any(self.rival(word, other) for other in held.values()):
                held[ident] = word
        return held

    def _same_thing(self, one: Word, other: Word) -> bool:
        if one.part != other.part:
            return False
        if one.part not in OF_DEVICES:
            return _alike(one.thing, other.thing)
        return one.thing == other.thing or bool({*self._keys(one.thing)} & {*self._keys(other.thing)})


def _alike(one: str, other: str) -> bool:
    return one.casefold().strip() == other.casefold().strip()
