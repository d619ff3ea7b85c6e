"""``scripts/release``."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge.errors import AssistantError
from models.manifest import load
from scripts.debian.__main__ import programs
from scripts.installer.release import share
from scripts.prepare.ending import explain
from scripts.prepare.foreign import MACHINES
from scripts.prepare.watch import StepFailed
from scripts.publishing.keys import ROLES, Keys
from scripts.publishing.repository import NotPublished, Repository
from scripts.publishing.tree import release_of

PYTHON_BESIDE: Final = """\
#!/bin/sh
'''exec' "$(dirname -- "$(readlink -f -- "$0")")/python3" "$0" "$@"
' '''"""
"""The first lines of a program that runs by the Python that lies beside it, wherever that is."""


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        asked.work(asked)
    except (NotPublished, AssistantError, ValueError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    except StepFailed as failure:
        print(f"release: {failure.title} failed: {explain(failure.output)}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"release: {error.filename}: {error.strerror} — mend that and run it again", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/release", description="Publish releases that boards fetch by themselves.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--keys", type=Path, required=True, metavar="DIR")
    common.add_argument("--repository", type=Path, required=True, metavar="DIR")
    common.add_argument("--passphrase-file", type=Path, metavar="FILE", help="with which the keys are encrypted")
    steps = parser.add_subparsers(required=True, metavar="STEP")

    def step(name: str, work: object, about: str, *, signs: bool = True) -> argparse.ArgumentParser:
        found = steps.add_parser(name, help=about, description=about, parents=[common] if signs else [])
        found.set_defaults(work=work)
        return found

    step("init", _init, "Make keys for each role, and an empty repository.")
    build = step("build", _build, "Make the tree of a release for a kind of board.", signs=False)
    build.add_argument("--out", type=Path, required=True, metavar="TREE")
    build.add_argument("--arch", choices=MACHINES, default="arm64")
    build.add_argument("--python", default="3.11", help="of the Debian that it is for: 3.11 for 12, 3.13 for 13")
    build.add_argument(
        "--llama", type=Path, metavar="WHEEL", help="llama-cpp-python, built for all boards of this kind"
    )
    build.add_argument("--wheels", type=Path, metavar="DIR", help="all packages, where there is no network")
    add = step("add", _add, "Publish a tree as the newest release of a channel.")
    add.add_argument("--tree", type=Path, required=True)
    add.add_argument("--arch", choices=MACHINES, default="arm64")
    add.add_argument("--channel", default="stable")
    add.add_argument("--rollout", type=float, default=100.0, metavar="PERCENT", help="of the devices, at first")
    percent = step("rollout", _rollout, "Let more devices have it, or fewer.")
    percent.add_argument("--channel", default="stable")
    percent.add_argument("--percent", type=float, required=True)
    models = step("models", _models, "Publish models, for boards that reach no package index.")
    models.add_argument("--models", type=Path, required=True, metavar="DIR", help="as a board has them")
    models.add_argument("ids", nargs="+", metavar="MODEL")
    step("refresh", _refresh, "Sign anew what there is: once a week, by itself.")
    rotate = step("rotate", _rotate, "Another key for a role; it needs the root's.")
    rotate.add_argument("role", choices=ROLES)
    return parser


def _repository(asked: argparse.Namespace) -> Repository:
    passphrase = asked.passphrase_file.read_bytes().strip() if asked.passphrase_file else None
    return Repository(asked.repository, Keys(asked.keys, passphrase))


def _init(asked: argparse.Namespace) -> None:
    root = _repository(asked).init()
    print(f"boards trust {root}: sudo ./scripts/install --update-root {root}")
    print(f"now move {asked.keys}/root.pem to where no network is: only `rotate` needs it")


def _build(asked: argparse.Namespace) -> None:
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    major, _, minor = asked.python.partition(".")
    shutil.rmtree(asked.out, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="hearthside-release-") as folder:
        programs(asked.out, (int(major), int(minor)), asked, Path(folder), PYTHON_BESIDE)
    share(asked.out)
    print(f"{asked.out}: publish it with ./scripts/release add --arch {asked.arch} --tree {asked.out}")


def _add(asked: argparse.Namespace) -> None:
    repository = _repository(asked)
    made = release_of(asked.tree, MACHINES[asked.arch], repository.targets)
    path = repository.add(made, asked.channel, _percent(asked.rollout))
    packed = sum(pack.size for pack in made.packs)
    print(f"{made.name} is {path}: {len(made.packs)} packs, {packed / 1e6:.0f} MB, for {asked.rollout:g} %")


def _rollout(asked: argparse.Namespace) -> None:
    names = _repository(asked).rollout(asked.channel, _percent(asked.percent))
    print(f"{', '.join(sorted(set(names)))}: for {asked.percent:g} % of the devices")


def _models(asked: argparse.Namespace) -> None:
    manifest = load()
    paths = _repository(asked).add_models(asked.models, [manifest.model(name) for name in asked.ids])
    print(f"{len(paths)} files of {len(asked.ids)} models")


def _refresh(asked: argparse.Namespace) -> None:
    _repository(asked).refresh()


def _rotate(asked: argparse.Namespace) -> None:
    _repository(asked).rotate(asked.role)
    print(f"{asked.role} has another key; boards take it over when they look the next time")


def _percent(percent: float) -> float:
    if not 0 <= percent <= 100:  # noqa: PLR2004
        raise NotPublished(f"{percent:g} is no percentage")
    return percent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
