"""The entities of a Shelly device: one a component (``switch:0``, ``cover:0``, …), and what the component measures.

Source: https://shelly-api-docs.shelly.cloud/gen2/ and its page of each component.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edge.devices import Ability, Device, Limits, Value, Verb
from edge.home.broker import Publication
from edge.home.convention import joined, spoken
from edge.home.discovery import slug
from edge.home.entity import VALUE, Availability, Entity, Reading, Seen, Unsupported
from edge.home.json_state import Field, number, percent, read_fields, text, word
from edge.home.parts import finite, json_object
from edge.home.things import by_mac

_MAX_COMPONENTS: Final = 64
_PLACE: Final = re.compile("[0-9]{1,4}")
"""Number of a component. There are digits that are no numbers to ``int``, such as ``²``."""
_THERE: Final = {"true": True, "false": False}
_SWITCHED: Final[Mapping[Any, str]] = {True: "on", False: "off"}
_COVERED: Final = {name: name for name in ("open", "closed", "opening", "closing", "stopped")}
_KELVIN: Final = Limits(2700, 6500)

Body = dict[str, Any]
Call = tuple[str, Body]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a device is talked to."""

    prefix: str
    """Of its topics."""
    answers: str
    """Where its answers come."""
    told: str
    """``src`` of commands, whose answers nobody reads."""
    status_id: int
    """Id of the answer that is its status."""
    ask: tuple[Publication, ...]
    """What makes it tell its state and its configuration."""
    online: bool
    """Whether it has said that it is there."""


@dataclass(frozen=True, slots=True)
class _Part:
    domain: str
    component: str
    name: str
    """Of its own; empty when it is what the device is for."""
    fields: tuple[Field, ...]
    abilities: frozenset[Ability]
    call: Callable[[Mapping[str, Value]], Call] | None = None
    """A change → method and parameters. Raises Unsupported."""
    device_class: str | None = None
    unit: str | None = None
    limits: Mapping[Ability, Limits] = field(default_factory=dict)


def entities_of(asked: Asked, config: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[Entity]:
    """All entities of a device. ``config``, ``status``: results of ``Shelly.GetConfig`` and ``Shelly.GetStatus``."""
    components = {
        key: (described, said if isinstance(said := status.get(key), dict) else {})
        for key, described in config.items()
        if isinstance(described, dict) and _PLACE.fullmatch(key.partition(":")[2])
    }
    purposes = [key for key in components if key.partition(":")[0] in _PURPOSES]
    system = config.get("sys")
    device = system.get("device") if isinstance(system, dict) else None
    device = device if isinstance(device, dict) else {}
    sleeps = any(key.startswith("devicepower:") for key in components) and not purposes
    kinds = _consumers(system)
    whole = spoken(str(device.get("name") or "")) or spoken(asked.prefix.rpartition("/")[2])
    things = by_mac(str(device.get("mac") or ""))
    for key in sorted(components)[:_MAX_COMPONENTS]:
        described, said = components[key]
        own = spoken(str(described.get("name") or ""))
        place = key.partition(":")[2]
        # A device with one purpose is called by its own name.
        name = own or ("" if len(purposes) < 2 or key not in purposes else str(int(place) + 1))  # noqa: PLR2004
        for part in _parts(key, described, said, name, kinds):
            yield _entity(asked, whole, own, part, things, sleeps=sleeps)


def _consumers(system: Any) -> Sequence[Any]:
    """By number of the switch, what the user says hangs on it: ``lights``, …"""
    ui = system.get("ui_data") if isinstance(system, dict) else None
    kinds = ui.get("consumption_types") if isinstance(ui, dict) else None
    return kinds if isinstance(kinds, list) else ()


def _entity(asked: Asked, whole: str, own: str, part: _Part, things: frozenset[str], *, sleeps: bool) -> Entity:
    # What the user has called a component needs no device's name before it.
    name = joined(own or whole, part.name if not own or part.name != own else "")
    base = f"{part.domain}.{slug(name)}"
    mac = next(iter(things), asked.prefix)
    call = part.call

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        if call is None:
            raise Unsupported(", ".join(change))
        method, parameters = call(change)
        body = {"id": 0, "src": asked.told, "method": method, "params": parameters}
        return [Publication(f"{asked.prefix}/rpc", json.dumps(body))]

    keys = frozenset(one.key for one in part.fields)
    return Entity(
        device=Device(
            id=base,
            name=name,
            domain=part.domain,
            abilities=part.abilities,
            device_class=part.device_class,
            unit=part.unit,
            limits=part.limits,
            source="shelly",
        ),
        readings=(
            Reading(f"{asked.prefix}/events/rpc", keys, _notified(part)),
            Reading(asked.answers, keys, _answered(part, asked.status_id)),
        ),
        encode=encode,
        availability=() if sleeps else (Availability(f"{asked.prefix}/online", _THERE.get, assumed=asked.online),),
        base_name=base,
        identity=f"{part.domain}:shelly_{mac}_{part.component}_{part.device_class or ''}",
        things=things,
        asks=() if sleeps else asked.ask,
    )


def _notified(part: _Part) -> Callable[[str], Seen]:
    def decode(payload: str) -> Seen:
        said = json_object(payload)
        if said.get("method") not in ("NotifyStatus", "NotifyFullStatus"):
            return {}
        return _of(part, said.get("params"))

    return decode


def _answered(part: _Part, status_id: int) -> Callable[[str], Seen]:
    def decode(payload: str) -> Seen:
        said = json_object(payload)
        return _of(part, said.get("result")) if said.get("id") == status_id else {}

    return decode


def _of(part: _Part, status: Any) -> Seen:
    said = status.get(part.component) if isinstance(status, dict) else None
    return read_fields(part.fields, said) if isinstance(said, dict) else {}


# -- components -------------------------------------------------------------------------------------------------------


def _parts(key: str, config: Body, status: Body, name: str, kinds: Sequence[Any]) -> Iterator[_Part]:
    kind, _, place = key.partition(":")
    if (purpose := _PURPOSES.get(kind)) is not None:
        yield purpose(key, int(place), name, status, kinds)
    elif kind == "input" and config.get("type") == "switch":
        shown = (Field(VALUE, ("state",), word(_SWITCHED)),)
        title = name or f"Input {int(place) + 1}"
        yield _Part("binary_sensor", key, title, shown, frozenset({Ability.READ}))
    for path, title, device_class, unit in _MEASURED.get(kind, ()):
        # A switch without a meter has none of these in its status.
        if _has(status, path):
            label = joined(name, title) if kind in _PURPOSES or config.get("name") else title
            shown = (Field(VALUE, path, text),)
            yield _Part(
                "sensor", key, label, shown, frozenset({Ability.READ}), device_class=device_class, unit=unit
            )  # fmt: skip


def _has(status: Body, path: tuple[str, ...]) -> bool:
    said: Any = status
    for step in path:
        if not isinstance(said, dict) or step not in said:
            return False
        said = said[step]
    return True


def _switch(key: str, place: int, name: str, _: Body, kinds: Sequence[Any]) -> _Part:
    lit = place < len(kinds) and "light" in str(kinds[place]).casefold()
    shown = (Field(VALUE, ("output",), word(_SWITCHED)),)

    def call(change: Mapping[str, Value]) -> Call:
        body = _set(place, change, {})
        return "Switch.Set", body

    return _Part("light" if lit else "switch", key, name, shown, frozenset({Ability.STATE}), call)


def _set(place: int, change: Mapping[str, Value], others: Mapping[str, Callable[[Value], Body]]) -> Body:
    """Parameters of a component that is on or off; whatever else it is told turns it on."""
    body: Body = {"id": place, "on": True}
    for key, value in change.items():
        if key == "state" and value in (Verb.ON, Verb.OFF):
            body["on"] = value == Verb.ON
        elif key in others:
            body |= others[key](value)
        else:
            raise Unsupported(key)
    return body


def _lamp(method: str, *more: str) -> Callable[[str, int, str, Body, Sequence[Any]], _Part]:
    """A component that shines: ``more`` of ``rgb`` and ``ct``."""
    shown = [Field(VALUE, ("output",), word(_SWITCHED)), Field("brightness", ("brightness",), percent(0, 100))]
    writers: dict[str, Callable[[Value], Body]] = {
        "brightness": lambda value: {"brightness": round(finite(str(value)))}
    }
    abilities, limits = {Ability.STATE, Ability.BRIGHTNESS}, {}
    if "rgb" in more:
        abilities.add(Ability.COLOR)
        shown.append(Field("color", ("rgb",), _rgb))
        writers["color"] = lambda value: {"rgb": list(_channels(value))}
    if "ct" in more:
        abilities.add(Ability.COLOR_TEMPERATURE)
        limits[Ability.COLOR_TEMPERATURE] = _KELVIN
        shown.append(Field("color_temperature", ("ct",), number))
        writers["color_temperature"] = lambda value: {"ct": round(finite(str(value)))}

    def part(key: str, place: int, name: str, _: Body, kinds: Sequence[Any]) -> _Part:
        del kinds
        call = lambda change: (method, _set(place, change, writers))  # noqa: E731
        return _Part("light", key, name, tuple(shown), frozenset(abilities), call, limits=limits)

    return part


def _rgb(said: Any) -> Value:
    red, green, blue = (int(channel) for channel in said)
    return (red, green, blue)


def _channels(value: Value) -> tuple[int, int, int]:
    if not isinstance(value, tuple):
        raise Unsupported("color")
    return value


def _cover(key: str, place: int, name: str, status: Body, _: Sequence[Any]) -> _Part:
    shown = [Field(VALUE, ("state",), word(_COVERED))]
    abilities = {Ability.STATE}
    if status.get("pos_control") is True:
        abilities.add(Ability.POSITION)
        shown.append(Field("position", ("current_pos",), percent(0, 100)))

    def call(change: Mapping[str, Value]) -> Call:
        methods = {Verb.OPEN: "Cover.Open", Verb.CLOSE: "Cover.Close", Verb.STOP: "Cover.Stop"}
        match dict(change):
            case {"position": level} if Ability.POSITION in abilities:
                return "Cover.GoToPosition", {"id": place, "pos": round(finite(str(level)))}
            case {"state": verb, **rest} if verb in methods and not rest:
                return methods[Verb(str(verb))], {"id": place}
        raise Unsupported(", ".join(change))

    return _Part("cover", key, name, tuple(shown), frozenset(abilities), call)


_PURPOSES: Final[Mapping[str, Callable[[str, int, str, Body, Sequence[Any]], _Part]]] = {
    "cct": _lamp("CCT.Set", "ct"),
    "cover": _cover,
    "light": _lamp("Light.Set"),
    "rgb": _lamp("RGB.Set", "rgb"),
    "rgbw": _lamp("RGBW.Set", "rgb"),
    "switch": _switch,
}
"""By kind of component, what it is for."""

_POWER: Final = (("apower",), "Power", "power", "W")
_ENERGY: Final = (("aenergy", "total"), "Energy", "energy", "Wh")
_MEASURED: Final[Mapping[str, Sequence[tuple[tuple[str, ...], str, str | None, str | None]]]] = {
    **dict.fromkeys((*_PURPOSES, "pm1"), (_POWER, _ENERGY)),
    "devicepower": ((("battery", "percent"), "Battery", "battery", "%"),),
    "em": ((("total_act_power",), "Power", "power", "W"),),
    "em1": ((("act_power",), "Power", "power", "W"),),
    "humidity": ((("rh",), "Humidity", "humidity", "%"),),
    "illuminance": ((("lux",), "Illuminance", "illuminance", "lx"),),
    "temperature": ((("tC",), "Temperature", "temperature", "°C"),),
    "voltmeter": ((("voltage",), "Voltage", "voltage", "V"),),
}
"""By kind of component: where in its status, name, device class, unit."""
