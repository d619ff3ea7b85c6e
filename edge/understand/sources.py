"""All sentences of a language: Home Assistant's, ours, those of skills and those that the person added.

Templates: https://github.com/OHF-Voice/intents (CC BY 4.0).
"""

import copy
import functools
import hashlib
import importlib.metadata
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from hassil import Intents
from hassil.intents import Intent, IntentData, RangeSlotList
from hassil.util import merge_dict
from home_assistant_intents import get_intents

from edge.errors import SettingsError
from edge.understand.needs import Needed
from edge.understand.packed import Packed
from edge.understand.sentence_files import Known, Sentences, parsed, read_sentences

COMMAND: Final = "conversation_command"
"""Slot of a command that is for later."""
_OURS: Final = Path(__file__).parent / "sentences"
_HEARD: Final = "lights"
"""The file of them that leads the recogniser too."""
_PACKAGES: Final = ("hassil", "home-assistant-intents", "unicode-rbnf")
_CODE: Final = ("needs.py", "packed.py", "sentence_files.py", "sources.py")
"""What says how sentences are read, in this folder."""
_CODE_LENGTH: Final = 2
_NONE: Final = Needed({}, {})


def languages() -> list[str]:
    """ISO 639-1 codes of the languages that there are sentences of ours for, beside Home Assistant's."""
    return sorted(folder.name for folder in _OURS.iterdir() if folder.is_dir() and len(folder.name) == _CODE_LENGTH)


@dataclass(frozen=True, slots=True)
class Read:
    """Sentences, read and looked through."""

    everything: Intents
    """All, whatever their intent, with their rules and lists. Their templates are parsed where they are asked for."""
    heard: Packed
    """Those that lead the recogniser, parsed."""
    understood: frozenset[str]
    """Names of the intents that are understood; the others are heard."""
    needed: tuple[Needed, Needed]
    """Of :attr:`now` and of :attr:`later`."""
    whole: bool = True
    """Whether there was no mistake in any file."""

    @property
    def now(self) -> Intents:
        """What is done or answered at once."""
        return _blocks(self.everything, self.understood, lambda block: not _holds_a_command(block))

    @property
    def later(self) -> Intents:
        """Commands that hold another command as free text, for later."""
        return _blocks(self.everything, self.understood, _holds_a_command)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the sentences of a grammar come from."""

    language: str
    intents: frozenset[str] | None
    """Names of the intents that some skill takes, None for all: others are heard, but not understood."""
    own: Sequence[Path] = ()
    """Files with the person's own sentences, all of which are understood."""
    skills: Sequence[Path] = ()
    given: Sequence[str] = ()
    """Lists whose values come later: none of them is certain to be said."""
    alone: bool = False
    """Whether there is nothing but ``own``."""

    def read(self) -> Read:
        """Read and look through all of it, which takes a second. Raises SettingsError without sentences."""
        language = self.language
        everything = _no_sentences(language) if self.alone else _sentences(language)
        heard = _no_sentences(language) if self.alone else _sentences(language, _HEARD)
        of_skills = read_sentences(self.skills, language, _known(everything))
        merge_dict(everything, dict(of_skills.content))
        further = read_sentences(self.own, language, _known(everything))
        merge_dict(heard, copy.deepcopy(dict(further.content)))
        merge_dict(everything, dict(further.content))
        _keep_apart(everything.get("lists", {}))
        for name in self.given:
            everything["lists"][name] = {"values": []}
        intents = in_order(_parsed(everything))
        _tell_apart(intents, language)
        wanted = frozenset(intents.intents if self.intents is None else self.intents | further.intents)
        led = Packed.of(in_order(_parsed(heard)))
        parsed = Read(intents, led, wanted, (_NONE, _NONE))
        return Read(
            _unparsed(intents),
            led,
            wanted,
            (Needed.of(parsed.now), Needed.of(parsed.later)),
            whole=not of_skills.mistakes and not further.mistakes,
        )

    def fingerprint(self) -> str:
        """Another one where anything is another that :meth:`read` depends on."""
        found = hashlib.sha256(sys.version.encode())
        choice = (self.language, self.intents and sorted(self.intents), list(self.given), self.alone)
        versions = [importlib.metadata.version(package) for package in _PACKAGES]
        found.update(repr((choice, versions)).encode())
        code = [Path(__file__).with_name(name) for name in _CODE]
        for file in (*code, *_files(self.language), *self.skills, *self.own):
            found.update(hashlib.sha256(_content(file)).digest())
        return found.hexdigest()


def own_sentences(own: Sequence[Path], language: str) -> Sentences:
    """The person's sentences in the files ``own``, and what is wrong with them. Raises SettingsError."""
    return read_sentences(own, language, _known(_sentences(language)))


def in_order(intents: Intents) -> Intents:
    """``intents`` with the templates of each block in the order in which hassil tries them."""
    return replace(
        intents,
        intents={
            name: Intent(name, [_block_in_order(block) for block in intent.data])
            for name, intent in intents.intents.items()
        },
    )


def _block_in_order(block: IntentData) -> IntentData:
    ordered = replace(block, sentence_texts=[sentence.text or "" for sentence in block.sentences])
    # Where hassil keeps what it parsed: it need not be parsed again.
    vars(ordered)["sentences"] = block.sentences
    return ordered


def _parsed(sentences: dict[str, Any]) -> Intents:
    intents = Intents.from_dict(sentences)
    for block in (block for intent in intents.intents.values() for block in intent.data):
        # Where hassil keeps what it parsed: most of it was parsed already when the files were checked.
        templates = map(parsed, block.sentence_texts)
        vars(block)["sentences"] = sorted(templates, key=block._sentence_order)
    return intents


def _unparsed(intents: Intents) -> Intents:
    return replace(
        intents,
        intents={
            name: Intent(name, [replace(block) for block in intent.data]) for name, intent in intents.intents.items()
        },
    )


def _blocks(intents: Intents, names: frozenset[str], wanted: Callable[[IntentData], bool]) -> Intents:
    chosen = {
        name: Intent(name, list(filter(wanted, intent.data)))
        for name, intent in intents.intents.items()
        if name in names
    }
    return replace(intents, intents=chosen)


def _holds_a_command(block: IntentData) -> bool:
    return any(COMMAND in template for template in block.sentence_texts)


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


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # which is a mistake in it, and said when it is read
        return b""


def _no_sentences(language: str) -> dict[str, Any]:
    return {"language": language, "intents": {}}


def _sentences(language: str, ours: str = "*") -> dict[str, Any]:
    """Home Assistant's sentences, and of ours that it lacks those in the files ``ours``: for the caller to change."""
    return copy.deepcopy(_packaged(language, ours))


@functools.cache
def _packaged(language: str, ours: str) -> dict[str, Any]:
    """To read and check them takes ten times as long as to copy them."""
    sentences = get_intents(language)
    if sentences is None:
        raise SettingsError(
            f"there are no sentences for the language {language!r}",
            "set understand.language to a code such as en, de, fr, es, nl or it",
            permanent=True,
        )
    merge_dict(sentences, dict(read_sentences(_files(language, ours), language, _known(sentences)).content))
    return sentences


def _files(language: str, ours: str = "*") -> list[Path]:
    return sorted((_OURS / language.split("-", maxsplit=1)[0]).glob(f"{ours}.yaml"))


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
