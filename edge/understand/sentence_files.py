"""Sentences that a person adds: YAML files in hassil's format, with intents, lists and expansion rules.

What is wrong in a file is named with its line and left out; everything else in it works.

Format: https://github.com/OHF-Voice/hassil
"""

import functools
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from hassil import Intents
from hassil.errors import HassilError
from hassil.expression import Expression, Group, ListReference, RuleReference, Sentence
from hassil.parse_expression import parse_sentence
from hassil.parser import ParseError
from hassil.util import merge_dict

from edge import outside

_log = logging.getLogger(__name__)

_SECTIONS: Final = {"language", "settings", "intents", "lists", "expansion_rules", "skip_words", "responses"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a file that was left out."""

    file: str
    line: int
    """Counted from 1."""
    what: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Sentences:
    """All files together."""

    content: Mapping[str, Any]
    """hassil's dictionary: intents, lists, expansion_rules, skip_words; empty without files."""
    mistakes: tuple[Mistake, ...] = ()

    @property
    def intents(self) -> frozenset[str]:
        """Names of the intents that the files bring along."""
        return frozenset(self.content.get("intents", {}))


@dataclass(frozen=True, slots=True)
class Known:
    """Names that templates may refer to."""

    lists: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()


def parsed(template: str) -> Sentence:
    """``template`` as hassil has it. Raises HassilError, ParseError, ValueError where it is none."""
    # What it can't do without hassil finds out later and keeps with it, so that each grammar has one of its own.
    return Sentence(_expression(template), template)


@functools.cache
def _expression(template: str) -> Expression:
    return parse_sentence(template).expression


def read_sentences(files: Iterable[Path], language: str, known: Known) -> Sentences:
    """The sentences of ``files`` in ``language`` (ISO 639-1); a file that says another language is passed over.

    ``known``: what there is besides what the files define themselves.
    """
    mistakes: list[Mistake] = []
    roots = [(file.name, root) for file in files if (root := _compose(file, mistakes)) is not None]
    known = Known(
        known.lists.union(*(_names(root, "lists") for _, root in roots)),
        known.rules.union(*(_names(root, "expansion_rules") for _, root in roots)),
    )
    content: dict[str, Any] = {}
    for name, root in roots:
        try:
            found = _Sieve(name, known, mistakes).sift(root)
        except (yaml.YAMLError, ValueError) as error:
            # A tag that makes something of Python's, a date that there is not.
            mistakes.append(Mistake(name, 1, f"cannot be read: {str(error).splitlines()[0]}"))
            continue
        if str(found.pop("language", language)).split("-")[0] == language.split("-", maxsplit=1)[0]:
            merge_dict(content, found)
    for mistake in mistakes:
        _log.warning("sentences left out: %s", mistake)
    return Sentences(content, tuple(mistakes))


def _compose(file: Path, mistakes: list[Mistake]) -> yaml.MappingNode | None:
    try:
        text = file.read_text(encoding="utf-8")
        root = outside.yaml_of(text)
    except yaml.MarkedYAMLError as error:
        mistakes.append(Mistake(file.name, outside.yaml_line(error, text), f"this is not YAML: {error.problem}"))
        return None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mistakes.append(Mistake(file.name, 1, f"cannot be read: {error}"))
        return None
    if not isinstance(root, yaml.MappingNode):
        mistakes.append(Mistake(file.name, 1, "a sentence file begins with `intents:`"))
        return None
    return root


def _names(root: yaml.MappingNode, section: str) -> frozenset[str]:
    found = _entry(root, section)
    if not isinstance(found, yaml.MappingNode):
        return frozenset()
    return frozenset(name.value for name, _ in found.value if isinstance(name, yaml.ScalarNode))


class _Sieve:
    """Takes out of a file's tree what can't be used."""

    def __init__(self, file: str, known: Known, mistakes: list[Mistake]) -> None:
        self._file, self._known, self._mistakes = file, known, mistakes

    def sift(self, root: yaml.MappingNode) -> dict[str, Any]:
        root.value = [pair for pair in root.value if self._is_section(*pair)]
        for name, section in root.value:
            if name.value == "intents":
                section.value = [pair for pair in section.value if self._is_intent(*pair)]
            elif name.value == "expansion_rules":
                section.value = [pair for pair in section.value if self._is_template(pair[1])]
            elif name.value == "lists":
                section.value = [pair for pair in section.value if self._is_list(*pair)]
        content: dict[str, Any] = yaml.SafeLoader("").construct_document(root)
        return content

    def _wrong(self, node: yaml.Node, what: str) -> bool:
        self._mistakes.append(Mistake(self._file, node.start_mark.line + 1, what))
        return False

    def _is_section(self, name: yaml.Node, section: yaml.Node) -> bool:
        if not isinstance(name, yaml.ScalarNode) or name.value not in _SECTIONS:
            return self._wrong(name, f"unknown section {_told(name)!r}")
        wants_mapping = name.value in ("intents", "lists", "expansion_rules")
        if wants_mapping and not isinstance(section, yaml.MappingNode):
            return self._wrong(name, f"{name.value} holds names, each with a colon")
        return True

    def _is_intent(self, name: yaml.Node, intent: yaml.Node) -> bool:
        if not isinstance(name, yaml.ScalarNode):
            return self._wrong(name, "an intent's name is one line of text")
        blocks = _entry(intent, "data")
        if not isinstance(blocks, yaml.SequenceNode):
            return self._wrong(name, f"{name.value} has no `data:` with a list under it")
        blocks.value = [block for block in blocks.value if self._is_block(block)]
        return bool(blocks.value)

    def _is_block(self, block: yaml.Node) -> bool:
        sentences = _entry(block, "sentences")
        if not isinstance(sentences, yaml.SequenceNode):
            return self._wrong(block, "no `sentences:` with a list under it")
        sentences.value = [sentence for sentence in sentences.value if self._is_template(sentence)]
        return bool(sentences.value)

    def _is_template(self, node: yaml.Node) -> bool:
        if not isinstance(node, yaml.ScalarNode):
            return self._wrong(node, "a sentence is one line of text")
        try:
            expression = _expression(node.value)
        except (
            HassilError,
            ParseError,
            ValueError,
            AssertionError,
        ) as error:  # hassil asserts that "()" holds something
            return self._wrong(node, f"{str(error).partition(chr(10))[0]}: {node.value}")
        unknown = next(_unknown(expression, self._known), None)
        return True if unknown is None else self._wrong(node, f"there is no {unknown}: {node.value}")

    def _is_list(self, name: yaml.Node, node: yaml.Node) -> bool:
        if not isinstance(name, yaml.ScalarNode):
            return self._wrong(name, "a list's name is one line of text")
        values = _entry(node, "values")
        if isinstance(values, yaml.SequenceNode):
            values.value = [value for value in values.value if self._is_value(value)]
            return True
        if (numbers := _entry(node, "range")) is not None:
            return _is_range(numbers) or self._wrong(name, f"the range of {name.value} wants whole numbers, from: to:")
        if _entry(node, "wildcard") is not None:
            return True
        return self._wrong(name, f"the list {name.value} has neither `values:` nor `range:` nor `wildcard:`")

    def _is_value(self, node: yaml.Node) -> bool:
        spoken = node if isinstance(node, yaml.ScalarNode) else _entry(node, "in")
        return self._is_template(spoken) if spoken is not None else self._wrong(node, "a value has an `in:`")


def _entry(node: yaml.Node, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _is_range(node: yaml.Node) -> bool:
    """Whether hassil takes it: it finds out only once all sentences are put together."""
    try:
        read: Any = yaml.SafeLoader("").construct_document(node)
        Intents.from_dict({"language": "", "intents": {}, "lists": {"numbers": {"range": read}}})
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, AssertionError, OverflowError):
        return False
    return True


def _told(node: yaml.Node) -> str:
    return str(node.value)[:40]


def _unknown(expression: Expression, known: Known) -> Iterator[str]:
    match expression:
        case ListReference() if not expression.is_inline_range and expression.list_name not in known.lists:
            yield f"list {{{expression.list_name}}}"
        case RuleReference() if expression.rule_name not in known.rules:
            yield f"rule <{expression.rule_name}>"
        case Group():
            for item in expression.items:
                yield from _unknown(item, known)
