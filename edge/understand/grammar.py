"""The grammar tier: Home Assistant's sentence templates, with lists filled from the devices that exist now.

Templates: https://github.com/OHF-Voice/intents (CC BY 4.0); matched by hassil.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hassil import Intents
from hassil.intents import SlotList

from edge.devices import Device
from edge.intents import Origin, Understanding
from edge.ports import Inventory, Sayable, Vocabulary
from edge.understand.automaton import Automaton
from edge.understand.house_lists import Lists
from edge.understand.kept import kept_or_read
from edge.understand.phrasing import Phrasing, phrasing_of
from edge.understand.sources import Sources
from edge.understand.speech import Sayings, Speech

_MODAL: Final = frozenset({"climate", "humidifier", "water_heater"})
"""Kinds whose options are modes."""
MAX_CHARACTERS = 500
"""A longer text is no command; matching it would only cost time."""


class Grammar:
    """Recognises sentences about one house. The lists are rebuilt when the house's revision changes."""

    def __init__(
        self,
        house: Inventory,
        language: str,
        intents: Collection[str] | None,
        own: Sequence[Path] = (),
        *,
        skills: Sequence[Path] = (),
        alone: bool = False,
        vocabularies: Sequence[Vocabulary] = (),
        kept: Path | None = None,
    ) -> None:
        """``intents``: names of the intents that some skill takes, None for all that there are sentences for; others
        are heard, but not understood.

        ``own``: files with sentences of the person's own, all of which are understood; ``alone``: nothing but these.
        ``skills``: files with sentences of skills, ``vocabularies``: who knows the names that people gave, for lists of
        those files. ``kept``: a folder in which what was found out about all of them is kept for the next start.

        Raises SettingsError when there are no sentences for ``language``.
        """
        self._house, self._vocabularies = house, vocabularies
        self._language = language
        sources = Sources(
            language,
            None if intents is None else frozenset(intents),
            own,
            skills,
            [name for each in vocabularies for name in each.names()],
            alone,
        )
        read = sources.read() if kept is None else kept_or_read(sources, kept)
        self._everything, self._heard = read.everything, read.heard
        self._sayings = Sayings.of(read)
        self._phrasing = Phrasing() if alone else phrasing_of(language)
        self._revision: tuple[int, ...] = ()
        self._speech = self._of_the_house()
        self._sayable: Automaton | None = None
        # Templates are parsed when they are first tried, which takes ten times as long as trying them.
        self.understand("turn on the light", Origin(""))

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """The intents of ``text``, or None when they do not cover it as a whole."""
        if not text or len(text) > MAX_CHARACTERS:
            return None
        return self._current().understand(text, origin.area)

    def exactly(self, text: str, origin: Origin) -> Understanding | None:
        """Likewise, but names must be as they are: quick, where many a sentence is tried."""
        return self._current().exactly(text, origin.area) if len(text) <= MAX_CHARACTERS else None

    def sayable(self) -> Sayable:
        """The start of what leads the recogniser in this house now; another one when the house has changed.

        It is what people usually say: led by every paraphrase that is understood, it would be slow and too sure.
        """
        speech = self._current()
        if self._sayable is None:
            self._sayable = Automaton(self._heard.intents, speech.lists.lists)
        return self._sayable.start

    def renew(self) -> bool:
        """Take over what has changed in the house, before a sentence waits for it. Returns whether anything had."""
        before = self._speech
        if (speech := self._current()) is before:
            return False
        speech.warm()
        return True

    @property
    def templates(self) -> Intents:
        """All sentences, whatever their intent, with their rules and lists."""
        return self._everything

    def lists(self) -> Mapping[str, SlotList]:
        """The names, areas and floors of the house now."""
        return self._current().lists.lists

    def _current(self) -> Speech:
        revision = (self._house.revision, *(each.revision for each in self._vocabularies))
        if self._revision != revision:
            self._revision = revision
            self._speech = self._of_the_house()
            self._sayable = None
        return self._speech

    def _of_the_house(self) -> Speech:
        return Speech(
            self._sayings,
            self._phrasing,
            _lists(self._house, self._vocabularies),
            self._house.devices(),
            self._language,
        )


def _lists(house: Inventory, vocabularies: Sequence[Vocabulary]) -> Lists:
    names = [(name, device.name, _device_context(device)) for device in house.devices() for name in device.names]
    areas = [(name, area) for area, further in house.areas().items() for name in (area, *further)]
    floors = [(floor, floor) for floor in house.floors()]
    given = {
        name: [(value, value) for value in values] for each in vocabularies for name, values in each.names().items()
    }
    return Lists.of({**given, "name": names, "area": areas, "floor": floors, "choice": _choices(house.devices())})


def _choices(devices: Iterable[Device]) -> list[tuple[str, str]]:
    """The words that devices of the house take: effects, presets, modes, as people say them."""
    taken = {word for device in devices for words in device.choices.values() for word in words}
    taken |= {word for device in devices if device.domain in _MODAL for word in device.options}
    spoken = {word.replace("_", " ").replace("-", " ").casefold().strip() for word in taken}
    return [(word, word) for word in sorted(spoken - {""})]


def _device_context(device: Device) -> dict[str, Any]:
    context = {"domain": device.domain}
    if device.device_class:
        context["device_class"] = device.device_class
    return context
