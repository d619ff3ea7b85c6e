"""What listening costs while nobody speaks: processor time of the wake loop, as a share of one core.

    python scripts/idle_cost.py [--words alexa] [--seconds 20]

A quiet room (faint hiss) comes in real time through the ring, as a microphone's sound would; the voice activity
detector is loaded and waits, as in the running assistant.
"""

import argparse
import asyncio
import functools
import json
import time

import numpy as np

from edge import plugins
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.bus import Bus
from edge.chunk import RATE
from edge.engine_thread import EngineThread
from edge.engines import wake_engine, wake_rules
from edge.intents import Origin
from edge.ports import VadEngine, WakeEngine
from edge.session.conversation import Conversations
from edge.session.floor import Floor
from edge.session.loop import FollowUpRules, Loop
from edge.session.turn import Stages
from edge.settings import load
from models.store import Store


async def cost(words: tuple[str, ...], seconds: float) -> dict[str, float]:
    """Shares of one core, 0–1: of the wake word's and the detector's own threads, and of the whole process, which
    also plays the microphone here.
    """
    settings = load()
    store = Store(settings.models_dir)
    listening = settings.model_copy(update={"wake": settings.wake.model_copy(update={"words": words})})
    wake = functools.partial(wake_engine, listening)
    vad = functools.partial(plugins.load("vad", "silero"), store.require("silero-vad") / "silero_vad_v6.onnx")
    hiss = np.random.default_rng(0).normal(0, 20, round(seconds * RATE)).astype(np.int16)
    async with EngineThread[WakeEngine]("wake", wake) as ear, EngineThread[VadEngine]("vad", vad) as voice:
        await ear.ready()
        await voice.ready()
        ring = Ring(30.0)
        # Nobody speaks, so no turn is opened and its stages are never asked for.
        stages = Stages(router=None, dispatch=None, wording=None)  # type: ignore[arg-type]
        loop = Loop(
            ear, stages, Bus(), wake_rules(listening), lambda: Origin(""), Conversations(), Floor(), FollowUpRules(0.0),
            arbiter=None,  # type: ignore[arg-type]
        )  # fmt: skip
        engines = (ear, voice)
        begun, before = time.process_time(), [await engine.call(lambda _: time.thread_time()) for engine in engines]
        async with Replay(hiss, ring, realtime=True, tail_s=0.0):
            turns = await loop.run(ring)
        assert not turns
        spent = [await engine.call(lambda _: time.thread_time()) for engine in engines]
        return {
            "wake_and_vad": round((sum(spent) - sum(before)) / seconds, 4),
            "process": round((time.process_time() - begun) / seconds, 4),
        }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    arguments.add_argument("--words", default=",".join(load().wake.words), help="wake words, with commas between")
    arguments.add_argument("--seconds", type=float, default=20.0)
    asked = arguments.parse_args()
    words = tuple(asked.words.split(","))
    shares = asyncio.run(cost(words, asked.seconds))
    print(json.dumps({"words": words, "seconds": asked.seconds, "share_of_a_core": shares}))


if __name__ == "__main__":
    main()
