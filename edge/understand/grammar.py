"""The grammar tier: Home Assistant's sentence templates, with lists filled from the devices that exist now.

Templates: https://github.com/OHF-Voice/intents (CC BY 4.0); matched by hassil.
"""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hassil import Intents
from hassil.intents import RangeSlotList, SlotList
from hassil.util import merge_dict
from home_assistant_intents import get_intents

from edge.devices import Device
from edge.errors import SettingsError
from edge.intents import Origin, Understanding
from edge.ports import Inventory, Sayable, Vocabulary
from edge.understand.automaton import Automaton
from edge.understand.house_lists import Lists
from edge.understand.phrasing import Phrasing, phrasing_of
from edge.understand.sentence_files import Known, Sentences, read_sentences
from edge.understand.speech import Sayings, Speech

_OURS: Final = Path(__file__).parent / "sentences"
_HEARD: Final = "lights"
"""The file of them that leads the recogniser too."""
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
    ) -> None:
        """``intents``: names of the intents that some skill takes, None for all that there are sentences for; others
        are heard, but not understood.

        ``own``: files with sentences of the person's own, all of which are understood; ``alone``: nothing but these.
        ``skills``: files with sentences of skills, ``vocabularies``: who knows the names that people gave, for lists of
        those files.

        Raises SettingsError when there are no sentences for ``language``.
        """
        self._house, self._vocabularies = house, vocabularies
        self._language = language
        everything = _no_sentences(language) if alone else _sentences(language)
        heard = _no_sentences(language) if alone else _sentences(language, _HEARD)
        merge_dict(everything, dict(read_sentences(skills, language, _known(everything)).content))
        further = read_sentences(own, language, _known(everything))
        merge_dict(heard, copy.deepcopy(dict(further.content)))
        self._heard = Intents.from_dict(heard)
        merge_dict(everything, dict(further.content))
        _keep_apart(everything.get("lists", {}))
        for given in (name for each in vocabularies for name in each.names()):
            # Their values come later: none of them is certain to be said.
            everything["lists"][given] = {"values": []}
        self._everything = Intents.from_dict(everything)
        _tell_apart(self._everything, language)
        wanted = set(everything["intents"]) if intents is None else {*intents, *further.intents}
        understood = {name: intent for name, intent in self._everything.intents.items() if name in wanted}
        self._sayings = Sayings.of(replace(self._everything, intents=understood))
        self._phrasing = Phrasing() if alone else phrasing_of(language)
        self._revision: tuple[int, ...] = ()
        self._speech = self._of_the_house()
        self._sayable: Automaton | None = None
        # hassil parses templates when they are first tried, which takes ten times as long as trying them.
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
            self._sayable = Automaton(self._heard, speech.lists.lists)
        return self._sayable.start

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


def _tell_apart(intents: Intents, language: str) -> None:
    """Keep ranges that are multiplied out of hassil's memory of number words, which would mix them with others.

    It remembers the words of a range by its language, bounds and step alone: "down by twenty" would be up, if "up by
    twenty" was said before.
    """
    blocks = (block for intent in intents.intents.values() for block in intent.data)
    for lists in (intents.slot_lists, *(block.slot_lists for block in blocks)):
        for values in lists.values():
            if isinstance(values, RangeSlotList) and values.multiplier is not None:
                values.words_language = f"{language}-times{values.multiplier:g}"


def own_sentences(own: Sequence[Path], language: str) -> Sentences:
    """The person's sentences in the files ``own``, and what is wrong with them. Raises SettingsError."""
    return read_sentences(own, language, _known(_sentences(language)))


def _no_sentences(language: str) -> dict[str, Any]:
    return {"language": language, "intents": {}}


def _sentences(language: str, ours: str = "*") -> dict[str, Any]:
    """Home Assistant's sentences, and of ours that it lacks those in the files ``ours``."""
    sentences = get_intents(language)
    if sentences is None:
        raise SettingsError(
            f"there are no sentences for the language {language!r}",
            "set understand.language to a code such as en, de, fr, es, nl or it",
            permanent=True,
        )
    further = sorted((_OURS / language.split("-", maxsplit=1)[0]).glob(f"{ours}.yaml"))
    merge_dict(sentences, dict(read_sentences(further, language, _known(sentences)).content))
    return sentences


def _keep_apart(lists: Mapping[str, Any]) -> None:
    """Give each range with a multiplier bounds of its own.

    hassil keeps numbers in words by bounds alone, for the whole process: "ten" of "volume down by ten", which is -10,
    would be a brightness of -10 from then on.
    """
    multiplied = [each["range"] for each in lists.values() if "multiplier" in each.get("range", {})]
    for number, bounds in enumerate(multiplied, start=1):
        bounds["to"] = int(bounds["to"]) + number


def _known(sentences: Mapping[str, Any]) -> Known:
    lists = {"name", "area", "floor", *sentences.get("lists", {})}
    return Known(frozenset(lists), frozenset(sentences.get("expansion_rules", {})))


def _lists(house: Inventory, vocabularies: Sequence[Vocabulary]) -> Lists:
    names = [
        (name, device.name, _device_context(device))
        for device in house.devices()
        for name in (device.name, *device.aliases)
    ]
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
