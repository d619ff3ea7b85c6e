"""Wake words that three assistants hear at once, over a real mosquitto: how many answer each, and how soon they agree.

    python scripts/arbitration_campaign.py [--wakes 1000] [--loss 0.05] [--kill 0.1] [--lanes 1] [--seed 1]

All three hear every word, each as loud and as late as chance has it. ``--lanes``: so many people speak at once, each to
all assistants; a machine that is busy with other things does not keep up with many. ``--loss``: part of the messages
that each assistant does not get. ``--kill``: part of the words in which one of the assistants dies before the command
is over; those run after the others, for who is dead is replaced.
"""

import argparse
import asyncio
import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio
import numpy as np

from edge.bench.several import Participant, Utterance, participants, utter
from edge.home.broker import Broker

_COMMAND_S = (0.4, 0.7)
_GOAL_MS = 150
_STALL_S = 0.05
_WORDS = 8


@contextmanager
def mosquitto() -> Iterator[Broker]:
    """A broker for this alone."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Broker(host="127.0.0.1", port=port)
    finally:
        running.kill()
        running.wait()


async def campaign(broker: Broker, asked: argparse.Namespace) -> list[Utterance]:
    """All words, with what became of them."""
    chance = random.Random(asked.seed)  # noqa: S311  # the same in every run
    kills = round(asked.wakes * asked.kill)
    done: list[Utterance] = []
    async with participants(broker, 3, asked.loss, chance) as everybody, anyio.create_task_group() as lanes:
        lanes.start_soon(_notice_stalls, done, asked.wakes - kills)
        for lane in range(asked.lanes):
            count = (asked.wakes - kills) // asked.lanes + (lane < (asked.wakes - kills) % asked.lanes)
            lanes.start_soon(_lane, everybody, f"word{lane}", count, random.Random(chance.random()), done)  # noqa: S311
    while kills > 0:
        async with participants(broker, 3, asked.loss, chance) as everybody:
            await _lane(everybody, "word", 1, chance, done, chance.randrange(3))
        kills -= 1
    return done


async def _notice_stalls(done: Sequence[Utterance], count: int) -> None:
    """On a machine that does other things, too, times say something about it as well."""
    stalls, before = [], time.monotonic()
    while len(done) < count:
        await anyio.sleep(0.005)
        now = time.monotonic()
        stalls.append(now - before - 0.005)
        before = now
    worst, often = max(stalls) * 1000, sum(stall > _STALL_S for stall in stalls)
    print(
        f"\rtimers late by more than {_STALL_S * 1000:g} ms: {often} of {len(stalls)}, at worst {worst:.0f} ms",
        file=sys.stderr,
    )


async def _lane(
    everybody: Sequence[Participant],
    word: str,
    count: int,
    chance: random.Random,
    done: list[Utterance],
    victim: int | None = None,
) -> None:
    for number in range(count):
        # The same word again, so soon, would be the same utterance.
        utterance = Utterance(f"{word}-{number % _WORDS}", chance.uniform(*_COMMAND_S), victim)
        await utter(everybody, utterance, chance)
        done.append(utterance)
        if len(done) % 50 == 0:
            odd = sum(len(one.answered) != 1 for one in done)
            print(f"\r{len(done)}, of which not answered by exactly one: {odd} ", end="", file=sys.stderr, flush=True)


def figures(done: Sequence[Utterance]) -> dict[str, object]:
    """What the campaign showed."""
    answers = Counter(len(one.answered) for one in done)
    decided = np.array([one.decision_s for one in done if one.answered]) * 1000
    return {
        "wakes": len(done),
        "answers": {str(count): answers[count] for count in sorted(answers)},
        "decision_ms": {
            "p50": round(float(np.percentile(decided, 50)), 1),
            "p95": round(float(np.percentile(decided, 95)), 1),
            "max": round(float(decided.max()), 1),
            f"within_{_GOAL_MS}": round(float((decided <= _GOAL_MS).mean()), 4),
        },
    }


def main() -> None:
    """Prints one JSON object."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--wakes", type=int, default=1000)
    arguments.add_argument("--loss", type=float, default=0.0)
    arguments.add_argument("--kill", type=float, default=0.0)
    arguments.add_argument("--lanes", type=int, default=1)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    begun = time.monotonic()
    with mosquitto() as broker:
        time.sleep(0.5)
        done = asyncio.run(campaign(broker, asked))
    print(file=sys.stderr)
    kept = [one for one in done if one.killed is None]
    killed = [one for one in done if one.killed is not None]
    result = {"loss": asked.loss, "seconds": round(time.monotonic() - begun)}
    for name, part in (("all_alive", kept), ("one_killed", killed)):
        if part:
            result[name] = figures(part)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
