"""The grammar tier: Home Assistant's sentence templates, with lists filled from the devices that exist now.

Templates: https://github.com/OHF-Voice/intents (CC BY 4.0); matched by hassil.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hassil import Intents
from hassil.intents import SlotList, TextSlotList
from hassil.models import MatchEntity
from hassil.recognize import RecognizeResult, recognize_best
from hassil.util import merge_dict
from home_assistant_intents import get_intents

from edge.devices import Device
from edge.errors import SettingsError
from edge.intents import Intent, Origin, SlotValue, Tier, Understanding
from edge.ports import Inventory, Sayable
from edge.understand.automaton import Automaton
from edge.understand.sentence_files import Known, Sentences, read_sentences

_OURS: Final = Path(__file__).parent / "sentences"
_TEMPLATE: Final = frozenset("[](|)<>{}")
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
        alone: bool = False,
    ) -> None:
        """``intents``: names of the intents that some skill takes, None for all that there are sentences for; others
        are heard, but not understood.

        ``own``: files with sentences of the person's own, all of which are understood; ``alone``: nothing but these.

        Raises SettingsError when there are no sentences for ``language``.
        """
        self._house = house
        self._language = language
        everything: dict[str, Any] = {"language": language, "intents": {}} if alone else _sentences(language)
        further = read_sentences(own, language, _known(everything))
        merge_dict(everything, dict(further.content))
        self._everything = Intents.from_dict(everything)
        wanted = set(everything["intents"]) if intents is None else {*intents, *further.intents}
        understood = {name: intent for name, intent in self._everything.intents.items() if name in wanted}
        self._intents = replace(self._everything, intents=understood)
        self._revision: int | None = None
        self._lists: dict[str, SlotList] = {}
        self._sayable: Automaton | None = None
        # hassil parses templates when they are first tried, which takes ten times as long as trying them.
        self.understand("turn on the light", Origin(""))

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """The intent of ``text``, or None when no template fits it as a whole."""
        if not text or len(text) > MAX_CHARACTERS:
            return None
        result = recognize_best(
            text,
            self._intents,
            slot_lists=self._current_lists(),
            intent_context=_context(origin),
            language=self._language,
            best_slot_name="name",
        )
        return None if result is None else Understanding(_intent(result), Tier.GRAMMAR, _confidence(result))

    def sayable(self) -> Sayable:
        """The start of everything that can be said in this house now; another one when the house has changed."""
        lists = self._current_lists()
        if self._sayable is None:
            self._sayable = Automaton(self._everything, lists)
        return self._sayable.start

    @property
    def templates(self) -> Intents:
        """All sentences, whatever their intent, with their rules and lists."""
        return self._everything

    def lists(self) -> Mapping[str, SlotList]:
        """The names, areas and floors of the house now."""
        return self._current_lists()

    def _current_lists(self) -> dict[str, SlotList]:
        if self._revision != self._house.revision:
            self._revision = self._house.revision
            self._lists = _lists(self._house)
            self._sayable = None
        return self._lists


def own_sentences(own: Sequence[Path], language: str) -> Sentences:
    """The person's sentences in the files ``own``, and what is wrong with them. Raises SettingsError."""
    return read_sentences(own, language, _known(_sentences(language)))


def _sentences(language: str) -> dict[str, Any]:
    """Home Assistant's sentences, and ours that it lacks."""
    sentences = get_intents(language)
    if sentences is None:
        raise SettingsError(
            f"there are no sentences for the language {language!r}",
            "set understand.language to a code such as en, de, fr, es, nl or it",
            permanent=True,
        )
    further = sorted((_OURS / language.split("-", maxsplit=1)[0]).glob("*.yaml"))
    merge_dict(sentences, dict(read_sentences(further, language, _known(sentences)).content))
    return sentences


def _known(sentences: Mapping[str, Any]) -> Known:
    lists = {"name", "area", "floor", *sentences.get("lists", {})}
    return Known(frozenset(lists), frozenset(sentences.get("expansion_rules", {})))


def _lists(house: Inventory) -> dict[str, SlotList]:
    names = [
        (name, device.name, _device_context(device))
        for device in house.devices()
        for name in (device.name, *device.aliases)
    ]
    areas = [(name, area) for area, further in house.areas().items() for name in (area, *further)]
    floors = [(floor, floor) for floor in house.floors()]
    return {
        "name": _text_list("name", names),
        "area": _text_list("area", areas),
        "floor": _text_list("floor", floors),
    }


def _text_list(list_name: str, values: Sequence[tuple[Any, ...]]) -> SlotList:
    # Names come from the broker: they are words to match, never templates to expand.
    return TextSlotList.from_tuples(values, allow_template=False, name=list_name)


def _device_context(device: Device) -> dict[str, Any]:
    context = {"domain": device.domain}
    if device.device_class:
        context["device_class"] = device.device_class
    return context


def _context(origin: Origin) -> dict[str, Any]:
    """The room that is meant when none is named."""
    return {"area": {"value": origin.area, "text": origin.area}} if origin.area else {}


def _intent(result: RecognizeResult) -> Intent:
    slots = {name: _slot(entity) for name, entity in result.entities.items()}
    domain = result.context.get("domain")
    return Intent(
        name=result.intent.name,
        slots=slots,
        form=result.response or "default",
        domain=domain if "name" in slots and isinstance(domain, str) else None,
    )


def _slot(entity: MatchEntity) -> SlotValue:
    value: SlotValue = entity.value
    if isinstance(value, str):
        # The value of a template, as "[some] milk", is what was said of it.
        return (entity.text_clean if _TEMPLATE.intersection(value) else value).strip()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _confidence(result: RecognizeResult) -> float:
    """A template matched the whole sentence; one that is little more than a name says less of what is wanted."""
    return 0.99 if result.text_chunks_matched > 1 else 0.9
