"""The lists that templates take from the house: names, areas, floors, and what people gave names to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hassil.expression import TextChunk
from hassil.intents import SlotList, TextSlotList, TextSlotValue
from hassil.util import normalize_for_matching

from edge.understand.reach import Said, Values, folded

_NAME: Final = "name"


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of the house as it is now."""

    lists: Mapping[str, SlotList]
    found: Mapping[str, Values]
    """By list: what hassil takes for a value, found by what a text goes on with."""
    contexts: Mapping[str, Sequence[Mapping[str, Any]]]
    """By the name of a device as it is compared: of what kinds the devices of that name are."""

    def values(self, name: str) -> Iterator[tuple[str, str]]:
        """What is said of the list ``name``, and what it means."""
        found = self.lists.get(name)
        for value in found.values if isinstance(found, TextSlotList) else ():
            if isinstance(value.text_in, TextChunk):
                yield value.text_in.text.strip(), str(value.value_out)

    def kinds(self, said: Said) -> Iterator[Mapping[str, Any]]:
        """Of what kinds the devices are whose names stand in ``said``."""
        for text in said.forms:
            for value in self.found[_NAME].within(text) if _NAME in self.found else ():
                yield from self.contexts[value]

    def but_for(self, said: str) -> "Lists":
        """As if no device were called ``said``."""
        names = self.lists.get(_NAME)
        if not isinstance(names, TextSlotList):
            return self
        others = [value for value in names.values if not _is_called(value, said)]
        return replace(self, lists={**self.lists, _NAME: replace(names, values=others)})

    @classmethod
    def of(cls, values: Mapping[str, Iterable[tuple[Any, ...]]]) -> "Lists":
        """By list: tuples of what is said, what it means and (maybe) a context. What is said is no template."""
        lists = {
            name: TextSlotList.from_tuples(_with_plain(entries), allow_template=False, name=name)
            for name, entries in values.items()
        }
        contexts: dict[str, list[Mapping[str, Any]]] = {}
        for said, context in _said(lists.get(_NAME)):
            contexts.setdefault(folded(said).lstrip(), []).append(context)
        return cls(
            lists,
            {name: Values(said for said, _ in _said(entries)) for name, entries in lists.items()},
            contexts,
        )


def _said(values: TextSlotList | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The text of each value as hassil matches it, and its context."""
    for value in values.values if values is not None else ():
        if isinstance(value.text_in, TextChunk):
            yield value.text_in.text, value.context or {}


def _is_called(value: TextSlotValue, said: str) -> bool:
    return isinstance(value.text_in, TextChunk) and value.text_in.text.strip().casefold() == said.strip().casefold()


def _with_plain(entries: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Names as they are, and as hassil leaves them of a text: "Mr. Coffee" without its full stop."""
    for entry in entries:
        yield entry
        plain = " ".join(normalize_for_matching(entry[0]).text.split())
        if plain and plain != entry[0]:
            yield (plain, *entry[1:])
