"""What devices and rooms are called, and where they are. A name means one thing only: it is refused to a second."""

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from edge.act.targets import no_such_device, resolve, which_one, without
from edge.devices import Device, same_name
from edge.dialogue import THIS
from edge.errors import SettingsError
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question, Understanding
from edge.ports import History, House, Interpreter, Naming

_LONGEST: Final = 40
_LETTERS: Final = 2
"""Fewer make no name that is told from others."""
_SURE: Final = 0.95
"""Confidence of a sentence that means something just as it is."""
_ARTICLES: Final = ("the ", "a ", "an ", "my ", "our ")
_ANY: Final = "any"


class Names:
    """Takes HearthName, HearthPlace, HearthFloor and HearthForgetName."""

    deadline_s = 5.0

    def __init__(self, house: House, naming: Naming | None, history: History, interpreter: Interpreter) -> None:
        """``naming`` None: nothing can be changed, and that is said."""
        self._house, self._naming, self._history, self._interpreter = house, naming, history, interpreter
        self._does: Mapping[str, Callable[[Naming, Intent, Origin], Awaitable[Outcome]]] = {
            "HearthName": self._name,
            "HearthPlace": self._place,
            "HearthFloor": self._lift,
            "HearthForgetName": self._forget,
        }
        self.intents = frozenset(self._does)

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """What was asked, done and on disk. Raises StorageError."""
        if self._naming is None:
            return _failed("naming_cannot")
        try:
            return await self._does[intent.name](self._naming, intent, origin)
        except SettingsError:
            # Somebody edits the file, and has not finished: nothing is written over that.
            return _failed("naming_file")

    async def _name(self, naming: Naming, intent: Intent, origin: Origin) -> Outcome:
        device = self._meant(intent, origin)
        if isinstance(device, Outcome):
            return device
        name = _plain(str(intent.slots.get("new", "")))
        if not name:
            return _asks(intent, "new", Phrase("naming_what", {"device": device.name}))
        means = functools.partial(self._interpreter.understand, origin=origin)
        if (refused := objection(name, device, self._house, means)) is not None:
            return refused
        await naming.call(device.id, name)
        return _done("naming_called", device=device.name, name=name)

    async def _place(self, naming: Naming, intent: Intent, origin: Origin) -> Outcome:
        device = self._meant(intent, origin)
        if isinstance(device, Outcome):
            return device
        area = self._area(str(intent.slots["place"]))
        if device.area is not None and same_name(device.area, area):
            return _done("naming_there", device=device.name, area=area)
        await naming.place(device.id, area)
        return _done("naming_placed", device=device.name, area=area)

    async def _lift(self, naming: Naming, intent: Intent, origin: Origin) -> Outcome:
        area, said = self._area(str(intent.slots["area"])), str(intent.slots["level"])
        floor = next((known for known in self._house.floors() if same_name(known, said)), said)
        await naming.lift(area, floor)
        return _done("naming_lifted", area=area, floor=floor)

    async def _forget(self, naming: Naming, intent: Intent, origin: Origin) -> Outcome:
        name = _plain(str(intent.slots["old"]))
        bearing = [
            device for device in self._house.devices() if any(same_name(alias, name) for alias in device.aliases)
        ]
        forgotten = [device for device in bearing if await naming.uncall(device.id, name)]
        if forgotten:
            return _done("naming_forgotten", device=forgotten[0].name, name=name)
        own = any(same_name(device.name, name) for device in self._house.devices())
        return _failed("naming_own" if own or bearing else "naming_unknown", name=name)

    # -- which one ------------------------------------------------------------------------------------------------

    def _meant(self, intent: Intent, origin: Origin) -> Device | Outcome:
        """The one device that is spoken of; else what to say or ask instead."""
        if "name" in intent.slots:
            targets = resolve(intent, origin, self._house.devices(), self._kinds())
            if targets.ambiguous:
                return which_one(targets, intent)
            return targets.devices[0] if targets.devices else no_such_device(intent)
        kind = str(intent.slots.get(THIS, _ANY))
        found = [device for device in self._spoken_of(origin) if kind in (_ANY, device.domain)]
        if not found and kind != _ANY:
            found = [device for device in self._house.devices() if device.domain == kind and device.area == origin.area]
        if len(found) == 1:
            return found[0]
        names = tuple(dict.fromkeys(device.name for device in found))
        say = Phrase("which_device", {"names": names}) if len(names) > 1 else Phrase("naming_which")
        return _asks(without(intent, THIS), "name", say, names if len(names) > 1 else ())

    def _spoken_of(self, origin: Origin) -> Sequence[Device]:
        """What the last sentence that was about devices was about."""
        devices = self._house.devices()
        for exchange in reversed(self._history.context(origin.session).exchanges):
            acted = {report.device for report in exchange.actions}
            if found := [device for device in devices if device.id in acted]:
                return found
            named = [each for each in exchange.intents if "name" in each.slots]
            if found := [device for each in named for device in resolve(each, origin, devices, self._kinds()).devices]:
                return found
        return ()

    def _kinds(self) -> frozenset[str]:
        return frozenset(device.domain for device in self._house.devices())

    def _area(self, said: str) -> str:
        """A room as it is known, else as it was said."""
        for area, names in self._house.areas().items():
            if any(same_name(known, said) for known in (area, *names)):
                return area
        return said[:1].upper() + said[1:]


def objection(name: str, device: Device, house: House, means: Callable[[str], Understanding | None]) -> Outcome | None:
    """Why ``device`` can't be called ``name``; None when it can. ``means``: what a sentence means to the grammar."""
    if len(name) > _LONGEST or sum(letter.isalpha() for letter in name) < _LETTERS:
        return _failed("naming_bad")
    bearing = [each for each in house.devices() if each.is_called(name)]
    if any(each.id == device.id for each in bearing):
        return _done("naming_has_it", device=device.name, name=name)
    if bearing:
        return _failed("naming_taken", name=name, other=bearing[0].name, area=bearing[0].area)
    areas = {known for area, names in house.areas().items() for known in (area, *names)}
    if any(same_name(known, name) for known in (*areas, *house.floors())):
        return _failed("naming_is_room", name=name)
    meaning = means(name)
    if meaning is not None and meaning.confidence >= _SURE:
        return _failed("naming_means", name=name)
    return None


def _plain(said: str) -> str:
    """``said`` as a name: without article, its first letter large."""
    name = " ".join(said.split()).strip(" ,.;:!?\"'")
    article = next((each for each in _ARTICLES if name.casefold().startswith(each)), "")
    name = name[len(article) :]
    return name[:1].upper() + name[1:]


def _asks(intent: Intent, slot: str, say: Phrase, choices: tuple[str, ...] = ()) -> Outcome:
    return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, slot, choices))


def _done(key: str, **values: object) -> Outcome:
    return Outcome(OutcomeKind.DONE, Phrase(key, values))


def _failed(key: str, **values: object) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phrase(key, values))
