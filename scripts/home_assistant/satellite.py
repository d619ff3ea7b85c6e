"""An assistant whose commands Home Assistant takes, with a recording in place of its microphone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.api.wyoming.satellite import Satellite
from edge.api.wyoming.server import serve
from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.audio.speaker import WavSink
from edge.chunk import RATE, Pcm
from edge.events import SpeakingEnded, TurnEnded
from edge.sections import AudioSettings, MqttSettings, UnderstandSettings, WyomingSettings
from edge.settings import Settings
from scripts.home_assistant.configured import Ports

_TAIL_S = 12.0
"""Quiet after the command, in which Home Assistant notices its end and answers."""


@dataclass(frozen=True, slots=True)
class SatelliteAssistant:
    """One that runs."""

    assistant: Assistant
    satellite: Satellite

    async def hear(self, pcm: Pcm) -> tuple[TurnEnded | None, bool]:
        """Say ``pcm`` (int16, 16 kHz), a wake word and a command, in its room; the turn, and whether it spoke."""
        with self.assistant.bus.subscribe(4096) as events:
            ring = Ring(30.0)
            async with Replay(pcm, ring, realtime=True, tail_s=_TAIL_S):
                await self.assistant.follow(ring, self.satellite)
            told = events.pending()
        ended = next((event for event in told if isinstance(event, TurnEnded)), None)
        return ended, any(isinstance(event, SpeakingEnded) for event in told)


@asynccontextmanager
async def satellite(data: Path, ports: Ports) -> AsyncIterator[SatelliteAssistant]:
    """Listening on its port."""
    settings = Settings(
        data_dir=data,
        area="Bedroom",
        audio=AudioSettings(input="none", output="none"),
        mqtt=MqttSettings(host="127.0.0.1", port=ports.broker, site="satellite"),
        understand=UnderstandSettings(llm="none", semantic=False),
        wyoming=WyomingSettings(satellite=True, satellite_port=ports.satellite),
    )
    sink = WavSink(data / "spoken")
    async with assistant(settings, hears=True, sink=sink) as running, serve(running) as here:
        assert here is not None
        await running.ready()
        yield SatelliteAssistant(running, here)


def in_a_room(pcm: Pcm) -> Pcm:
    """``pcm`` with a second of a quiet room before it."""
    noise = np.random.default_rng(0).normal(0.0, 8.0, 2 * RATE).astype(np.int16)
    return np.concatenate([noise, pcm])
