"""hassil, led to the few templates that a text can belong to: it tries each on every text, which takes its time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from hassil import Intents
from hassil.intents import Intent, IntentData
from hassil.recognize import RecognizeResult, recognize_best

from edge.understand.candidates import Candidates
from edge.understand.house_lists import Lists
from edge.understand.needs import Needed

_REMEMBERED: Final = 2000
"""Chosen parts of blocks that are kept; then all are chosen anew."""


class Recognition:
    """All sentences of a grammar."""

    def __init__(self, intents: Intents, needed: Needed) -> None:
        """``needed``: what the templates of ``intents`` can't do without."""
        self._intents = intents
        self._blocks = [(name, data) for name, intent in intents.intents.items() for data in intent.data]
        self._candidates = Candidates(intents, needed)
        self._parts: dict[tuple[int, tuple[int, ...]], IntentData] = {}

    def best(self, text: str, house: Lists, area: str | None, language: str) -> RecognizeResult | None:
        """The best reading of ``text``, asked from ``area``; None when no template fits it as a whole."""
        bare = self._candidates.bare(text)
        found = self._tried(bare, house, area, language)
        # Free text is what was said, polite or not; and what is polite elsewhere may be what a template is about.
        if bare != text and (found is None or any(entity.is_wildcard for entity in found.entities_list)):
            return self._tried(text, house, area, language)
        return found

    def forget(self) -> None:
        """Another sentence, or another house, comes: of the last one nothing need be kept."""
        self._candidates.forget()

    @property
    def words(self) -> frozenset[str]:
        """Words, or parts of words, that some template can't do without."""
        return self._candidates.words

    def lacks_a_name(self, text: str, house: Lists) -> bool:
        """Whether ``text`` may belong to a template once a name of the house is put into it."""
        return self._candidates.lacks_a_name(text, house)

    def _tried(self, text: str, house: Lists, area: str | None, language: str) -> RecognizeResult | None:
        blocks = self._possible(text, house, area)
        if not blocks:
            return None
        return recognize_best(
            text,
            replace(self._intents, intents={name: Intent(name, list(data)) for name, data in blocks.items()}),
            slot_lists=dict(house.lists),
            # The room that is meant when none is named.
            intent_context={"area": {"value": area, "text": area}} if area else {},
            language=language,
            best_slot_name="name",
        )

    def _possible(self, text: str, house: Lists, area: str | None) -> Mapping[str, Sequence[IntentData]]:
        if self._intents.settings.ignore_whitespace:  # where words run together, fragments prove nothing
            return {name: intent.data for name, intent in self._intents.intents.items()}
        found: dict[str, list[IntentData]] = {}
        for number, templates in groupby(self._candidates.of(text, house), key=lambda template: template[0]):
            intent, block = self._blocks[number]
            # A block may exclude the area: it is for when none is known.
            if "area" not in (block.excludes_context if area else block.requires_context):
                found.setdefault(intent, []).append(self._part(number, tuple(place for _, place in templates)))
        return found

    def _part(self, number: int, places: tuple[int, ...]) -> IntentData:
        """The block with no more than the templates at ``places``."""
        key = (number, places)
        if key not in self._parts:
            if len(self._parts) > _REMEMBERED:
                self._parts.clear()
            templates = [self._candidates.sentence((number, place)) for place in places]
            _, block = self._blocks[number]
            part: Any = replace(block, sentence_texts=[template.text or "" for template in templates])
            # Where hassil keeps what it parsed: it need not be parsed again.
            vars(part)["sentences"] = templates
            self._parts[key] = part
        return self._parts[key]
