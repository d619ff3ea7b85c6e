"""What is kept of sentences for the next start is used as long as it is true, and never else."""

import hashlib
import logging
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.evaluation.fixtures import Furniture
from edge.evaluation.text.memory_house import MemoryHouse
from edge.intents import Origin
from edge.understand.grammar import Grammar
from edge.understand.kept import kept_or_read
from edge.understand.sources import Sources

COFFEE = 'intents: {Coffee: {data: [{sentences: ["brew {0..9:cups} cup[s] of coffee"]}]}}'
TEA = 'intents: {Coffee: {data: [{sentences: ["brew {0..9:cups} cup[s] of tea"]}]}}'
WRONG = COFFEE + "\nsurprise: {}"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.yaml"
    file.write_text(COFFEE, encoding="utf-8")
    return file


@pytest.fixture
def read_anew(caplog: pytest.LogCaptureFixture) -> Callable[[], bool]:
    """Whether anything was read anew since it was last asked."""
    caplog.set_level(logging.INFO)

    def asked() -> bool:
        found = any("read anew" in record.message for record in caplog.records)
        caplog.clear()
        return found

    return asked


def understood(own: Path, text: str, *, alone: bool = True) -> str | None:
    grammar = Grammar(
        MemoryHouse(Furniture()), "en", frozenset({"Coffee"}), [own], alone=alone, kept=own.parent / "cache"
    )
    found = grammar.understand(text, Origin(""))
    return None if found is None else f"{found.intent.name} {found.intent.slots.get('cups')}"


def file_of(own: Path) -> Path:
    return own.parent / "cache" / "sentences-en.pickle"


@pytest.mark.parametrize("alone", [True, False])
def test_what_is_kept_means_the_same(own: Path, read_anew: Callable[[], bool], alone: bool) -> None:
    assert understood(own, "brew 3 cups of coffee", alone=alone) == "Coffee 3"
    assert read_anew()
    assert understood(own, "brew 4 cups of coffee", alone=alone) == "Coffee 4"
    assert understood(own, "brew two cups of coffee", alone=alone) == "Coffee 2"
    assert not read_anew()


def test_what_leads_the_recogniser_is_kept(own: Path, read_anew: Callable[[], bool]) -> None:
    for anew in (True, False):
        grammar = Grammar(MemoryHouse(Furniture()), "en", frozenset({"Coffee"}), [own], alone=True, kept=own.parent)
        assert read_anew() == anew
        said, place = "brew 3 cups of coffee", grammar.sayable()
        for word in said.split():
            place = place.following[word]
        assert place.complete


def test_a_sentence_that_has_changed_is_read_anew(own: Path, read_anew: Callable[[], bool]) -> None:
    understood(own, "brew 3 cups of coffee")
    own.write_text(TEA, encoding="utf-8")
    read_anew()
    assert understood(own, "brew 3 cups of tea") == "Coffee 3"
    assert read_anew()
    assert understood(own, "brew 3 cups of coffee") is None
    assert not read_anew()


@pytest.mark.parametrize("other", [{"language": "de"}, {"intents": None}, {"given": ("routine",)}, {"own": ()}])
def test_what_was_made_of_something_else_is_not_taken(own: Path, other: dict[str, object]) -> None:
    sources = {"language": "en", "intents": frozenset({"Coffee"}), "own": (own,), "given": (), "skills": ()}
    assert Sources(**sources).fingerprint() != Sources(**{**sources, **other}).fingerprint()  # type: ignore[arg-type]


class _Runs:
    """Would be run by whoever took any pickle for what it says."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._trace),)


def _cut(content: bytes, trace: Path) -> bytes:
    return content[: len(content) // 2]


def _empty(content: bytes, trace: Path) -> bytes:
    return b""


def _flipped(content: bytes, trace: Path) -> bytes:
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


def _other(content: bytes, trace: Path) -> bytes:
    return _signed(content, pickle.dumps(["not", "sentences"]))


def _hostile(content: bytes, trace: Path) -> bytes:
    return _signed(content, pickle.dumps(_Runs(trace)))


def _signed(content: bytes, put: bytes) -> bytes:
    return b"\n".join((content.split(b"\n")[0], hashlib.sha256(put).hexdigest().encode(), put))


@pytest.mark.parametrize("damage", [_cut, _empty, _flipped, _other, _hostile])
def test_a_file_that_is_damaged_or_hostile_is_as_good_as_none(
    own: Path, read_anew: Callable[[], bool], damage: Callable[[bytes, Path], bytes]
) -> None:
    understood(own, "brew 3 cups of coffee")
    kept, trace = file_of(own), own.parent / "trace"
    kept.write_bytes(damage(kept.read_bytes(), trace))
    read_anew()
    assert understood(own, "brew 3 cups of coffee") == "Coffee 3"
    assert read_anew()
    assert not trace.exists()
    assert understood(own, "brew 3 cups of coffee") == "Coffee 3"
    assert not read_anew()


def test_where_nothing_can_be_kept_it_is_read_each_time(own: Path, caplog: pytest.LogCaptureFixture) -> None:
    (own.parent / "cache").write_text("no folder", encoding="utf-8")
    assert understood(own, "brew 3 cups of coffee") == "Coffee 3"
    assert "the next start takes longer" in caplog.text


def test_a_mistake_is_said_at_each_start(own: Path, caplog: pytest.LogCaptureFixture) -> None:
    own.write_text(WRONG, encoding="utf-8")
    for _ in range(2):
        caplog.clear()
        assert understood(own, "brew 3 cups of coffee") == "Coffee 3"
        assert "unknown section 'surprise'" in caplog.text
    assert not file_of(own).exists()


def test_what_cannot_be_read_is_not_kept(own: Path) -> None:
    missing = own.parent / "missing.yaml"
    read = kept_or_read(Sources("en", None, (missing,), alone=True), own.parent / "cache")
    assert not read.whole
