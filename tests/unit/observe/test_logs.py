"""Lines of the log, for a person and for the journal."""

import io
import json
import logging
import os
import sys
from pathlib import Path

import pytest

from cloud_sync.logs import LogFormat, formatter, in_journal


def record(level: int = logging.INFO, message: str = "turn %s", **extra: object) -> logging.LogRecord:
    logger = logging.Logger("hearth")
    return logger.makeRecord("hearth", level, "run.py", 1, message, ("ended",), None, extra=extra)


@pytest.mark.parametrize(
    ("form", "journal", "line"),
    [
        ("text", False, "INFO hearth: turn ended outcome=done act_ms=1.5"),
        ("auto", False, "INFO hearth: turn ended outcome=done act_ms=1.5"),
        ("text", True, "INFO hearth: turn ended outcome=done act_ms=1.5"),
    ],
)
def test_for_a_person(form: LogFormat, journal: bool, line: str) -> None:
    made = formatter(form, journal=journal).format(record(outcome="done", tier=None, act_ms=1.5))
    assert made == line


@pytest.mark.parametrize(("form", "journal", "prefix"), [("json", False, ""), ("json", True, "<6>"), ("auto", True, "<6>")])  # fmt: skip
def test_as_json(form: LogFormat, journal: bool, prefix: str) -> None:
    line = formatter(form, journal=journal).format(record(outcome="done", tier=None, act_ms=1.5, path=Path("/a")))
    assert line.startswith(prefix + "{")
    told = json.loads(line.removeprefix(prefix))
    assert told.pop("time").endswith("Z")
    assert told == {
        "message": "turn ended", "level": "info", "logger": "hearth", "outcome": "done", "act_ms": 1.5, "path": "/a",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("level", "prefix"),
    [(logging.CRITICAL, "<2>"), (logging.ERROR, "<3>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"),
     (logging.DEBUG, "<7>"), (25, "<6>")],
)  # fmt: skip
def test_the_journal_is_told_how_grave_it_is(level: int, prefix: str) -> None:
    assert formatter("auto", journal=True).format(record(level)).startswith(prefix)


def test_a_traceback_is_one_line_and_tells_no_values() -> None:
    said = "the cellar key is under the mat"
    try:
        int(said[:0] or "x")
    except ValueError:
        failed = record(logging.ERROR)
        failed.exc_info = sys.exc_info()
    line = formatter("json", journal=False).format(failed)
    assert "\n" not in line
    assert "ValueError" in json.loads(line)["exception"]
    assert "int(said" in line
    assert "cellar" not in line


def test_whether_the_journal_reads_it(tmp_path: Path) -> None:
    with (tmp_path / "err").open("w") as stream:
        found = os.fstat(stream.fileno())
        assert in_journal({"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}, stream)
        # Inherited from a service that has sent its own errors elsewhere.
        assert not in_journal({"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino + 1}"}, stream)
        assert not in_journal({}, stream)
    assert not in_journal({"JOURNAL_STREAM": "8:1"}, io.StringIO())
