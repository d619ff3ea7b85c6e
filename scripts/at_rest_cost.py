"""What encrypting the database costs: processor time of a transaction, without and with, alternately.

``python scripts/at_rest_cost.py``
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from edge import at_rest
from edge.database import _open

_RUNS: Final = 5
_WRITES: Final = 500


def cost(folder: Path, *, encrypt: bool) -> float:
    """Microseconds of processor time for one transaction that inserts one row of 240 bytes."""
    at_rest.prepare(folder, encrypt=encrypt)
    connection = _open(folder / at_rest.DATABASE, True)
    connection.execute("CREATE TABLE note (n INTEGER PRIMARY KEY, text TEXT)")
    begun = time.process_time()
    for _ in range(_WRITES):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO note (text) VALUES (?)", ("a turn of some length " * 11,))
        connection.execute("COMMIT")
    spent = time.process_time() - begun
    connection.close()
    return spent / _WRITES * 1e6


def main() -> None:
    """Prints a line for each."""
    found: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        for run in range(_RUNS):
            for encrypt in (False, True):
                found[encrypt].append(cost(Path(folder) / f"{run}-{encrypt}", encrypt=encrypt))
    for encrypt, each in found.items():
        name = "encrypted" if encrypt else "plain"
        print(f"{name:9} {statistics.median(each):4.0f} µs ({min(each):.0f}–{max(each):.0f})")


if __name__ == "__main__":
    main()
