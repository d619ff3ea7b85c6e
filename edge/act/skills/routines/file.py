"""Routines that a person writes: ``routines.yaml`` in the data directory, each name with a list of sentences.

What is wrong in it is named with its line and left out; everything else works.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from edge import outside

_log = logging.getLogger(__name__)
LONGEST_NAME: Final = 60
MOST_SENTENCES: Final = 20
"""Nobody means more by a word or two, but noise does."""


def read_routines(file: Path) -> tuple[Mapping[str, Sequence[str]], Sequence[str]]:
    """The routines of ``file``, none where there is no such file, and its mistakes, each with its line."""
    if not file.exists():
        return {}, ()
    try:
        text = file.read_text(encoding="utf-8")
        root = outside.yaml_of(text)
    except yaml.MarkedYAMLError as error:
        line = outside.yaml_line(error, text)
        return {}, _told([f"{file.name}, line {line}: this is not YAML: {error.problem}"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return {}, _told([f"{file.name}: cannot be read: {error}"])
    if root is None:
        return {}, ()
    if not isinstance(root, yaml.MappingNode):
        return {}, _told([f"{file.name}, line 1: a routine is a name, a colon, and sentences under it"])
    routines: dict[str, Sequence[str]] = {}
    mistakes: list[str] = []
    for name, node in root.value:
        wrong = list(_wrong(name, node, routines))
        if wrong:
            mistakes += (f"{file.name}, line {at.start_mark.line + 1}: {what}" for at, what in wrong)
        else:
            routines[str(name.value).strip()] = tuple(each.value.strip() for each in node.value)
    return routines, _told(mistakes)


def _wrong(name: yaml.Node, node: yaml.Node, known: Mapping[str, object]) -> Iterator[tuple[yaml.Node, str]]:
    if not isinstance(name, yaml.ScalarNode) or not 0 < len(name.value.strip()) <= LONGEST_NAME:
        yield name, f"a routine's name has 1 to {LONGEST_NAME} characters"
    elif name.value.strip().casefold() in {each.casefold() for each in known}:
        yield name, f"there are two routines {name.value!r}"
    if not isinstance(node, yaml.SequenceNode) or not 0 < len(node.value) <= MOST_SENTENCES:
        yield node, f"a routine is a list of 1 to {MOST_SENTENCES} sentences, each behind a dash"
        return
    for sentence in node.value:
        if not isinstance(sentence, yaml.ScalarNode) or not sentence.value.strip():
            yield sentence, "a sentence is one line of text"


def _told(mistakes: Sequence[str]) -> Sequence[str]:
    for mistake in mistakes:
        _log.warning("routine left out: %s", mistake)
    return mistakes
