"""Sentence files that people write: what is wrong is named with its line, the rest works."""

import logging
from pathlib import Path

import pytest

from edge.intents import Origin
from edge.samples import COFFEE
from edge.understand.grammar import Grammar
from edge.understand.sentence_files import Known, read_sentences
from edge.understand.sources import own_sentences
from tests.houses import Rooms

GOOD = """\
language: en
intents:
  Brew:
    data:
      - sentences:
          - "brew {strength} tea"
lists:
  strength:
    values:
      - in: "(strong|dark)"
        out: 3
      - weak
"""


def write(folder: Path, text: str, name: str = "own.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_sentences_of_ones_own_are_understood_beside_the_others(tmp_path: Path) -> None:
    grammar = Grammar(Rooms(), "en", ("HassTurnOn",), (write(tmp_path, GOOD),))
    found = grammar.understand("brew dark tea", Origin(""))
    assert found is not None
    assert (found.intent.name, dict(found.intent.slots)) == ("Brew", {"strength": 3})
    assert grammar.understand("turn on the kitchen light", Origin("")) is not None
    assert "brew" in grammar.sayable().following


@pytest.mark.parametrize(
    ("wrong", "line", "what"),
    [
        (GOOD.replace('"brew {strength} tea"', '"brew [{strength} tea"'), 6, "brew [{strength} tea"),
        (GOOD.replace("{strength} tea", "{strenth} tea"), 6, "there is no list {strenth}"),
        (GOOD.replace("{strength} tea", "<nicely> tea"), 6, "there is no rule <nicely>"),
        (GOOD.replace("      - weak", "      - (weak"), 12, "(weak"),
        (GOOD.replace("lists:", "listen:"), 7, "unknown section 'listen'"),
        (GOOD.replace("    data:\n", "    date:\n"), 3, "Brew has no `data:`"),
        (GOOD + "  - broken", 13, "this is not YAML"),
        ("- a\n- b\n", 1, "begins with `intents:`"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, wrong: str, line: int, what: str
) -> None:
    with caplog.at_level(logging.WARNING):
        found = read_sentences([write(tmp_path, wrong)], "en", Known())
    assert any(
        (mistake.file, mistake.line) == ("own.yaml", line) and what in mistake.what for mistake in found.mistakes
    )
    assert f"own.yaml, line {line}: " in caplog.text


def test_what_is_right_beside_a_mistake_works(tmp_path: Path) -> None:
    wrong = GOOD.replace('"brew {strength} tea"', '"brew [tea"\n          - "make {strength} tea"')
    other = write(tmp_path, "language: en\nintents:\n  Nap:\n    data:\n      - sentences: [take a nap]\n", "nap.yaml")
    grammar = Grammar(Rooms(), "en", (), (write(tmp_path, wrong), other))
    assert [mistake.line for mistake in own_sentences([tmp_path / "own.yaml"], "en").mistakes] == [6]
    assert grammar.understand("make weak tea", Origin("")) is not None
    assert grammar.understand("take a nap", Origin("")) is not None


def test_a_file_in_another_language_is_passed_over(tmp_path: Path) -> None:
    german = write(tmp_path, GOOD.replace("language: en", "language: de"))
    assert not read_sentences([german], "en", Known()).intents
    assert read_sentences([german], "de", Known()).intents == {"Brew"}


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_bytes(b"\xff\xfe\x00\x01")
    assert [mistake.line for mistake in read_sentences([file], "en", Known()).mistakes] == [1]


@pytest.mark.parametrize(
    ("order", "slots"),
    [
        (
            "can I get a large double shot latte with some soy milk",
            {"size": "large", "numberOfShots": "double shot", "coffeeDrink": "latte", "milkAmount": "some soy milk"},
        ),
        ("brew espresso", {"coffeeDrink": "espresso"}),
    ],
)
def test_the_example_that_comes_with_the_product(order: str, slots: dict[str, str]) -> None:
    grammar = Grammar(Rooms(), "en", (), (COFFEE,), alone=True)
    found = grammar.understand(order, Origin(""))
    assert own_sentences([COFFEE], "en").mistakes == ()
    assert found is not None
    assert dict(found.intent.slots) == slots


def test_a_number_in_words_means_the_same_after_volume_down(tmp_path: Path) -> None:
    # hassil kept "ten" of "volume down by ten", which is -10, for every list from 0 to 100.
    grammar = Grammar(Rooms(), "en", None)
    kitchen = Origin("", "Kitchen")
    for _ in range(2):
        lower = grammar.understand("decrease the volume by ten percent", kitchen)
        assert lower is not None
        assert lower.intent.slots["volume_step"] == -10
        dimmed = grammar.understand("set the kitchen light brightness to ten percent", kitchen)
        assert dimmed is not None
        assert dimmed.intent.slots["brightness"] == 10
