"""The same physical thing, announced by several conventions, appears once.

A thing is known by the address that its maker gave it, which every convention tells in its own way: a Zigbee IEEE
address or a MAC address. Of a thing that several conventions announce, one convention's entities are taken as a whole:

* the device's own convention before Home Assistant's discovery, which is a translation of it;
* unless a later one can do more: commands everything that the earlier can, of those kinds that people command by voice,
  and something besides.

Mixing both sides would double every sensor under two names.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from edge.devices import Ability
from edge.home.entity import Entity

_ZIGBEE: Final = re.compile(r"(?:zigbee2mqtt_(?:bridge_)?)?0x([0-9a-f]{16})")
_MAC: Final = re.compile(r"[0-9a-f]{12}")
_COMMANDED: Final = frozenset(
    {"alarm_control_panel", "climate", "cover", "fan", "humidifier", "lawn_mower", "light", "lock", "siren", "vacuum",
     "valve", "water_heater"}
)  # fmt: skip
"""Kinds that are a device's purpose. Switches, numbers and selects are as often one of its settings."""
_MAX_SAID: Final = 16
"""Addresses of one device that are looked at."""

Capability = frozenset[tuple[str, Ability]]


def by_mac(text: str) -> frozenset[str]:
    """The thing with that MAC address, with or without colons; none when it is no MAC address."""
    plain = text.casefold().translate({ord(":"): None, ord("-"): None})
    return frozenset({f"mac:{plain}"}) if _MAC.fullmatch(plain) else frozenset()


def by_zigbee(text: str) -> frozenset[str]:
    """The thing with that IEEE address, ``0x`` and 16 hexadecimal digits, also as zigbee2mqtt's discovery writes it."""
    found = _ZIGBEE.fullmatch(text.casefold())
    return frozenset({f"zigbee:{found[1]}"}) if found else frozenset()


def by_discovery(device: Mapping[str, Any]) -> frozenset[str]:
    """The things that a discovery payload's ``device`` names by its ``identifiers`` and ``connections``."""
    identifiers, connections = device.get("identifiers"), device.get("connections")
    said = identifiers if isinstance(identifiers, list) else [identifiers]
    if isinstance(connections, list):
        said = said + [pair[1] for pair in connections if isinstance(pair, list) and len(pair) == 2]  # noqa: PLR2004
    things: frozenset[str] = frozenset()
    for text in said[:_MAX_SAID]:
        if isinstance(text, str):
            things |= by_mac(text) | by_zigbee(text)
    return things


def once(sides: Sequence[Iterable[Entity]]) -> list[Entity]:
    """The entities of all conventions, each thing's from one of them. ``sides``: by convention, the preferred first."""
    kept = [list(side) for side in sides]
    can: dict[str, dict[int, Capability]] = defaultdict(dict)
    for number, side in enumerate(kept):
        for entity in side:
            for thing in entity.things:
                can[thing][number] = can[thing].get(number, frozenset()) | _capability(entity)
    owner = {thing: _ablest(sorted(of.items())) for thing, of in can.items() if len(of) > 1}
    return [
        entity
        for number, side in enumerate(kept)
        for entity in side
        if all(owner.get(thing, number) == number for thing in entity.things)
    ]


def _ablest(sides: Sequence[tuple[int, Capability]]) -> int:
    best, most = sides[0]
    for number, capability in sides[1:]:
        if capability > most:
            best, most = number, capability
    return best


def _capability(entity: Entity) -> Capability:
    domain = entity.device.domain
    return frozenset((domain, ability) for ability in entity.device.abilities if domain in _COMMANDED)
