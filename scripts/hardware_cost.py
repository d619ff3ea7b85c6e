"""What lights cost, and how long the microphone takes to be off and on again. Figures for docs/hardware.md.

    python scripts/hardware_cost.py [--device default] [--seconds 10]

The lights are gpiozero's mock pins, so this is our share of the work, without that of the pins. Without a microphone
its rows are left out.
"""

import argparse
import statistics
import time
from collections.abc import Sequence

import anyio
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.audio.mic import Microphone
from edge.audio.portaudio import PortAudio
from edge.audio.ring import Ring
from edge.bus import Bus
from edge.chunk import SoundCut
from edge.engine_thread import EngineThread
from edge.errors import AudioError
from edge.events import AnyEvent, Rang, SpeechEnded, Woke
from edge.hardware import gpio
from edge.ports import Panel
from edge.sections import HardwareSettings, Pins
from edge.session.lights import Lights
from edge.session.listening import Listening

_WOKE = Woke(turn="1", at=0.0, word="alexa", score=1.0)
_STORIES: dict[str, Sequence[AnyEvent]] = {
    "dark": (),
    "steady (listening)": (_WOKE,),
    "moving (thinking)": (_WOKE, SpeechEnded(turn="1", at=0.0, speech_end=0.0)),
    "blinking (ringing)": (Rang(turn="", at=0.0, text=""),),
}
_ROUNDS = 10


async def lights(name: str, story: Sequence[AnyEvent], seconds: float) -> None:
    """Share of a core while it shows what ``story`` leads to."""
    bus = Bus()
    settings = HardwareSettings(led=Pins(red=17, green=27, blue=22))
    pins = MockFactory(pin_class=MockPWMPin)
    async with EngineThread[Panel]("panel", lambda: gpio.build(settings, lambda _: None, pins)) as panel:
        await panel.ready()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Lights([panel], lambda: True, listening=Listening(bus)).follow, bus)
            await anyio.sleep(0.2)
            for event in story:
                bus.emit(event)
            await anyio.sleep(0.2)
            begun = time.process_time()
            await anyio.sleep(seconds)
            spent = time.process_time() - begun
            tasks.cancel_scope.cancel()
    print(f"light, {name}: {spent / seconds:.3%} of a core")


async def microphone(device: str) -> None:
    """Time to the cut, and from the switch to the first sound."""
    ring, listening = Ring(30.0), Listening(Bus())
    off, on = [], []
    async with Microphone(device, ring, PortAudio(), lambda _: None, switch=listening):
        await anyio.sleep(1.0)
        for _ in range(_ROUNDS):
            reader, begun = ring.reader(), time.perf_counter()
            listening.set(False)
            try:
                while True:
                    await anext(aiter(reader))
            except SoundCut:
                off.append(time.perf_counter() - begun)
            before, begun = ring.now, time.perf_counter()
            listening.set(True)
            while ring.now == before:  # noqa: ASYNC110  # as fine as is measured
                await anyio.sleep(0.002)
            on.append(time.perf_counter() - begun)
    for name, times in (("off, and the ring empty", off), ("on, and heard", on)):
        print(f"microphone {name}: median {statistics.median(times) * 1000:.0f} ms, longest {max(times) * 1000:.0f} ms")


async def _main(device: str, seconds: float) -> None:
    for name, story in _STORIES.items():
        await lights(name, story, seconds)
    try:
        await microphone(device)
    except AudioError as error:
        print(f"microphone: {error}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="default")
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    anyio.run(_main, given.device, given.seconds)
