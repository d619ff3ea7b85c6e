"""``python -m tests.fuzz.guided NAME… --told FOLDER``: entries by what they reach, through the package atheris.

A process for each parser: libFuzzer, behind atheris, ends its own. See https://github.com/google/atheris.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from random import Random
from typing import Any, Final

import atheris  # type: ignore[import-not-found]

_WATCHED: Final = ["edge", "cloud_sync", "models", "jinja2", "tarfile", "tomllib", "tomlkit", "hassil"]
"""Packages in which it looks for ways that were not gone yet."""

with atheris.instrument_imports(include=_WATCHED, enable_loader_override=False):
    from tests.fuzz import campaign, files
    from tests.fuzz.campaign import Told
    from tests.fuzz.mutate import Mutator
    from tests.fuzz.parser import Parser

_BY_BYTES: Final = 0.4
_LONGEST: Final = 20_000
"""Bytes: what is longer is left to the other way, which looks at time."""


def main() -> None:
    """One parser after the other, each in a child of its own: what is watched is loaded once, which takes a minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--seconds", type=float, default=60, help="of processor time, for each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--told", type=Path, required=True, help="a folder for what came of each")
    asked = parser.parse_args()
    for chosen in [each for each in campaign.PARSERS if each.name in asked.names]:
        child = os.fork()
        if not child:
            _fuzz(chosen, asked)
        _, status = os.waitpid(child, 0)
        if status:
            _tell(asked.told, Told(chosen), [f"it ended with {os.waitstatus_to_exitcode(status)}"])
    files.remove()


def _tell(folder: Path, told: Told, further: list[str]) -> None:
    """What came of it, whole or not at all."""
    said = {"entries": told.entries, "seconds": told.seconds, "findings": [*told.findings, *further]}
    new = folder / f"{told.parser.name}.new"
    new.write_text(json.dumps(said), "utf-8")
    new.replace(folder / f"{told.parser.name}.json")


def _fuzz(chosen: Parser, asked: argparse.Namespace) -> None:
    """Ends the process."""
    told, begun = Told(chosen), time.process_time()
    folder = campaign.cache() / "corpus" / chosen.name
    folder.mkdir(parents=True, exist_ok=True)
    broken = campaign.cache() / "findings" / chosen.name
    broken.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(chosen.seeds):
        (folder / f"seed-{number}").write_bytes(seed)

    def one(data: bytes) -> None:
        told.entries += 1
        try:
            chosen.feed(data)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a finding
            if told.take(data, error):
                told.keep(campaign.cache())
        told.seconds = time.process_time() - begun
        if told.seconds > asked.seconds:
            _tell(asked.told, told, [])
            # Not by libFuzzer's own limit: it waits for a thread that the child of a fork does not have.
            os._exit(0)

    def other(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < _BY_BYTES:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        mutator = Mutator([*chosen.seeds, data], chosen.tokens, min(most, chosen.largest), random)
        return mutator.changed(data)

    options: list[Any] = [
        sys.argv[0], str(folder), f"-seed={asked.seed}", f"-max_len={min(chosen.largest, _LONGEST)}",
        "-timeout=300", "-rss_limit_mb=3000", "-verbosity=0", f"-artifact_prefix={broken}/",
    ]  # fmt: skip
    with campaign.quiet():
        atheris.Setup(options, one, custom_mutator=other)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
