"""``hearth play``: recordings through the whole loop in place of the microphone."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path

import anyio

from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.conditioning import conditioned
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.audio.speaker import WavSink
from edge.audio.wavfile import read_recording
from edge.chunk import Pcm
from edge.cli.options import print_json
from edge.cli.timeline import render
from edge.errors import AssistantError
from edge.events import AnyEvent, TurnEnded, as_json
from edge.service import run_async
from edge.settings import Settings

_SETTLE_S = 5.0
_RING_S = 30.0

Report = Callable[[Path, AnyEvent], None]


def play_files(
    settings: Settings, files: list[Path], *, realtime: bool, no_wake: bool, out: Path | None, json_lines: bool
) -> int:
    """Returns 0 when every file gave at least one turn, 1 otherwise; a bad file is named and the others go on."""
    report = _report_json if json_lines else _report_timeline
    return run_async(_play, settings, files, realtime, no_wake, out, report)


async def _play(
    settings: Settings, files: list[Path], realtime: bool, no_wake: bool, out: Path | None, report: Report
) -> int:
    failed = False
    sink = WavSink(out)
    async with assistant(settings, hears=True, sink=sink) as player:
        await player.house.settled(_SETTLE_S)
        await player.ready()
        for file in files:
            sink.name(file.stem)
            try:
                pcm = conditioned(read_recording(file))
                tell = functools.partial(report, file)
                turns = await play_one(player, pcm, realtime=realtime, no_wake=no_wake, report=tell)
            except AssistantError as error:
                turns = []
                print(f"hearth: {file}: {error}", file=sys.stderr)
            else:
                if not turns:
                    print(f"hearth: {file}: no wake word was heard — try --no-wake", file=sys.stderr)
            failed = failed or not turns
    return int(failed)


async def play_one(
    player: Assistant, pcm: Pcm, *, realtime: bool, no_wake: bool, report: Callable[[AnyEvent], None]
) -> list[TurnEnded]:
    """Send ``pcm`` (int16, 16 kHz) through ``player``; ``report`` gets every event as it happens."""
    with player.bus.subscribe(size=1024) as events:
        async with anyio.create_task_group() as tasks:

            async def tell() -> None:
                while True:
                    report(await events.next())

            tasks.start_soon(tell)
            if no_wake:
                turns = [await player.utterance(pcm)]
            else:
                ring = Ring(_RING_S, lossless=not realtime)
                async with Replay(pcm, ring, realtime=realtime):
                    turns = await player.follow(ring)
            tasks.cancel_scope.cancel()
        for event in events.pending():
            report(event)
    return turns


def _report_json(file: Path, event: AnyEvent) -> None:
    print_json({**as_json(event), "file": str(file)})


def _report_timeline(file: Path, event: AnyEvent) -> None:
    if isinstance(event, TurnEnded):
        render(event, title=file.name)
