#!/usr/bin/env python3
"""Prints how well words are heard in noise, and through our own voice: the tables of docs/noise.md.

    python scripts/noise_table.py --data EVAL

EVAL is a folder with ``audio.jsonl`` and the recordings that it lists, dishes among its noises. The models of the
settings must be installed.
"""

import argparse
import functools
from collections.abc import Iterator
from pathlib import Path

import anyio
import numpy as np
import soxr
from piper import PiperVoice
from piper.config import SynthesisConfig

from edge import plugins
from edge.chunk import RATE, Pcm
from edge.evaluation.clips import clips
from edge.evaluation.echo import Remedy, erle_db, woken
from edge.evaluation.mixing import Noise
from edge.evaluation.noise import Treated, noise_row
from edge.evaluation.room import Room
from edge.settings import Settings, load
from edge.wake.micro import build
from models.store import Store

REMEDIES: tuple[Remedy, ...] = ("nothing", "duck", "cancel", "person alone")
ROOMS = ((0.15, 0.064), (0.25, 0.128), (0.4, 0.256))
ANSWER = (
    "The kitchen light is on. It is a quarter past seven in the evening, and the temperature outside is eleven "
    "degrees. There is more than one heater: in the bedroom or in the office? The front door is locked, and the "
    "blinds are at forty percent."
)
PERSON = "Could somebody please turn off all of the lights upstairs and close the blinds in the bedroom?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--engine", help="speech recogniser")
    parser.add_argument("--model", help="its model")
    parser.add_argument("--word", default="alexa")
    parser.add_argument("--limit", type=int, help="clips of each kind at most")
    parser.add_argument("--ratios", default="quiet,20,10,5,0", help="of speech over noise, dB")
    parser.add_argument("--only", choices=("noise", "echo"))
    options = parser.parse_args()
    settings = with_engine(load(), options.engine, options.model)
    if options.only != "echo":
        anyio.run(functools.partial(noise_table, settings, options))
    if options.only != "noise":
        echo_table(settings, options)


async def noise_table(settings: Settings, options: argparse.Namespace) -> None:
    print("| speech over noise | denoiser | word error | intents | orders | " + options.word + " |")
    print("|---|---|---|---|---|---|")
    wake = build([options.word], Path())
    dishes = options.data / "noise" / "doing_the_dishes.flac"
    for ratio in options.ratios.split(","):
        noise = None if ratio == "quiet" else Noise(dishes, float(ratio), 1)
        for name in ("none", *plugins.names("denoise")):
            denoiser = None if name == "none" else plugins.load("denoise", name)(Path())
            treated = Treated(noise, denoiser)
            row = await noise_row(settings, options.data, treated, wake, options.word, options.limit)
            shares = (row.wer, row.intents, row.orders, row.woken)
            written = " | ".join(f"{share:.1%}" for share in shares)
            print(f"| {ratio}{'' if noise is None else ' dB'} | {name} | {written} |", flush=True)


def echo_table(settings: Settings, options: argparse.Namespace) -> None:
    answer, person = spoken(settings, ANSWER, PERSON)
    print("\n| reverberation | echo removed | loudspeaker distorts | somebody talks |\n|---|---|---|---|")
    for reverberation_s, response_s in ROOMS:
        room = Room(reverberation_s=reverberation_s)
        removed = (
            erle_db(answer, room, response_s),
            erle_db(answer, room, response_s, distorts=True),
            erle_db(answer, room, response_s, person),
        )
        print(f"| {reverberation_s:.2f} s | {' | '.join(f'{db:.0f} dB' for db in removed)} |", flush=True)
    print(f"\n| our voice over theirs | {' | '.join(REMEDIES)} |\n|---|{'---|' * len(REMEDIES)}")
    wake, words = build([options.word], Path()), clips(options.data, "wake", options.limit, word=options.word)
    for over_db in (-6.0, 0.0, 6.0):
        shares = (woken(wake, options.word, words, answer, over_db, remedy) for remedy in REMEDIES)
        print(f"| {over_db:+.0f} dB | {' | '.join(f'{share:.1%}' for share in shares)} |", flush=True)


def spoken(settings: Settings, *texts: str) -> Iterator[Pcm]:
    """By the configured voice without its chance variation, so that every run hears the same."""
    voice = PiperVoice.load(next(Store(settings.models_dir).require(settings.speak.voice).glob("*.onnx")))
    steady = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    for text in texts:
        pcm = np.concatenate([piece.audio_int16_array for piece in voice.synthesize(text, steady)])
        yield soxr.resample(pcm, voice.config.sample_rate, RATE)


def with_engine(settings: Settings, engine: str | None, model: str | None) -> Settings:
    changes = {name: value for name, value in (("engine", engine), ("model", model)) if value}
    return settings.model_copy(update={"stt": settings.stt.model_copy(update=changes)})


if __name__ == "__main__":
    main()
