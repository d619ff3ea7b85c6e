"""`scripts/bench_sync`: the load of :mod:`cloud_sync.bench` on each of the stores, which it starts itself."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tests.nats import nats
from tests.postgres import postgres

SETUPS = {"sqlite": 1, "postgresql": 1, "postgresql2": 2}
"""Workers of each."""
SCENARIOS = ["idle", "ping", "storm", "tell", "burst", "day"]


def main(
    setups: Annotated[str, typer.Option(help="Of: sqlite, postgresql, postgresql2; separated by commas.")] = ",".join(
        SETUPS
    ),
    others: Annotated[list[str] | None, typer.Argument(help="For cloud_sync.bench; else all of its scenarios.")] = None,
) -> None:
    """Prints one JSON object a scenario."""
    for setup in setups.split(","):
        arguments = ["--workers", str(SETUPS[setup]), *(others or SCENARIOS)]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            if setup == "sqlite":
                _run(arguments)
            else:
                with postgres(Path(folder) / "cluster") as cluster, nats() as broker:
                    url = cluster.create("bench").replace("+psycopg", "")
                    _run(["--database", url, *(["--nats", broker.url] if SETUPS[setup] > 1 else []), *arguments])


def _run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "cloud_sync.bench", *arguments], check=True)


if __name__ == "__main__":
    typer.run(main)
