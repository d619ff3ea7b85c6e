"""``scripts/check_arm``."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from scripts.arm import campaign, count, llama, root, summary, tried, wheels
from scripts.arm.root import Kept
from scripts.prepare.cores import A53, CORES, Core
from scripts.prepare.watch import StepFailed

Command: TypeAlias = Callable[[argparse.Namespace], int]

_BY_NAME: Final[Mapping[str, Core]] = {core.name: core for core in CORES}
_OF_A_CORE: Final[Mapping[str, Any]] = {"type": _BY_NAME.__getitem__, "metavar": "|".join(_BY_NAME)}
_NEEDED: Final = ("bwrap", "apt-get", "dpkg-deb")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0 when all is well."""
    asked = _parser().parse_args(arguments)
    os.environ.pop("PYTHONPATH", None)
    command: Command = asked.command
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing and command is not _wheels:
        print(f"check_arm: {', '.join(missing)} missing — apt-get install bubblewrap", file=sys.stderr)
        return 1
    try:
        return command(asked)
    except StepFailed as failure:
        print(f"check_arm: {failure.title} failed (log: {failure.log})\n{failure.output[-2000:]}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    models = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "hearthside/models"
    parser = argparse.ArgumentParser("scripts/check_arm")
    parser.add_argument("--cache", type=Path, default=home / "hearthside/arm", help="what is kept for the next time")
    parser.add_argument("--models", type=Path, default=models, help="models that are here already")
    commands = parser.add_subparsers(required=True, metavar="WHAT")
    one = commands.add_parser("wheels", help="has every locked package a wheel for boards?")
    one.add_argument("--ask", action="store_true", help="ask the index anew")
    one.set_defaults(command=_wheels)
    one = commands.add_parser("llama", help="build llama-cpp-python for each core, and try each build on each core")
    one.add_argument("--core", **_OF_A_CORE, help="only on that one")
    one.set_defaults(command=_llama)
    one = commands.add_parser("tests", help="run the tests on an emulated board")
    _with_core(one)
    one.add_argument("paths", nargs="*", default=["tests/unit", "tests/flow"], metavar="PATH")
    one.add_argument("--shard", type=_shard, default=(1, 1), metavar="1/3", help="only this part; others at a time")
    one.add_argument("--workers", type=int, default=1, metavar="N", help="all of N shards at a time")
    one.add_argument("--one-of-each", action="store_true", help="only the first test of each file")
    one.add_argument("--limit", type=float, default=600.0, metavar="S", help="seconds that a test may take")
    one.add_argument("--slow", type=int, default=8, metavar="TIMES", help="how slow the board's clock goes")
    one.add_argument("--summary", action="store_true", help="run nothing: what has come of it so far")
    one.add_argument("--again", action="store_true", help="also what failed")
    one.add_argument("--afresh", action="store_true", help="also what has passed")
    one.set_defaults(command=_tests)
    one = commands.add_parser("count", help="count the instructions of a turn's stages")
    _with_core(one)
    one.add_argument("--save", type=Path, metavar="FILE", help="also keep the numbers there, as JSON")
    one.add_argument("stages", nargs="*", metavar="STAGE")
    one.set_defaults(command=_count)
    return parser


def _with_core(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--core", **_OF_A_CORE, default=A53)


def _wheels(asked: argparse.Namespace) -> int:
    if asked.ask:
        with tempfile.TemporaryDirectory() as folder:
            wheels.RECORD.write_text(wheels.ask(Path(folder)), "utf-8")
    record, bad = wheels.RECORD.read_text("utf-8"), 0
    for lock in wheels.LOCKS:
        told = wheels.problems(lock.read_text("utf-8"), record)
        bad += len(told)
        print(f"{lock.name}: {len(list(wheels.pins(lock.read_text('utf-8'))))} packages, {len(told)} without a wheel")
        for problem in told:
            print(f"  {problem}")
    return 1 if bad else 0


def _llama(asked: argparse.Namespace) -> int:
    kept = Kept(asked.cache)
    cores = [asked.core] if asked.core else CORES
    built = llama.build(CORES, kept.wheels, kept.folder / "llama")
    root.make(kept)
    emulator = root.emulator(kept)
    return tried.builds(kept, emulator, asked.models, dict(zip(CORES, built, strict=True)), cores)


def _tests(asked: argparse.Namespace) -> int:
    kept = Kept(asked.cache)
    if not asked.summary:
        root.make(kept)
        root.emulator(kept)
        (runtime,) = llama.build([asked.core], kept.wheels, kept.folder / "llama")
    running = campaign.prepare(kept, asked.core, asked.paths)
    if asked.again or asked.afresh:
        campaign.forget(running, all_of_it=asked.afresh)
    if asked.workers > 1 and not asked.summary:
        _beside_each_other(asked)
    elif not asked.summary:
        way = campaign.Way(asked.core, asked.models, asked.shard, asked.limit, asked.one_of_each, asked.slow, runtime)
        campaign.run(running, kept, way)
    told, bad = summary.told(running, asked.core)
    print(told)
    return 1 if bad else 0


def _beside_each_other(asked: argparse.Namespace) -> None:
    """Run the shards at the same time, each in a session of its own, as the kernel shares processors among these."""
    line = [sys.executable, "-m", "scripts.arm", "--cache", asked.cache, "--models", asked.models, "tests"]
    line += ["--core", asked.core.name, "--limit", str(asked.limit), "--slow", str(asked.slow)]
    line += ["--one-of-each"] * asked.one_of_each
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shards = [
        subprocess.Popen(
            [*line, "--shard", f"{number}/{asked.workers}", *asked.paths],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        for number in range(1, asked.workers + 1)
    ]
    try:
        for shard in shards:
            shard.wait()
    finally:
        for shard in shards:
            shard.kill()


def _shard(said: str) -> tuple[int, int]:
    number, _, shards = said.partition("/")
    if not 1 <= int(number) <= int(shards):
        raise ValueError(said)
    return int(number), int(shards)


def _count(asked: argparse.Namespace) -> int:
    kept = Kept(asked.cache)
    root.make(kept)
    counted = count.count(kept, asked.core, asked.stages, asked.models)
    for board in count.BOARDS:
        if board.core is asked.core:
            print(count.told(board, counted))
    if asked.save:
        count.save(asked.save, asked.core, counted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
