"""``docs/standards.md`` has every provision, and every test that the pages about security name is there."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS, TESTS = ROOT / "docs", ROOT / "tests"
PAGES = ("standards.md", "threats.md", "security.md")
PROVISIONS = """
5.0-1 5.1-1 5.1-2 5.1-2A 5.1-3 5.1-4 5.1-5 5.2-1 5.2-2 5.2-3 5.3-1 5.3-2 5.3-3 5.3-4A 5.3-4B 5.3-5 5.3-6A 5.3-6B 5.3-7
5.3-8 5.3-9 5.3-10 5.3-11 5.3-12 5.3-13 5.3-14 5.3-15A 5.3-15B 5.3-16 5.4-1 5.4-2 5.4-3 5.4-4 5.5-1 5.5-2 5.5-3 5.5-4
5.5-5 5.5-6 5.5-7 5.5-8 5.6-1 5.6-2 5.6-3 5.6-4A 5.6-4B 5.6-5 5.6-6 5.6-7 5.6-8 5.6-9 5.7-1 5.7-2 5.8-1 5.8-2 5.8-3
5.9-1 5.9-2 5.9-3 5.10-1 5.11-1 5.11-2 5.11-3 5.11-4 5.12-1 5.12-2 5.12-3 5.13-1A 5.13-1B 6-1 6-2 6-3A 6-3B 6-4 6-5 6-6
6-7 6-8 I1 I2 I3 I4 I5 I6 I7 I8 I9 I10
""".split()
"""Table B.1 of EN 303 645 V3.1.3, and OWASP's ten."""
MANDATORY_BY_REASON_ALONE = {"5.6-4A", "6-5"}
"""A shall that no test can show."""
_TEST = re.compile(r"`([\w/]*test_\w+\.py)(?:::(\w+))?`")
_ROW = re.compile(r"\| (\d[\d.]*-\d+[AB]?|I\d+) \|(.*)\|$")


def rows() -> Iterator[tuple[str, list[str]]]:
    """Each provision with its cells."""
    for line in (DOCS / "standards.md").read_text("utf-8").splitlines():
        if found := _ROW.match(line):
            yield found[1], [cell.strip() for cell in found[2].split(" | ")]


def test_no_provision_is_missing_or_there_twice() -> None:
    assert [provision for provision, _ in rows()] == PROVISIONS


@pytest.mark.parametrize("provision", PROVISIONS)
def test_each_provision_has_its_test_or_its_reason(provision: str) -> None:
    shown = dict(rows())[provision][-1]
    assert _TEST.search(shown) or re.match(r"reason: .{6}", shown), shown
    if dict(rows())[provision][0].startswith("M"):
        assert _TEST.search(shown) or provision in MANDATORY_BY_REASON_ALONE


@functools.cache
def names_in(file: Path) -> frozenset[str]:
    """The tests in it."""
    return frozenset(re.findall(r"^ *(?:async )?def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    named = _TEST.findall((DOCS / page).read_text("utf-8"))
    assert named
    by_name = {path.name: path for path in TESTS.rglob("test_*.py")}
    missing = []
    for file, test in named:
        path = TESTS / file.removeprefix("tests/") if "/" in file else by_name.get(file, TESTS / file)
        if not path.is_file() or (test and test not in names_in(path)):
            missing.append(f"{file}::{test}" if test else file)
    assert missing == []


@pytest.mark.parametrize("page", ["threats.md", "standards.md", "what-to-buy.md", "device.md", "../SECURITY.md"])
def test_every_page_that_a_page_points_to_is_there(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / page).read_text("utf-8"))
    assert [link for link in links if not ((DOCS / page).parent / link).exists()] == []


def test_every_figure_that_was_borrowed_has_its_source() -> None:
    text = (DOCS / "what-to-buy.md").read_text("utf-8")
    sources = set(re.findall(r"^\[(\d+)\]: https://\S+$", text, re.MULTILINE))
    cited = set(re.findall(r"\[(\d+)\](?!:)", text))
    assert cited == sources
    assert len(sources) > 10
