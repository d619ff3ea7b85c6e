"""The complete assistant in a process of its own: recordings in, at the speed of speech, and its turns out.

``python -m edge.bench.turns HOST PORT [--config FILE]``: HOST and PORT are the broker's. It writes one JSON object a
line, ``{"listening": true}`` and ``{"ready": true}`` when it is so, then for each path that it reads from standard
input ``{"turns": […]}``.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

import anyio
from anyio.to_thread import run_sync

from edge.app import assistant
from edge.audio.speaker import WavSink
from edge.audio.wavfile import read_recording
from edge.cli.options import print_json
from edge.cli.play import play_one
from edge.errors import AssistantError
from edge.events import as_json
from edge.service import run_async
from edge.settings import Settings, load

_SETTLE_S: Final = 5.0


async def _serve(settings: Settings) -> None:
    async with assistant(settings, hears=True, sink=WavSink(None)) as player:
        await player.listens()
        print_json({"listening": True})
        await player.house.settled(_SETTLE_S)
        await player.ready()
        print_json({"ready": True, "devices": len(player.house.devices())})
        while path := (await run_sync(sys.stdin.readline, abandon_on_cancel=True)).strip():
            pcm = read_recording(Path(path))
            turns = await play_one(player, pcm, realtime=True, no_wake=False, report=lambda event: None)
            print_json({"turns": [as_json(turn) for turn in turns]})
            await anyio.lowlevel.checkpoint()


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--config", type=Path)
    asked = parser.parse_args()
    settings = load(asked.config)
    broker = {"host": asked.host, "port": asked.port, "tls": False, "username": None}
    run_async(_serve, settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update=broker)}))


if __name__ == "__main__":
    try:
        main()
    except AssistantError as error:
        sys.exit(f"hearth: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
