"""What is said, as a table from phrase to words."""

import datetime
from pathlib import Path

import pytest

from edge.intents import Phrase
from edge.speak.wording import Wording, _load, sentences


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording("en")


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        (Phrase("not_understood"), "Sorry, I didn't understand that."),
        (Phrase("broker_offline"), "I can't reach the house right now."),
        (Phrase("nothing"), ""),
        (Phrase("which_one", {"name": "Heater", "places": ["Bedroom", "Office"]}), "There is more than one Heater: Bedroom or Office?"),
        (Phrase("time", {"now": datetime.datetime(2026, 3, 1, 17, 5)}), "It is 5:05 PM."),
        (Phrase("date", {"now": datetime.datetime(2026, 3, 1)}), "It is Sunday, March 1, 2026."),
    ],
)  # fmt: skip
def test_the_rest(wording: Wording, phrase: Phrase, said: str) -> None:
    assert wording.say(phrase) == said


def test_a_language_without_phrases_is_answered_in_english() -> None:
    assert Wording("xx").say(Phrase("not_understood")) == "Sorry, I didn't understand that."


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Lamp is on. Spots did not answer.", ["Lamp is on.", "Spots did not answer."]),
        ("It is 21.5 degrees.", ["It is 21.5 degrees."]),
        ("  ", []),
        ("Really? Yes!", ["Really?", "Yes!"]),
    ],
)
def test_sentences(text: str, pieces: list[str]) -> None:
    assert sentences(text) == pieces


def test_what_was_compiled_serves_the_next_start(tmp_path: Path) -> None:
    folder, kept = tmp_path / "phrases", tmp_path / "kept"
    folder.mkdir()
    (folder / "en.jinja").write_text("{% macro hello(v) %}Hello {{ v.name }}.{% endmacro %}", encoding="utf-8")
    said = [Wording("en", [folder], kept).say(Phrase("hello", {"name": "Ann"})) for _ in range(2)]
    assert said == ["Hello Ann."] * 2
    files = sorted(kept.iterdir())
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:200])
    _load.cache_clear()
    assert Wording("en", [folder], kept).say(Phrase("hello", {"name": "Ann"})) == "Hello Ann."
    (folder / "en.jinja").write_text("{% macro hello(v) %}Good day, {{ v.name }}.{% endmacro %}", encoding="utf-8")
    _load.cache_clear()
    assert Wording("en", [folder], kept).say(Phrase("hello", {"name": "Ann"})) == "Good day, Ann."


def test_a_disk_that_takes_nothing_costs_no_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "kept").write_text("no folder", encoding="utf-8")
    assert Wording("en", kept=tmp_path / "kept").knows("not_understood")
    assert "the next start takes longer" in caplog.text
