"""The few templates of a grammar that a text can belong to.

What a template can't do without (:mod:`edge.understand.needs`) is looked up for all of them at once; those that have it
are walked (:mod:`edge.understand.reach`). Neither loses a template that hassil would match.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from hassil import Intents
from hassil.expression import Sentence
from hassil.intents import IntentData
from hassil.parse_expression import parse_sentence
from hassil.util import check_excluded_context, check_required_context, normalize_for_matching

from edge.understand.house_lists import Lists
from edge.understand.needs import HOUSE, Beginning, Needed, Template
from edge.understand.reach import START, Node, Places, Said, Values, folded
from edge.understand.reachable import Reachable

_NAME: Final = "name"
"""The list of the devices' names, which say what kind each is of."""


class Candidates:
    """The templates of some blocks."""

    def __init__(self, intents: Intents, needed: Needed) -> None:
        """``needed``: what the templates of ``intents`` can't do without."""
        self._blocks = [block for intent in intents.intents.values() for block in intent.data]
        self._skipped = _Skipped(intents.skip_words)
        self._needs = needed.numbers
        self._by_needs = needed.templates
        self._index()
        self._reachable = Reachable(intents)
        self._sentences: dict[Template, Sentence] = {}
        self._nodes: dict[Template, Node] = {}
        self._walked: list[_Walked] = []
        self._known: dict[str, list[Template]] = {}
        """Parts of a sentence come up again and again."""

    @property
    def words(self) -> frozenset[str]:
        """Words, or parts of words, that some template can't do without."""
        return frozenset(self._clauses)

    def bare(self, text: str) -> str:
        """``text`` without phrases at its start and its end that mean nothing."""
        return self._skipped.around(text)

    def of(self, text: str, house: Lists) -> list[Template]:
        """Those that ``text`` may belong to, in order."""
        if (found := self._known.get(text)) is None:
            forms = self._skipped.forms(normalize_for_matching(text).text)
            found = self._known[text] = sorted(set().union(*(self._holding(form, house) for form in forms)))
        return found

    def forget(self) -> None:
        """Another sentence, or another house, comes: of the last one nothing need be kept."""
        self._known.clear()
        self._walked.clear()

    def lacks_a_name(self, text: str, house: Lists) -> bool:
        """Whether ``text`` may belong to a template once a name of the house is put into it."""
        forms = self._skipped.forms(normalize_for_matching(text).text)
        named = {self._needs[name] for name in HOUSE if name in self._needs}
        met = named.union(*(self._met(Said(form, house.found)) for form in forms), *self._begin_lists.values())
        return any(not needs.isdisjoint(named) and needs <= met for needs in self._by_needs)

    def sentence(self, template: Template) -> Sentence:
        """``template``, which is parsed when it is first asked for: that takes ten times as long as trying it."""
        if (found := self._sentences.get(template)) is None:
            number, place = template
            text = self._blocks[number].sentence_texts[place]
            found = self._sentences[template] = parse_sentence(text, keep_text=True)
        return found

    def _index(self) -> None:
        self._clauses: dict[str, set[int]] = {}
        self._begin_words: dict[str, set[int]] = {}
        self._begin_lists: dict[str, set[int]] = {}
        for need, number in self._needs.items():
            if isinstance(need, Beginning):
                _add(self._begin_words, need.words, number)
                _add(self._begin_lists, need.lists, number)
            elif isinstance(need, frozenset):
                _add(self._clauses, need, number)
        self._fragments = Values(self._clauses)
        self._begin_lengths = sorted({len(word) for word in self._begin_words})
        # Filed under what the fewest of them need, so that few are looked at.
        common = Counter(number for needs in self._by_needs for number in needs)
        self._by_rarest: dict[int, list[frozenset[int]]] = {}
        for needs in self._by_needs:
            rarest = min(needs, key=lambda number: (common[number], number), default=-1)
            self._by_rarest.setdefault(rarest, []).append(needs)

    def _holding(self, form: str, house: Lists) -> set[Template]:
        """The templates that may hold ``form``, a text as hassil compares it."""
        said = Said(form, house.found)
        walked = next((walked for walked in self._walked if said.begins(walked.said)), None)
        if walked is None:
            walked = _Walked(said, [])
            for template, needs in self._with_all(self._met(said)):
                if places := self._node(template).reach(said, START):
                    walked.reached.append((template, self._needs.get(_NAME) in needs, places))
            self._walked.append(walked)
        fitting = [(template, named) for template, named, places in walked.reached if said.ends_at(places)]
        contexts = list(house.kinds(said)) if any(named for _, named in fitting) else []
        return {template for template, named in fitting if not named or _suits(self._blocks[template[0]], contexts)}

    def _with_all(self, met: Set[int]) -> Iterator[tuple[Template, frozenset[int]]]:
        """The templates that need no more than what is ``met``, and what each needs."""
        for number in (-1, *met):
            for needs in self._by_rarest.get(number, ()):
                if needs <= met:
                    for template in self._by_needs[needs]:
                        yield template, needs

    def _node(self, template: Template) -> Node:
        if (found := self._nodes.get(template)) is None:
            found = self._nodes[template] = self._reachable.node(self.sentence(template), self._blocks[template[0]])
        return found

    def _met(self, said: Said) -> set[int]:
        """The numbers of the needs that a text meets."""
        met: set[int] = set()
        for text in said.forms:
            for fragment in self._fragments.within(text):
                met |= self._clauses[fragment]
            for name in HOUSE:
                if name in self._needs and said.house[name].within(text):
                    met.add(self._needs[name])
            for name, needs in self._begin_lists.items():
                if said.house[name].at(text, 0):
                    met |= needs
            for length in self._begin_lengths:
                met |= self._begin_words.get(text[:length], frozenset())
        return met


@dataclass(frozen=True, slots=True)
class _Walked:
    """A text that templates were walked on."""

    said: Said
    reached: list[tuple[Template, bool, Places]]
    """How far each came, and whether it can't do without a device's name. What a text that goes on like this one, but
    ends before, may belong to is known with it: parts of a sentence are tried longest first.
    """


class _Skipped:
    """Phrases that mean nothing, and are left out before a text is matched."""

    def __init__(self, phrases: Sequence[str]) -> None:
        one = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True))) or "(?!)"
        self._around = re.compile(rf"^(?:(?:{one})\b[\s,.!?]*)+(?=\w)|(?:[\s,.!?]+(?:{one}))+[\s,.!?]*$", re.I)
        self._anywhere = re.compile(rf"(?<!\w)(?:{one})(?!\w)", re.I)
        self._first = re.compile(rf"^(?:\s*(?:{one})(?=\s|$|[^\w])\s*)+", re.I)
        self._last = re.compile(rf"(?:\s*(?<!\w)(?:{one})\s*)+$", re.I)

    def around(self, text: str) -> str:
        """``text`` without those at its start and at its end."""
        return self._around.sub("", text)

    def forms(self, plain: str) -> list[str]:
        """``plain`` as hassil compares it: as it is, without any, and without those it begins or ends with."""
        if not self._anywhere.search(plain):
            return [plain]
        patterns = (self._first, self._last, self._anywhere)
        return list(dict.fromkeys((plain, *(" ".join(each.sub(" ", plain).split()) for each in patterns))))


def _suits(block: IntentData, named: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any of the devices that are ``named``, each by its context, is of the kind that ``block`` is about."""
    return any(
        check_required_context(block.requires_context, dict(context), allow_missing_keys=True)
        and check_excluded_context(block.excludes_context, dict(context))
        for context in named
    )


def _add(found: dict[str, set[int]], words: Iterable[str], number: int) -> None:
    for word in words:
        found.setdefault(folded(word), set()).add(number)
