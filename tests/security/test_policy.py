"""``SECURITY.md``: whom to tell, what comes of it by when, and how long a version is mended."""

import datetime
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
POLICY = (ROOT / "SECURITY.md").read_text("utf-8")


def row(begins: str) -> str:
    """The second cell of the row that begins so."""
    found = re.search(rf"^\| {re.escape(begins)}[^|]*\| ([^|]+) \|$", POLICY, re.MULTILINE)
    assert found is not None, begins
    return found[1]


def test_whoever_reports_something_knows_whom_and_until_when() -> None:
    assert "Report a vulnerability" in POLICY
    assert "privately" in POLICY
    # EN 303 645, 5.2-1: the first answer, and how it stands until it is mended.
    assert re.fullmatch(r"\d+ working days", row("somebody has read it"))
    assert re.fullmatch(r"every \d+ days", row("how it stands"))
    assert re.match(r"\d+ days for what lets somebody in", row("a release that mends it"))


def test_this_version_says_how_long_it_is_mended() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    minor = ".".join(version.split(".")[:2])
    until = datetime.date.fromisoformat(row(minor))
    # Of a version that is not supported any more none is made.
    newest = max(
        re.findall(r"^## .*(\d{4}-\d{2}-\d{2})", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE),
        default="2026-11-30",
    )
    assert until >= datetime.date.fromisoformat(newest) + datetime.timedelta(days=2 * 365)
