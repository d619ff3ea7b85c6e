"""The page's files as they lie there."""

import re
from pathlib import Path

import pytest

from edge.api.web.page import FOLDER

SCRIPTS = sorted(path for path in FOLDER.rglob("*.js") if path.parent.name != "vendor")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')


def test_every_rule_of_the_style_is_closed() -> None:
    """A brace too few takes all that follows with it, and no browser says so."""
    depth = 0
    for number, line in enumerate((FOLDER / "style.css").read_text().splitlines(), start=1):
        if line.startswith("/*"):
            assert depth == 0, f"line {number}: a section begins inside a rule"
        plain = _STRINGS.sub('""', line)
        depth += plain.count("{") - plain.count("}")
        assert depth in (0, 1, 2), f"line {number}"
    assert depth == 0


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_script_fetches_nothing_from_elsewhere_and_writes_no_style_inline(script: Path) -> None:
    text = script.read_text()
    assert not re.search(r"""(from|import\()\s*["'](https?:)?//""", text)
    assert not re.search(r"""\sstyle=["'$]""", text), "the page's security policy allows none"
    for module in re.findall(r'from "(\.[^"]+)"', text):
        assert (script.parent / module).is_file(), module
