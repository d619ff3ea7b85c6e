"""Numbers in words: hassil makes a table of a whole range when it first meets one, on the loop that everybody waits for."""

from pathlib import Path

import pytest
import yaml

import edge

ROOT = Path(edge.__file__).parent
FILES = sorted(ROOT.rglob("sentences*/**/*.yaml"))
MOST = 600
"""Some 0.1 s of work, once."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_range_of_numbers_in_words_is_so_long_that_it_is_noticed(file: Path) -> None:
    lists = yaml.safe_load(file.read_text("utf-8")).get("lists") or {}
    ranges = {name: each["range"] for name, each in lists.items() if isinstance(each, dict) and "range" in each}
    long = {name for name, each in ranges.items() if each.get("words", True) and each["to"] - each["from"] > MOST}
    assert not long


def test_there_are_ranges() -> None:
    assert any("range:" in file.read_text("utf-8") for file in FILES)
