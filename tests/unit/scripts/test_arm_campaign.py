"""The campaign of tests on an emulated board: what is recorded, what is run again, what is told of it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.arm import campaign, slow, summary
from scripts.arm.campaign import Campaign, Outcome
from scripts.prepare.cores import A53
from scripts.prepare.environment import ROOT
from scripts.prepare.watch import Words

TESTS = """
import pathlib, time, pytest

def test_good(): pass
def test_bad(): assert 1 == 2
def test_of_no_use(): pytest.skip("no board")
def test_that_hangs(): time.sleep(60)
def test_after_it(): pass
@pytest.fixture
def broken():
    yield
    raise OSError("gone")
def test_whose_end_is_bad(broken): pass
"""


def run_pytest(folder: Path, *but: str) -> tuple[list[Outcome], str]:
    (folder / "but").write_text("\n".join(but), "utf-8")
    options: Words = [f"--record={folder}/record", f"--but={folder}/but", "--limit=5", "-p", "no:cacheprovider"]
    line: Words = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", folder, "-p", "scripts.arm.recorded"]
    subprocess.run(
        [*line, *options, "test_it.py"], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    record = (folder / "record").read_text("utf-8")
    return list(campaign.read(record, "abc")), record


def test_each_test_is_recorded_as_it_ends_and_not_run_again(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS, "utf-8")
    outcomes, record = run_pytest(tmp_path, "test_it.py::test_good")
    assert [(one.test.partition("::test_")[2], one.outcome, one.why) for one in outcomes] == [
        ("bad", "failed", "assert 1 == 2"),
        ("of_no_use", "skipped", "('" + str(tmp_path / "test_it.py") + "', 6, 'Skipped: no board')"),
        ("that_hangs", "failed", "Failed: took longer than 5 s"),
        ("after_it", "passed", ""),
        ("whose_end_is_bad", "failed", "OSError: gone"),
    ]
    assert outcomes[2].seconds >= 5.0
    began = [json.loads(line)["began"] for line in record.splitlines() if "began" in line]
    assert began == [one.test for one in outcomes]
    again, _ = run_pytest(tmp_path, "test_it.py::test_good", *(one.test for one in outcomes))
    assert again == outcomes, "nothing was run"


def test_a_file_that_cant_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import nothing_of_that_name\n", "utf-8")
    ((one),), _ = run_pytest(tmp_path)
    assert (one.test, one.outcome) == ("test_it.py", "failed")
    assert "nothing_of_that_name" in one.why


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    line: Words = ["git", "-C", folder, *who, *words]
    said: str = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    return said.strip()


def commit(tree: Path, **files: str) -> str:
    for name, text in files.items():
        (tree / f"tests/{name}.py").write_text(text, "utf-8")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message", "x")
    return git(tree, "rev-parse", "--short=12", "HEAD")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "tests").mkdir(parents=True)
    (tree / "scripts/arm").mkdir(parents=True)
    left_out = '[[left_out]]\ntests = ["tests/a.py::test_slow"]\nwhy = "it measures time"\n'
    (tree / "scripts/arm/left_out.toml").write_text(left_out, "utf-8")
    git(tree, "init", "--quiet")
    return tree


def line(test: str, outcome: str = "passed", why: str = "") -> str:
    return json.dumps({"test": test, "outcome": outcome, "s": 36.0, "why": why}) + "\n"


def test_what_was_run_counts_until_its_file_changes(tree: Path, tmp_path: Path) -> None:
    first = commit(tree, a="1", b="1")
    second = commit(tree, b="2")
    names = ("tests/a.py::test_x", "tests/a.py::test_slow[1]", "tests/b.py::test_y", "tests/b.py::test_z")
    running = Campaign(tmp_path, tree, second, names)
    (tmp_path / f"{first}.17.jsonl").write_text(line(names[0]) + line(names[2]) + '{"test": "tests/a.py::c', "utf-8")
    (tmp_path / "0123456789ab.17.jsonl").write_text(line(names[3]), "utf-8")
    assert running.outcomes() == {names[0]: Outcome(names[0], "passed", 36.0, "", first)}
    (tmp_path / f"{second}.18.jsonl").write_text(line(names[2], "failed", "boom") + '{"began": "t"}\n', "utf-8")
    told, bad = summary.told(running, A53)
    assert bad
    assert told.splitlines() == [
        f"cortex-a53: of 4 tests at {second}, 1 passed, 1 failed, 0 skipped, 1 left out, 1 not reached; 0.0 hours",
        f"  1 ran at {first}",
        f"  1 ran at {second}",
        "FAILED tests/b.py::test_y (36 s): boom",
        "LEFT OUT tests/a.py::test_slow[1]: it measures time",
        "NOT REACHED tests/b.py: 1 of 2",
    ]
    campaign.forget(Campaign(tmp_path, tree, second, names[:1]), all_of_it=False)
    assert set(running.outcomes()) == {names[0], names[2]}, "of another part of it nothing is forgotten"
    campaign.forget(running, all_of_it=False)
    assert set(running.outcomes()) == {names[0]}
    campaign.forget(running, all_of_it=True)
    assert running.outcomes() == {}


def test_what_differs_by_processor_is_run_first_and_servers_last() -> None:
    tests = [
        "tests/unit/api/test_a.py::x", "tests/unit/home/test_b.py::x", "tests/unit/test_at_rest.py::x",
        "tests/unit/wake/test_training.py::x", "tests/unit/wake/test_c.py::x",
        "tests/unit/home/test_a.py::x", "tests/unit/hardware/test_d.py::x",
    ]  # fmt: skip
    assert [test.split("/", 2)[2] for test in campaign.ordered(tests)] == [
        "hardware/test_d.py::x", "wake/test_c.py::x", "test_at_rest.py::x", "home/test_b.py::x", "home/test_a.py::x",
        "api/test_a.py::x", "wake/test_training.py::x",
    ]  # fmt: skip
    assert all((ROOT / path).exists() for path in (*campaign.FIRST, *campaign.LAST))


WAITS = """
import selectors, threading, time
def condition():
    with (waited := threading.Condition()): waited.wait(0.02)
def select():
    with selectors.EpollSelector() as nothing: nothing.select(0.02)
for wait in (lambda: time.sleep(0.02), lambda: threading.Event().wait(0.02), condition, select):
    before = time.monotonic(), time.time()
    wait()
    print(time.monotonic() - before[0], time.time() - before[1])
"""


def test_by_the_slower_clock_everything_takes_its_time(tmp_path: Path) -> None:
    library = tmp_path / "slow.so"
    line: Words = ["cc", "-O2", "-shared", "-fPIC", ROOT / "scripts/arm/slow.c", "-o", library]
    subprocess.run(line, check=True)
    environ = {**os.environ, "LD_PRELOAD": str(library), slow.TIMES: f"10 {time.monotonic_ns()} {time.time_ns()}"}
    before = time.monotonic()
    told = subprocess.run([sys.executable, "-c", WAITS], env=environ, capture_output=True, text=True, check=True).stdout
    took = time.monotonic() - before
    spans = [float(number) for number in told.split()]
    assert len(spans) == 8
    assert min(spans) >= 0.019, "by its own clock nothing came back too early"
    assert took >= 4 * 0.2, "by ours each took ten times as long"
    assert sum(spans[::2]) <= took / 10 + 0.001, "and it agrees with itself on how long that was"
