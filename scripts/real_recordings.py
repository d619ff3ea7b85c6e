"""Five real recordings, each a wake word joined to a command, through `hearth play` against a simulated house.

    python scripts/real_recordings.py --data DIR [--gap 0.3]

DIR is an evaluation folder with ``audio.jsonl``. The joined files live in a temporary folder only. Prints what was
heard and done for each, and exits 0 when all five intents are right and the devices obeyed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
import soundfile

from edge.audio.wavfile import read_recording
from edge.chunk import RATE, Pcm
from edge.home.demo import Announced, SimulatedHome, embedded_broker

LIGHT = {"schema": "json", "brightness": True, "supported_color_modes": ["rgb"]}
HOUSE: tuple[Announced, ...] = (
    ("light", "bed_light", "Bed Light", "Bedroom", LIGHT, "OFF"),
    ("light", "standing_light", "Standing Light", "Office", {"schema": "json"}, "ON"),
    ("cover", "sliding_door", "Sliding Door", "Office", {"device_class": "door"}, "closed"),
    ("lock", "front_door", "Front Door", "Hallway", {}, "LOCKED"),
)  # fmt: skip
WANTED: dict[str, tuple[str, dict[str, Any]]] = {
    "set brightness of the Bed Light to 10 percent": ("HassLightSet", {"name": "Bed Light", "brightness": 10}),
    "set Bed Light color to orange": ("HassLightSet", {"name": "Bed Light", "color": "orange"}),
    "open the Sliding Door": ("HassTurnOn", {"name": "Sliding Door"}),
    "is the Front Door unlocked": ("HassGetState", {"name": "Front Door", "state": "unlocked"}),
    "turn the Standing Light in the Office off": ("HassTurnOff", {"name": "Standing Light", "area": "Office"}),
}
AFTER = {"bed_light": "ON", "sliding_door": "open", "standing_light": "OFF"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--gap", type=float, default=0.3, help="seconds between the wake word and the command")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = joined(options.data, Path(folder), options.gap)
        return anyio.run(play, files, Path(folder))


def joined(data: Path, folder: Path, gap: float) -> list[Path]:
    """One file for each wanted command: a second of quiet, a real "alexa", ``gap`` seconds, the command."""
    clips = [json.loads(line) for line in (data / "audio.jsonl").read_text().splitlines()]
    words = [data / clip["path"] for clip in clips if clip.get("word") == "alexa"]
    commands = {clip["text"]: data / clip["path"] for clip in clips if clip["task"] == "commands"}
    files = []
    for number, text in enumerate(WANTED):
        word, command = voiced(read_recording(words[number * 7])), voiced(read_recording(commands[text]))
        sound = np.concatenate([quiet(1.0), word, quiet(gap), command, quiet(0.2)])
        files.append(folder / f"{number}.wav")
        soundfile.write(files[-1], sound, RATE)
    return files


def voiced(pcm: Pcm) -> Pcm:
    """``pcm`` without the quiet before and after it."""
    frames = pcm[: len(pcm) // 320 * 320].reshape(-1, 320).astype(np.float32)
    loudness = np.sqrt((frames**2).mean(axis=1))
    loud = np.flatnonzero(loudness > max(60.0, 0.06 * float(loudness.max())))
    return pcm[loud[0] * 320 : (loud[-1] + 1) * 320]


def quiet(seconds: float) -> Pcm:
    return np.random.default_rng(0).normal(0, 8, round(seconds * RATE)).astype(np.int16)


async def play(files: list[Path], folder: Path) -> int:
    async with embedded_broker() as address, SimulatedHome(address, HOUSE) as home:
        environ = {
            **os.environ,
            "HEARTH_DATA_DIR": str(folder),
            "HEARTH_MQTT__HOST": address.host,
            "HEARTH_MQTT__PORT": str(address.port),
        }
        hearth = Path(sys.executable).with_name("hearth")
        command = [str(hearth), "play", "--json", *map(str, files)]
        done = await anyio.to_thread.run_sync(
            lambda: subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        )
        turns = [turn for turn in map(json.loads, done.stdout.splitlines()) if turn["type"] == "turn_ended"]
        right = done.returncode == 0 and len(turns) == len(files)
        for turn, (text, (name, slots)) in zip(turns, WANTED.items(), strict=False):
            ok = turn["intent"] is not None and (turn["intent"]["name"], turn["intent"]["slots"]) == (name, slots)
            right = right and ok and turn["outcome"] == "done"
            verdict, answer = "right" if ok else "WRONG", turn["reply"]["text"]
            print(f"{verdict}: {text!r} was heard as {turn['text']!r} and answered {answer!r}")
        obeyed = all(home.state(device)["state"] == state for device, state in AFTER.items())
        print(f"{len(turns)} turns of {len(files)}; the devices {'obeyed' if obeyed else 'did NOT obey'}")
        return 0 if right and obeyed else 1


if __name__ == "__main__":
    sys.exit(main())
