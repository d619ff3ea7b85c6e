"""What goes along with a question: what was said before, and how the things are that it names. All of it is masked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.devices import Device
from edge.intents import Origin
from edge.ports import Cloud, History, House, Masking, Query, Tool

_BETWEEN: Final = "\n\N{SYMBOL FOR RECORD SEPARATOR}\n"
_LONGEST: Final = 2_000
"""Characters of a question."""
_LINES: Final = 24
"""Of the house."""
_OF_A_ROOM: Final = frozenset("light switch fan cover climate humidifier sensor vacuum lawn_mower media_player".split())
"""What may be told though the question does not name it: nothing about locks, alarms, or who is where."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question, and what its placeholders stand for."""

    query: Query
    names: dict[str, str]


def prepare(
    ident: str, question: str, origin: Origin, house: House, history: History, cloud: Cloud, tools: Sequence[Tool]
) -> Prepared:
    """``question`` with all that the settings let go along."""
    settings = cloud.settings
    before = _before(history, origin.session, settings.history)
    state = lines(question, origin, house, settings.state)
    said = [text for pair in before for text in pair]
    # All at once, so that the same person has the same placeholder everywhere.
    masked = cloud.masking.mask(_BETWEEN.join((question[:_LONGEST], *said, *state)))
    asked, *along = masked.text.split(_BETWEEN)
    if len(along) != len(said) + len(state):
        # A separator was in one of the texts, or was taken for something: the question goes alone.
        masked = cloud.masking.mask(question[:_LONGEST])
        asked, along, said = masked.text, [], []
    query = Query(
        id=ident,
        question=asked,
        language=origin.language,
        history=tuple(zip(along[: len(said) : 2], along[1 : len(said) : 2], strict=True)),
        state=tuple(along[len(said) :]),
        tools=tuple(tools),
        turn=origin.turn,
    )
    return Prepared(query, dict(masked.names))


def alone(ident: str, question: str, language: str, masking: Masking, expires_ms: int) -> Prepared:
    """``question`` to be asked at another time, when nothing of what goes along now would be true."""
    masked = masking.mask(question[:_LONGEST])
    return Prepared(Query(ident, masked.text, language, expires_ms=expires_ms), dict(masked.names))


def lines(question: str, origin: Origin, house: House, which: str) -> list[str]:
    """How the devices are that ``question`` names, or that the room has, as far as ``which`` lets it be told."""
    if which == "none":
        return []
    named = [device for device in house.devices() if names_device(question, device)]
    if which == "room" and origin.area is not None:
        named += [
            device
            for device in house.devices()
            if device.area == origin.area
            and device.domain in _OF_A_ROOM
            and not device.category
            and device not in named
        ]
    return [_line(device, house) for device in named[:_LINES]]


def about_house(question: str, house: House) -> bool:
    """Whether ``question`` names a device or a room of the house."""
    rooms = (name for area, further in house.areas().items() for name in (area, *further))
    return any(_holds(question, name) for name in rooms) or any(
        names_device(question, device) for device in house.devices()
    )


def names_device(question: str, device: Device) -> bool:
    """Whether ``question`` has its name, or another that people use."""
    return any(_holds(question, name) for name in device.names)


def _holds(text: str, name: str) -> bool:
    name = name.strip()
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.I) is not None


def _line(device: Device, house: House) -> str:
    state = house.state(device.id)
    where = f" ({device.area})" if device.area else ""
    if not state.available or state.value is None:
        return f"{device.name}{where}: not known"
    told = {key: value for key, value in state.attributes.items() if key in ("brightness", "position", "temperature")}
    unit = f" {device.unit}" if device.unit and device.domain == "sensor" else ""
    further = "".join(f", {key} {value}" for key, value in sorted(told.items()))
    return f"{device.name}{where}: {state.value}{unit}{further}"


def _before(history: History, session: str, count: int) -> list[tuple[str, str]]:
    exchanges = history.context(session).exchanges
    told = [(exchange.text, exchange.reply) for exchange in exchanges if exchange.text and exchange.reply]
    return told[-count:] if count else []
