#!/usr/bin/env python3
"""Speech to text by wyoming-faster-whisper from the package index in place of another machine: what it hears, what it
takes, and that the local engine takes over when it dies.

Example: python scripts/remote_stt.py --peers-venv /tmp/peers
"""

import argparse
import functools
import json
import time
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import soxr

from edge.bench.free_port import free_port
from edge.bench.peers import WHISPER, install
from edge.bench.servers import peer_stt, serving
from edge.bench.wyoming_client import HOST
from edge.chunk import RATE, Pcm
from edge.engines import local_stt, local_tts
from edge.listen.stt_wyoming import WyomingStt, build
from edge.settings import load
from edge.wyoming.remote import Machine
from models.store import Store

_SENTENCES = ("Turn on the kitchen light.", "Set a timer for ten minutes.", "Close the blinds in the living room.")


async def main(folder: Path) -> None:
    """Prints one JSON object a line."""
    await install(folder, functools.partial(print, flush=True), [WHISPER])
    settings, port = load(), free_port()
    store = Store(settings.models_dir)
    voice = local_tts(settings, store)()
    spoken = {text: _at_speech_rate(voice.synthesize(text), voice.rate) for text in _SENTENCES}
    async with serving(WHISPER.name, peer_stt(settings, folder, port), port):
        machine = Machine(HOST, port, deadline_s=20.0, retry_s=0.5)
        engine = await anyio.to_thread.run_sync(build, local_stt(settings, store), machine)
        assert engine.remote.wait(30), "wyoming-faster-whisper does not answer"
        for text, pcm in spoken.items():
            print(json.dumps(await anyio.to_thread.run_sync(_heard, engine, text, pcm)), flush=True)
    for text, pcm in spoken.items():
        print(json.dumps(await anyio.to_thread.run_sync(_heard, engine, text, pcm)), flush=True)
    engine.close()


def _heard(engine: WyomingStt, text: str, pcm: Pcm) -> dict[str, Any]:
    before, begun = engine.remote.here, time.perf_counter()
    heard = engine.transcribe(pcm, "en").text
    ms = round((time.perf_counter() - begun) * 1000)
    return {"spoken": text, "heard": heard, "ms": ms, "remote": before and engine.remote.here}


def _at_speech_rate(pcm: Pcm, rate: int) -> Pcm:
    quiet = np.zeros(RATE // 3, np.int16)
    spoken = soxr.resample(pcm.astype(np.float32), rate, RATE)
    return np.concatenate([quiet, np.clip(spoken, -32768, 32767).astype(np.int16), quiet])


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--peers-venv", type=Path, required=True, help="folder for its environment")
    anyio.run(main, asked.parse_args().peers_venv)
