"""The project's tests on an emulated board: thousands, each ten to thirty times as long as elsewhere. So it is a
campaign that can be cut off at any time and goes on where it was, and several shards of it can run at once.

What is tested is a commit, in a tree of its own: what changes meanwhile is not mixed in. What came of a test counts
until the file that it is in changes, and is told with the commit that it was run on.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.arm import emulated, suite
from scripts.arm.root import TREE, Kept, settle
from scripts.arm.tried import site
from scripts.prepare.cores import Core
from scripts.prepare.environment import ROOT
from scripts.prepare.watch import Words, watch

FIRST: Final = (
    "tests/unit/hardware", "tests/unit/listen", "tests/unit/wake", "tests/unit/audio", "tests/unit/memory",
    "tests/unit/privacy", "tests/unit/wyoming", "tests/unit/test_at_rest.py", "tests/unit/test_backup.py",
    "tests/unit/test_identity.py", "tests/unit/test_engine_thread.py", "tests/unit/test_wake_detector.py",
    "tests/unit/test_secret_files.py", "tests/unit/test_endpoint.py", "tests/unit/test_semantic.py",
    "tests/unit/models", "tests/flow/test_spoken_command.py", "tests/flow/test_conversation.py",
    "tests/flow/test_house.py", "tests/flow/test_wyoming.py", "tests/flow/test_cli.py",
)  # fmt: skip
"""What differs by processor: engines, sound, encryption, storage, pins."""
LAST: Final = (
    "tests/unit/api", "tests/unit/updates", "tests/unit/scripts", "tests/unit/evaluation", "tests/unit/bench",
    "tests/unit/test_llm_training.py", "tests/unit/wake/test_evaluation.py", "tests/unit/wake/test_training.py",
    "tests/flow/test_cloud_whole.py", "tests/flow/test_several.py", "tests/flow/test_bench.py",
    "tests/flow/test_web_load.py",
)  # fmt: skip
"""What starts a server for each test, or programs that start programs, or trains a model: each takes minutes there."""
_AT_A_TIME: Final = 24
"""Files that one process of pytest is given: to start one takes 20 s, and one that dies has to be started again."""
_NOT_USED: Final = ("-p", "no:schemathesis", "-p", "no:xdist", "--timeout=0")
"""Plugins that no test here needs, and that take long to load; how long a test may take is said by ``--limit``."""
_SPEECH: Final = "/speech"
"""Where the board keeps what the tests' own voice has said; tests/conftest.py."""
_LOOK_S: Final = 2.0
_GRACE_S: Final = 60.0
"""How long after its limit a test that does not let itself be ended is waited for."""
_ENDED_BY_ITSELF: Final = (0, 1, 5)
"""pytest: all passed, some failed, there were none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a test."""

    test: str
    outcome: str
    """passed, failed, skipped."""
    seconds: float
    why: str
    commit: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """The tests of one commit on one core."""

    folder: Path
    """Where it is recorded."""
    tree: Path
    """What is tested."""
    commit: str
    tests: tuple[str, ...]
    """All that there are in what was asked for, as collected on this machine, in the order in which they are run."""

    def left_out(self) -> dict[str, str]:
        """Tests that are not run, and why."""
        return {
            test: entry.why
            for entry in suite.left_out(self.tree)
            for test in self.tests
            for name in entry.tests
            if test == name or test.startswith((f"{name}/", f"{name}::", f"{name}["))
        }

    def outcomes(self) -> dict[str, Outcome]:
        """What has been run, the newest of each, but for tests whose file has changed since."""
        known: dict[str, Outcome] = {}
        changed: dict[str, frozenset[str] | None] = {}
        for record in sorted(self.folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime):
            commit = record.name.partition(".")[0]
            if commit not in changed:
                changed[commit] = _changed(self.tree, commit)
            if (since := changed[commit]) is not None:
                found = read(record.read_text("utf-8"), commit)
                known |= {one.test: one for one in found if one.test.partition("::")[0] not in since}
        return known


def prepare(kept: Kept, core: Core, paths: Sequence[str]) -> Campaign:
    """That of what is committed now. Raises StepFailed."""
    commit = _git(ROOT, "rev-parse", "--short=12", "HEAD")
    tree = kept.folder / "trees" / commit
    if not tree.exists():
        part = tree.with_name(f"{commit}.{os.getpid()}")
        _git(ROOT, "clone", "--quiet", "--local", str(ROOT), str(part))
        _git(part, "checkout", "--quiet", "--detach", commit)
        settle(part, tree)
    folder = kept.folder / "tests" / core.name
    folder.mkdir(parents=True, exist_ok=True)
    return Campaign(folder, tree, commit, tuple(ordered(_collected(kept, tree, paths))))


def _collected(kept: Kept, tree: Path, paths: Sequence[str]) -> list[str]:
    """The tests in ``paths``, as this machine's Python finds them, which takes a twentieth of the time."""
    said = kept.folder / "trees" / f"{tree.name}-{hashlib.sha256(repr(paths).encode()).hexdigest()[:12]}.txt"
    if not said.exists():
        part = said.with_suffix(f".{os.getpid()}")
        line: Words = ["env", "-C", tree, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
        watch("collecting", [*line, "--collect-only", *paths], part)
        part.rename(said)
    return [line for line in said.read_text("utf-8").splitlines() if line.startswith("tests/") and "::" in line]


def ordered(tests: Sequence[str]) -> list[str]:
    """First what differs by processor, last what takes longest for what it shows."""

    def place(test: str) -> int:
        for number, part in [*enumerate(LAST, 1), *enumerate(FIRST, -len(FIRST))]:
            if test.startswith((f"{part}/", f"{part}::")):
                return number
        return 0

    return sorted(tests, key=place)


@dataclass(frozen=True, slots=True)
class Way:
    """How it is run."""

    core: Core
    models: Path
    shard: tuple[int, int]
    """Which part, of how many."""
    limit_s: float
    """What a test may take, in this machine's time."""
    one_of_each: bool
    """Only the first test of each file."""
    times: int
    """How many times as slow as this machine's the board's clock goes."""
    llama: Path
    """The runtime of the language model, built for the core."""


def run(campaign: Campaign, kept: Kept, way: Way) -> None:
    """What has not been run yet of the shard. What comes of it is recorded test by test."""
    number, shards = way.shard
    record = campaign.folder / f"{campaign.commit}.{os.getpid()}.jsonl"
    record.touch()
    done = {*campaign.outcomes(), *campaign.left_out()}
    by_file: dict[str, list[str]] = {}
    for test in campaign.tests:
        by_file.setdefault(test.partition("::")[0], []).append(test)
    if way.one_of_each:
        wanted = [next((test for test in tests if test not in campaign.left_out()), "") for tests in by_file.values()]
        mine = [test for test in wanted[number - 1 :: shards] if test and test not in done]
    else:
        mine = [file for file in [*by_file][number - 1 :: shards] if not done.issuperset(by_file[file])]
    print(f"{len(mine)} {'tests' if way.one_of_each else 'files'} to do, at {campaign.commit}", flush=True)
    for start in range(0, len(mine), _AT_A_TIME):
        batch, before = mine[start : start + _AT_A_TIME], -1
        # One more process for each test that took the last one with it.
        while (ended := _pytest(campaign, kept, way, record, batch)) not in _ENDED_BY_ITSELF:
            written = record.stat().st_size
            if not _let_fail(record, f"pytest ended by {ended} while it ran") and written == before:
                print(f"pytest ended by {ended}, in no test: {' '.join(batch)}", flush=True)
                break
            before = written


def _pytest(campaign: Campaign, kept: Kept, way: Way, record: Path, wanted: Sequence[str]) -> int:
    """Run what is left of those files or tests. Returns the exit code; what can't be ended is ended with pytest."""
    done = {*campaign.outcomes(), *campaign.left_out()}
    but = record.with_suffix(".but")
    but.write_text("\n".join(done), "utf-8")
    options = [f"--record=/record/{record.name}", f"--but=/record/{but.name}"]
    options += [f"--limit={way.limit_s}", f"--times={way.times}"]
    plain = ["python", "-m", "pytest", "-p", "scripts.arm.recorded", "-p", "no:cacheprovider", *_NOT_USED, "--tb=short"]
    # A file that can't be read takes none of the others with it.
    plain += ["--continue-on-collection-errors"]
    speech = kept.folder / "speech"
    speech.mkdir(exist_ok=True)
    runtime = f"/{site(kept, way.llama).relative_to(kept.root)}"
    program = ["env", f"TESTS_SPEECH={_SPEECH}", f"PYTHONPATH={runtime}", *plain, *options, *wanted]
    # To build a package of it writes into its folder.
    written = {campaign.tree: TREE, campaign.folder: "/record", speech: _SPEECH}
    line = suite.inside(kept, way.core, way.models, program, None, written, way.times)
    with record.with_suffix(".log").open("ab") as out:
        process = emulated.start(kept.emulator, line, out.fileno())
        try:
            while process.poll() is None:
                time.sleep(_LOOK_S)
                running = _running(record)
                if running and time.time() - record.stat().st_mtime > way.limit_s + _GRACE_S:
                    process.kill()
        finally:
            process.kill()
            process.wait()
    return process.returncode


def _let_fail(record: Path, why: str) -> bool:
    """Write down that the test that was running failed. Returns whether one was."""
    if not (test := _running(record)):
        return False
    _append(record, {"test": test, "outcome": "failed", "s": 0.0, "why": why})
    return True


def _append(record: Path, line: Mapping[str, object]) -> None:
    with record.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")


def _running(record: Path) -> str | None:
    """The test that has begun and not ended."""
    lines = [*_lines(record.read_text("utf-8"))]
    return lines[-1].get("began") if lines else None


def read(record: str, commit: str) -> Iterator[Outcome]:
    """What a record says."""
    for line in _lines(record):
        if "outcome" in line:
            yield Outcome(line["test"], line["outcome"], line["s"], line["why"], commit)


def _lines(record: str) -> Iterator[dict[str, Any]]:
    """But for one that was cut off."""
    for line in record.splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def forget(campaign: Campaign, *, all_of_it: bool) -> None:
    """Have run again what failed of its tests, or all of them."""
    again = frozenset(campaign.tests)
    for record in campaign.folder.glob("*.jsonl"):
        kept = [
            line
            for line in _lines(record.read_text("utf-8"))
            if "outcome" in line and (line["test"] not in again or (not all_of_it and line["outcome"] != "failed"))
        ]
        record.write_text("".join(f"{json.dumps(line)}\n" for line in kept), "utf-8")


def _changed(tree: Path, commit: str) -> frozenset[str] | None:
    """Files of tests that are not as they were at that commit; None where nobody knows that commit any more."""
    try:
        return frozenset(_git(tree, "diff", "--name-only", commit, "HEAD", "--", "tests").splitlines())
    except subprocess.CalledProcessError:
        return None


def _git(folder: Path, *words: str) -> str:
    git = shutil.which("git") or "git"
    return subprocess.run([git, "-C", folder, *words], check=True, capture_output=True, text=True).stdout.strip()
