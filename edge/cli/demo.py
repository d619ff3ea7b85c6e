"""``hearth demo``: the whole loop on a recorded command, in a small house on an embedded broker."""

import gc
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console

from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.speaker import WavSink
from edge.audio.wavfile import read_recording
from edge.cli.play import play_one
from edge.cli.timeline import render
from edge.devices import Device, DeviceState
from edge.events import TurnEnded
from edge.home.demo import demo_home
from edge.intents import OutcomeKind
from edge.samples import KITCHEN_LIGHT
from edge.service import run_async, stop_signals
from edge.settings import Settings, load

_SETTLE_S = 5.0


def show(out: Path, *, realtime: bool) -> int:
    """Returns 0 when the command was heard and the device itself confirmed it."""
    return run_async(_show, load(), out, realtime)


def serve() -> int:
    """The demo house with its page, until it is told to stop. What is kept of it goes with it."""
    return run_async(_serve, load())


async def _serve(settings: Settings) -> int:
    from edge.api.web.server import serve_console

    console = Console()
    with tempfile.TemporaryDirectory(prefix="hearth-demo-") as folder:
        settings = settings.model_copy(update={"data_dir": Path(folder)})
        console.print("Building a demo house …")
        async with _at_home(settings, WavSink(None)) as player, serve_console(player) as page:
            await play_one(
                player, read_recording(KITCHEN_LIGHT), realtime=True, no_wake=False, report=lambda event: None
            )
            with stop_signals() as told_to_stop:
                console.print(
                    f"The page of a demo house with {len(player.house.devices())} devices: [bold]{page.address}[/]\n"
                    "Write to it or talk to it there; Ctrl-C ends it, and nothing of it is kept.",
                    highlight=False,
                )
                await told_to_stop()
    return 0


@asynccontextmanager
async def _at_home(settings: Settings, sink: WavSink) -> AsyncIterator[Assistant]:
    """The assistant in a demo house of its own, ready for whatever can be said there."""
    async with demo_home() as home:
        mqtt = settings.mqtt.model_copy(update={"host": home.host, "port": home.port, "tls": False, "username": None})
        async with assistant(settings.model_copy(update={"mqtt": mqtt}), hears=True, sink=sink) as player:
            await player.house.settled(_SETTLE_S)
            # Only now is it known what can be said here, which the recogniser is made ready for.
            await player.ready()
            # What is loaded by now stays: to look at all of it once more at the end would take seconds.
            gc.freeze()
            yield player


async def _show(settings: Settings, out: Path, realtime: bool) -> int:
    console = Console()
    begun = time.perf_counter()
    sink = WavSink(out)
    sink.name("answer")
    async with _at_home(settings, sink) as player:
        devices = player.house.devices()
        console.print(
            f"A demo house with {len(devices)} devices on an MQTT broker of its own; "
            f"listening {time.perf_counter() - begun:.1f} s after the start.\n"
            "Playing “Okay Nabu, turn on the kitchen light.”",
            highlight=False,
        )
        before = {device: player.house.state(device.id) for device in devices}
        turns = await play_one(
            player, read_recording(KITCHEN_LIGHT), realtime=realtime, no_wake=False, report=lambda event: None
        )
        for turn in turns:
            render(turn, title="one spoken command", console=console)
        _print_changes(console, before, {device: player.house.state(device.id) for device in devices})
    return _verdict(console, turns)


def _print_changes(console: Console, before: dict[Device, DeviceState], after: dict[Device, DeviceState]) -> None:
    for device, state in after.items():
        if state != before[device]:
            was = before[device].value
            console.print(f"[bold]{device.name}[/] was {was}, is now [bold green]{state.value}[/]", highlight=False)


def _verdict(console: Console, turns: list[TurnEnded]) -> int:
    if len(turns) == 1 and turns[0].outcome is OutcomeKind.DONE:
        console.print(
            "Next: `./scripts/run demo --console` to try it in a browser, `./scripts/run --mic` to speak yourself, "
            "`.venv/bin/hearth --help` for everything else.",
            highlight=False,
        )
        return 0
    console.print("[red]The demo did not go as it should.[/] `hearth check` says what may be missing.")
    return 1
