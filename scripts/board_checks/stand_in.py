"""In place of the assistant on a board of ``scripts/check_update``, whose engines would take a gigabyte: it gets ready,
and is looked after by the real keeper. It goes into the releases that are published there.
"""

import os
import signal
import sys
from types import SimpleNamespace
from typing import Any, cast

import anyio

from cloud_sync.notify import tell_systemd
from edge.session.phase import Phase
from edge.settings import load
from edge.updates import keeper, places


async def no_checks(_: object) -> tuple[str, ...]:
    """All is well."""
    return ()


async def run() -> None:
    """As ``hearth run`` does it."""
    settings, release = load(), places.running()
    assert release is not None
    assistant = SimpleNamespace(
        settings=settings,
        recent=SimpleNamespace(status=SimpleNamespace(phase=Phase.IDLE), turns=lambda: ()),
        announcer=SimpleNamespace(ringing=None),
        still_now=True,
        countdowns=(),
        skills=(),
        report=lambda error: print(error, file=sys.stderr, flush=True),
    )
    keeper._STILL_S = 1.0  # type: ignore[misc]
    kept = keeper.Keeper(cast(Any, assistant), release, lambda: os.kill(os.getpid(), signal.SIGTERM), checks=no_checks)
    tell_systemd("READY=1")
    async with anyio.create_task_group() as tasks, anyio.create_task_group() as beats:
        tasks.start_soon(kept.serve)
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            beats.start_soon(_beat)
            async for _ in signals:
                break
        tell_systemd("STOPPING=1")
        beats.cancel_scope.cancel()
        tasks.cancel_scope.cancel()


async def _beat() -> None:
    while True:
        tell_systemd("WATCHDOG=1")
        await anyio.sleep(2)


def main() -> None:
    """The program ``hearth`` of such a release."""
    if sys.argv[1:2] == ["run"]:
        anyio.run(run)
    else:
        from edge.cli import main as others

        others()
