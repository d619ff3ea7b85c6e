"""``hearth demo``: the whole loop on a recorded command, in a small house on an embedded broker."""

import time
from pathlib import Path

from rich.console import Console

from edge.app import assistant
from edge.audio.speaker import WavSink
from edge.audio.wavfile import read_recording
from edge.cli.play import play_one
from edge.cli.timeline import render
from edge.devices import Device, DeviceState
from edge.events import TurnEnded
from edge.home.demo import demo_home
from edge.intents import OutcomeKind
from edge.samples import KITCHEN_LIGHT
from edge.service import run_async
from edge.settings import Settings, load

_SETTLE_S = 5.0


def show(out: Path, *, realtime: bool) -> int:
    """Returns 0 when the command was heard and the device itself confirmed it."""
    return run_async(_show, load(), out, realtime)


async def _show(settings: Settings, out: Path, realtime: bool) -> int:
    console = Console()
    begun = time.perf_counter()
    async with demo_home() as home:
        mqtt = settings.mqtt.model_copy(update={"host": home.host, "port": home.port, "tls": False, "username": None})
        sink = WavSink(out)
        sink.name("answer")
        async with assistant(settings.model_copy(update={"mqtt": mqtt}), hears=True, sink=sink) as player:
            await player.house.settled(_SETTLE_S)
            # Only now is it known what can be said here, which the recogniser is made ready for.
            await player.ready()
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
        console.print("Next: `./scripts/run --mic` to speak yourself, `.venv/bin/hearth --help` for everything else.")
        return 0
    console.print("[red]The demo did not go as it should.[/] `hearth check` says what may be missing.")
    return 1
