"""What may be said to a device, in this house, now."""

from collections.abc import Sequence
from typing import Final

import anyio.lowlevel

from edge.act.targets import resolve
from edge.assistant import Assistant
from edge.devices import Device
from edge.intents import Origin
from edge.understand.suggestions import proposals

_MOST: Final = 8
"""Sentences that are shown for a device."""


async def sayable(assistant: Assistant, device: Device) -> list[str]:
    """Sentences that the grammar, asked about each, takes to mean ``device``."""
    language, devices = assistant.settings.understand.language, assistant.house.devices()
    found: list[str] = []
    for text in proposals(device, language):
        await anyio.lowlevel.checkpoint()  # one sentence is a few milliseconds: a turn may go on between two
        if _means(assistant, text, device, devices):
            found.append(text)
    return found[:_MOST]


def _means(assistant: Assistant, text: str, device: Device, devices: Sequence[Device]) -> bool:
    understanding = assistant.grammar(text, device.area)
    if understanding is None:
        return False
    meant = resolve(understanding.intent, Origin("", device.area), devices, frozenset({device.domain}))
    return device in meant.devices and not meant.ambiguous
