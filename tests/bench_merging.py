"""What sharing costs a write, and how long pages and the first comparison take: ``python -m tests.bench_merging``.

Processor time of this process, milliseconds, the median of seven rounds that alternate.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from tests.replicas import NOON, Assistant, Bridge, Clock, at_once

_WRITES = 300
_RECORDS = 5_000


def spent(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1e3


def shared(connection: apsw.Connection) -> None:
    connection.execute(
        "INSERT INTO memory_fact (id, text, created, changed) VALUES (lower(hex(randomblob(16))), 'under the mat', 1, 1)"
    )


def other(connection: apsw.Connection) -> None:
    connection.execute("UPDATE schema_part SET version = version WHERE part = 'lists'")


def main() -> None:
    world = [NOON]
    with tempfile.TemporaryDirectory() as folder:
        sharing = Assistant("a", Clock(world), Path(folder) / "a.db")
        alone = Assistant("b", Clock(world), Path(folder) / "b.db", on=False)
        for name, work in (("a row that is shared", shared), ("any other row", other)):
            costs: dict[str, list[float]] = {"sharing": [], "alone": []}
            for _ in range(7):
                for kind, one in (("sharing", sharing), ("alone", alone)):
                    whole = spent(lambda one=one, work=work: [one.write(work) for _ in range(_WRITES)])
                    costs[kind].append(whole / _WRITES)
            print(f"write {name}:", *(f"{kind} {statistics.median(all_):.3f} ms" for kind, all_ in costs.items()))

        bridge, source = Bridge(world), Assistant("c", Clock(world))
        source.add(*(f"item {number}" for number in range(_RECORDS)))
        source.push(bridge)
        target = Assistant("d", Clock(world), Path(folder) / "d.db")
        print(f"{_RECORDS} changes of others applied: {spent(lambda: target.pull(bridge, limit=500)):.0f} ms")
        before = Assistant("e", Clock(world), Path(folder) / "e.db", on=False)
        before.add(*(f"item {number}" for number in range(_RECORDS)))
        print(f"{_RECORDS} rows compared and told at first: {spent(before.switch_on):.0f} ms")
        before.add("last")
        removal = spent(lambda: before.remove("last"))
        print(f"one deletion among {_RECORDS} events that wait: {removal:.1f} ms")
        cleared = spent(lambda: at_once(target.lists.clear("shopping")))
        print(f"{_RECORDS} deletions at once: {cleared:.0f} ms")


if __name__ == "__main__":
    main()
