"""What must be true, looked at from outside: by Home Assistant's REST interface, and by the devices themselves."""

import functools
import io
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import anyio
import httpx
import numpy as np
import soundfile
import soxr

from edge.chunk import RATE, Pcm
from edge.engines import local_tts
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind
from edge.ports import TtsEngine
from edge.settings import load
from models.store import Store
from scripts.home_assistant.instance import Instance
from scripts.home_assistant.satellite import SatelliteAssistant, in_a_room

_STT: Final = "stt.hearthside"
_TTS: Final = "tts.hearthside"
_WAKE: Final = "wake_word.hearthside"
_CONNECTED_S: Final = 60.0
_OURS: Final = """
{% set ours = namespace(found=[]) %}{% for each in states %}{% set device = device_id(each.entity_id) %}
{% if device and device_attr(device, 'manufacturer') == maker %}{% set ours.found = ours.found + [each.entity_id] %}
{% endif %}{% endfor %}{{ ours.found | tojson }}"""
_KINDS: Final = ("switch", "number", "sensor")
"""Listening; volume; phase, last heard and the rest."""


@dataclass(frozen=True, slots=True)
class Hearth:
    """A ``hearth run`` that runs."""

    program: str
    environ: Mapping[str, str]

    async def ask(self, text: str) -> str:
        """What it answers."""
        done = await anyio.run_process([self.program, "ask", text], env=self.environ, check=False)
        return done.stdout.decode()


class Failed(Exception):
    """What was seen instead."""


@dataclass(frozen=True, slots=True)
class House:
    """All that a check needs."""

    seen: Instance
    devices: SimulatedHome
    hearth: Hearth
    satellite: SatelliteAssistant
    voice: TtsEngine

    def say(self, text: str) -> Pcm:
        """``text`` spoken: int16, 16 kHz."""
        spoken = soxr.resample(self.voice.synthesize(text).astype(np.float32), self.voice.rate, RATE)
        quiet = np.zeros(RATE // 2, np.int16)
        return np.concatenate([quiet, np.clip(spoken, -32768, 32767).astype(np.int16), quiet])


async def run(seen: Instance, devices: SimulatedHome, hearth: Hearth, satellite: SatelliteAssistant) -> int:
    """Prints a line for each check. Returns 0 when all passed, else 1."""
    settings = load()
    house = House(seen, devices, hearth, satellite, local_tts(settings, Store(settings.models_dir))())
    failed = [name for name, check in _CHECKS.items() if not await _passes(name, functools.partial(check, house))]
    print(f"{len(_CHECKS) - len(failed)} of {len(_CHECKS)} passed", flush=True)
    return 1 if failed else 0


async def _passes(name: str, check: Callable[[], Awaitable[str]]) -> bool:
    begun = time.monotonic()
    try:
        found = await check()
    except (Failed, httpx.HTTPError) as error:
        print(f"FAILED  {name}: {error}", flush=True)
        return False
    print(f"passed  {name} ({time.monotonic() - begun:.1f} s): {found}", flush=True)
    return True


async def _services(house: House) -> str:
    wanted = (_STT, _TTS, _WAKE)
    if not await house.seen.becomes(lambda states: all(entity in states for entity in wanted)):
        raise Failed(f"not all of {', '.join(wanted)} are there")
    return ", ".join(wanted)


async def _transcribes(house: House) -> str:
    text = await house.seen.transcribed(_STT, house.say("Turn on the living room lamp."))
    if text != "turn on the Living Room Lamp":
        raise Failed(repr(text))
    return repr(text)


async def _speaks(house: House) -> str:
    recording = await house.seen.spoken(_TTS, "Please close the blinds.")
    pcm, rate = soundfile.read(io.BytesIO(recording), dtype="float32")
    heard = np.clip(soxr.resample(pcm, rate, RATE) * 32768, -32768, 32767).astype(np.int16)
    text = await house.seen.transcribed(_STT, np.concatenate([np.zeros(RATE // 2, np.int16), heard]))
    if text.lower().strip(".") != "please close the blinds":
        raise Failed(f"what it spoke is heard as {text!r}")
    return f"{len(pcm) / rate:.1f} s at {rate} Hz, heard as {text!r}"


async def _control_is_seen(house: House) -> str:
    if not await house.seen.becomes(lambda states: states.get("light.kitchen_light") == "off"):
        raise Failed("light.kitchen_light is not off at first")
    answer = await house.hearth.ask("turn on the kitchen light")
    if not await house.seen.becomes(lambda states: states.get("light.kitchen_light") == "on"):
        raise Failed(f"light.kitchen_light does not go on; the assistant said {answer.strip()!r}")
    return f"{answer.strip()!r}, light.kitchen_light is on"


async def _its_control_is_seen(house: House) -> str:
    await house.seen.call("light.turn_off", "light.kitchen_light")
    if not await house.seen.becomes(lambda states: states.get("light.kitchen_light") == "off"):
        raise Failed("light.kitchen_light does not go off")
    answer = (await house.hearth.ask("is the kitchen light on")).strip()
    if not answer.lower().startswith("no"):
        raise Failed(f"asked whether the light is on, the assistant says {answer!r}")
    return f"asked whether the light is on, the assistant says {answer!r}"


async def _satellite_thinks_there(house: House) -> str:
    ends = time.monotonic() + _CONNECTED_S
    while not house.satellite.satellite.here:
        if time.monotonic() > ends:
            raise Failed("Home Assistant does not connect to it")
        await anyio.sleep(0.1)
    said = house.say("Alexa, turn on the bedroom light.")
    ended, spoke = await house.satellite.hear(in_a_room(said))
    if ended is None:
        raise Failed("no turn")
    if ended.outcome is not OutcomeKind.UNCONFIRMED or not spoke:
        raise Failed(f"{ended.outcome}, heard {ended.text!r}, answered {ended.reply.text!r}, spoke {spoke}")
    if not await house.seen.becomes(lambda states: states.get("light.bedroom_light") == "on"):
        raise Failed(f"the light stays off; heard {ended.text!r}, answered {ended.reply.text!r}")
    return f"heard {ended.text!r}, answered {ended.reply.text!r} aloud, light.bedroom_light is on"


async def _is_a_device(house: House) -> str:
    listed = await house.seen.rendered("{% set maker = 'Hearthside' %}" + _OURS)
    missing = [kind for kind in _KINDS if not any(entity.startswith(kind + ".") for entity in listed)]
    if missing:
        raise Failed(f"no {' and no '.join(missing)} of an assistant among {len(listed)} entities")
    return ", ".join(sorted(listed))


_CHECKS: Final[Mapping[str, Callable[[House], Awaitable[str]]]] = {
    "its engines are services": _services,
    "it transcribes": _transcribes,
    "it speaks": _speaks,
    "what it controls is seen": _control_is_seen,
    "what is controlled there it sees": _its_control_is_seen,
    "as a satellite it leaves the thinking there": _satellite_thinks_there,
    "it is a device": _is_a_device,
}
