"""Assistants that answer once and go, where none is running: of ``hearth ask``, ``devices`` and ``say``."""

from typing import Any, Final

from edge.app import assistant, open_house
from edge.audio.portaudio import PortAudio
from edge.audio.speaker import Speaker
from edge.devices import as_row
from edge.events import as_json
from edge.service import run_async
from edge.settings import Settings

_SETTLE_S: Final = 5.0
"""How long is waited for what the broker retains."""


def ask_once(settings: Settings, text: str, area: str | None, session: str | None) -> list[dict[str, Any]]:
    """The events of one written turn."""

    async def ask() -> list[dict[str, Any]]:
        async with assistant(settings, hears=False, sink=None, stays=False) as short_lived:
            await short_lived.house.settled(_SETTLE_S)
            return [as_json(event) for event in await short_lived.ask(text, area, session)]

    return run_async(ask)


def devices_once(settings: Settings) -> list[dict[str, Any]]:
    """A row for each device. Raises BrokerOffline when the broker does not answer."""

    async def devices() -> list[dict[str, Any]]:
        async with open_house(settings, visits=True) as house:
            await house.settled(_SETTLE_S)
            return [as_row(device, house.state(device.id)) for device in house.devices()]

    return run_async(devices)


def say_once(settings: Settings, text: str) -> None:
    """Speak on this machine's loudspeaker."""

    async def say() -> None:
        async with (
            Speaker(settings.audio.output, PortAudio()) as sink,
            assistant(settings, hears=False, sink=sink, stays=False) as short_lived,
        ):
            await short_lived.say(text)

    run_async(say)
