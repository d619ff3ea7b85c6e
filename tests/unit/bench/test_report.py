"""The page and the JSON of a run: everything in it, nothing from outside, whatever was left out."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from edge.bench.errors import BenchError
from edge.bench.machine import Machine
from edge.bench.observed import median_turn, stages
from edge.bench.report import page, write
from edge.bench.result import Result, System
from edge.bench.spread import Spread, spread

_VOID = frozenset({"meta", "br", "link", "img"})


def of(*values: float) -> Spread:
    found = spread(values)
    assert found is not None
    return found


OURS = System(
    name="hearthside",
    what="the complete assistant",
    stages={"endpoint": of(300, 320), "stt": of(20, 30), "understand": of(5, 6), "act": of(7, 9), "speak": of(90, 95)},
    median_turn={"endpoint": 300, "stt": 30, "understand": 5, "act": 9, "speak": 95, "first_audio": 439},
    cpu_s=of(0.8, 0.9),
    idle_cpu=2.0,
    rss_mb=400.0,
    cold_start_s=of(2.5),
    figures={"heard": 1.0, "done": 0.5, "wer": 0.1},
    clips=2,
)
STT = System(
    name="hearthside-stt", what="ours alone", stages={"stt": of(100, 120)}, cpu_s=of(0.2), figures={"wer": 0.1}
)
WAKE = System(name="hearthside-wake", what="ours alone", idle_cpu=0.5, rss_mb=50.0, figures={"recall": 0.99})
WHISPER = System(
    name="wyoming-faster-whisper",
    what="a peer <3.8.1>",
    stages={"stt": of(400, 800)},
    cpu_s=of(0.8),
    rss_mb=200.0,
    cold_start_s=of(2.0),
    figures={"wer": 0.2},
)
OWW = System(
    name="wyoming-openwakeword",
    what="a peer",
    idle_cpu=10.0,
    rss_mb=100.0,
    cold_start_s=of(5.0),
    figures={"recall": 0.9, "false_accepts": 0.0},
)
RESULT = Result(
    systems=[OURS, STT, WAKE, WHISPER, OWW],
    machine=Machine("A <small> board", 4, 1000, "Linux aarch64", "3.11.2"),
    versions={"faster-whisper": "1.2.1"},
    command="hearth bench --peers",
    source="two commands",
    date="2026-01-02T03:04:05+00:00",
)


class Page(HTMLParser):
    """Checks that what is opened is closed, and collects what a browser would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.plots = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        self.plots += tag == "svg"
        self.loads += [value for name, value in attrs if value and name in ("src", "href", "xlink:href", "data")]
        self.loads += [tag] if tag in ("script", "link", "iframe", "object", "img", "image") else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Page:
    found = Page()
    found.feed(html)
    found.close()
    assert found.open == []
    return found


def test_the_page_is_whole_and_asks_for_nothing() -> None:
    html = page(RESULT)
    found = parsed(html)
    for system in RESULT.systems:
        assert system.name in found.text
    assert found.plots == 5
    assert [load for load in found.loads if not load.startswith("#")] == []
    assert re.findall(r"url\((?!#)", html) == []
    assert "@import" not in html
    assert "A <small> board" in found.text
    assert "a peer <3.8.1>" in found.text
    assert "hearth bench --peers" in found.text
    assert "currentColor" in html


@pytest.mark.parametrize(
    "systems", [[OURS], [OURS, STT, WAKE], [WHISPER], [replace(OURS, stages={}, median_turn={})], []]
)
def test_whatever_was_not_measured_is_left_out(systems: list[System]) -> None:
    found = parsed(page(replace(RESULT, systems=systems)))
    assert all(system.name in found.text for system in systems)
    assert "nan" not in found.text.lower()


def test_ratios_are_ours_in_multiples_of_the_peers() -> None:
    ratios = {line.what: line.ratio for line in RESULT.comparisons()}
    assert ratios == pytest.approx(
        {
            # (300 + 20 and 320 + 30) against (0.7 s of waiting, and 400 and 800)
            "last speech → text": 335 / 1300,
            "speech to text alone": 110 / 600,
            "processor time for one command's text": 0.25,
            "word errors": 0.5,
            "processor while idle, whole assistant": 0.2,
            "processor while idle, wake word alone": 0.05,
            "missed wake words": 0.1,
            "memory, whole assistant": 400 / 300,
            "memory, wake word alone": 0.5,
            "cold start to listening": 0.5,
        }
    )


def test_json_has_every_system_and_stage() -> None:
    row = json.loads(json.dumps(RESULT.row()))
    assert row["bench"]["hearthside"]["endpoint"] == {"p50": 310.0, "p95": 319.0}
    assert row["bench"]["hearthside"]["idle_cpu_percent"] == 2.0
    assert row["bench"]["hearthside"]["rss_mb"] == 400
    assert row["bench"]["wyoming-faster-whisper"]["cpu_s"] == {"p50": 0.8, "p95": 0.8}
    assert row["bench"]["wyoming-openwakeword"]["recall"] == 0.9
    assert "stt" not in row["bench"]["wyoming-openwakeword"]
    assert "A <small> board" in row["machine"]


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match=r"cannot be written.*--report"):
        write(tmp_path / "file" / "report.html", RESULT)


@pytest.mark.parametrize(
    ("timings", "expected"),
    [
        (
            {"wake_ms": 1, "endpoint_ms": 300, "stt_ms": 20, "understand_ms": 5, "act_ms": 7, "first_audio_ms": 432},
            {"endpoint": 300, "stt": 20, "understand": 5, "act": 7, "speak": 100, "first_audio": 432},
        ),
        (
            {"endpoint_ms": 300, "stt_ms": 20, "understand_ms": 5, "act_ms": None, "first_audio_ms": 400},
            {"endpoint": 300, "stt": 20, "understand": 5, "speak": 75, "first_audio": 400},
        ),
        ({"endpoint_ms": 300, "stt_ms": 20, "first_audio_ms": None}, {"endpoint": 300, "stt": 20}),
        ({}, {}),
    ],
)
def test_stages_add_up(timings: dict[str, float | None], expected: dict[str, float]) -> None:
    assert stages(timings) == expected


@pytest.mark.parametrize(
    ("first_audio", "median"), [([5.0], 5.0), ([9.0, 1.0, 5.0], 5.0), ([None, 3.0], 3.0), ([None], None), ([], None)]
)
def test_the_median_turn_is_one_that_was(first_audio: list[float | None], median: float | None) -> None:
    turns = [{"stt": 1.0} if ms is None else {"stt": 1.0, "first_audio": ms} for ms in first_audio]
    assert median_turn(turns).get("first_audio") == median
