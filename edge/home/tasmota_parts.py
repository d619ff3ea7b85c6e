"""The entities of a Tasmota device: relays, lights, shutters, fans and sensors."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edge.devices import Ability, Device, Limits, Value, Verb
from edge.home.broker import Publication
from edge.home.color import rgb_of
from edge.home.convention import joined, spoken
from edge.home.discovery import slug
from edge.home.entity import VALUE, Availability, Decode, Entity, Reading, Unsupported
from edge.home.json_state import Field, json_reading, percent, text, word
from edge.home.parts import Writers, each, finite, within
from edge.home.tasmota_config import Config
from edge.home.tasmota_sensors import MEASURED

_CMND, _STAT, _TELE = 0, 1, 2
_SWITCH, _LIGHT, _SHUTTER = 1, 2, 3
_KELVIN_MIRED: Final = 1_000_000
_WHITE, _TUNABLE, _RGB, _RGBW, _RGBCW = 1, 2, 3, 4, 5
_LEFT_OFF, _AS_LIGHTS, _CHANNELS, _NARROW = 20, 30, 68, 82
"""SetOptions: 20 dimming does not turn on, 30 relays are lights, 68 each channel is a light, 82 fewer whites."""
_INVERTED: Final = 1
_FAN_SPEEDS: Final = 3
_MAX_SENSORS: Final = 64


@dataclass(frozen=True, slots=True)
class _Part:
    domain: str
    key: str
    """Unique within the device."""
    name: str
    fields: tuple[Field, ...]
    writers: Writers
    abilities: frozenset[Ability]
    told: tuple[str, ...] = ("RESULT", "STATE")
    """Where it tells: ``RESULT`` and ``STATE``, or ``SENSOR``."""
    words: Mapping[str, Callable[[str], Value | None]] = field(default_factory=dict)
    """By the end of a ``stat`` topic with a plain word on it, what that means of the main value."""
    device_class: str | None = None
    unit: str | None = None
    limits: Mapping[Ability, Limits] = field(default_factory=dict)


def entities_of(config: Config, sensors: Mapping[str, Any]) -> Iterator[Entity]:
    """All entities. ``sensors``: an example of what it reports on ``SENSOR``."""
    parts = itertools.chain(_shutters(config), _fan(config), _relays(config), _measured(sensors))
    for part in parts:
        yield _entity(config, part)


def _entity(config: Config, part: _Part) -> Entity:
    readings: list[Reading] = []
    if "RESULT" in part.told:
        readings.append(json_reading(config.topic(_STAT, "RESULT"), part.fields))
    for end in ("STATE", "SENSOR"):
        if end in part.told:
            readings.append(json_reading(config.topic(_TELE, end), part.fields))
    if "SENSOR" in part.told:
        deeper = [Field(one.key, ("StatusSNS", *one.path), one.read) for one in part.fields]
        readings.append(json_reading(config.topic(_STAT, "STATUS10"), deeper))
    for end, read in part.words.items():
        readings.append(Reading(config.topic(_STAT, end), frozenset({VALUE}), _plain(read)))
    whole = spoken(config.dn) or config.mac
    name = joined(whole, part.name) if part.domain in ("sensor", "binary_sensor") else part.name or whole
    base = f"{part.domain}.{slug(name)}"
    words = {config.onln: True, config.ofln: False}
    sleeps = any(config.dslp) if isinstance(config.dslp, tuple) else bool(config.dslp)
    asks = [Publication(config.topic(_CMND, "STATE"), "")] if "STATE" in part.told else []
    asks += [Publication(config.topic(_CMND, "STATUS"), "10")] if "SENSOR" in part.told else []
    return Entity(
        device=Device(
            id=base,
            name=name,
            domain=part.domain,
            abilities=part.abilities,
            device_class=part.device_class,
            unit=part.unit,
            limits=part.limits,
            source="tasmota",
        ),
        readings=tuple(readings),
        encode=each(part.writers),
        availability=() if sleeps else (Availability(config.topic(_TELE, "LWT"), words.get),),
        base_name=base,
        identity=f"{part.domain}:tasmota_{config.mac.upper()}_{part.key}",
        things=frozenset({f"mac:{config.mac.casefold()}"}),
        asks=tuple(asks),
    )


def _plain(read: Callable[[str], Value | None]) -> Decode:
    return lambda said: {VALUE: read(said)}


def _title(config: Config, relay: int, *, alone: bool) -> str:
    """The relay's friendly name, else the device's with a number."""
    name = spoken(config.fn[relay] or "") if relay < len(config.fn) else ""
    return name or (spoken(config.dn) if alone else joined(spoken(config.dn), str(relay + 1)))


# -- relays and lights ------------------------------------------------------------------------------------------------


def _relays(config: Config) -> Iterator[_Part]:
    used = [number for number, kind in enumerate(config.rl) if kind in (_SWITCH, _LIGHT)]
    lamps = [number for number in used if config.rl[number] == _LIGHT]
    for number in used:
        if config.if_ and number:
            continue
        title = _title(config, number, alone=len(used) == 1)
        if config.rl[number] == _LIGHT and not config.if_:
            yield _light(config, number, number - lamps[0], title)
        else:
            lit = config.option(_AS_LIGHTS) or bool(config.if_)
            yield _relay(config, number, "light" if lit else "switch", title)


def _relay(config: Config, number: int, domain: str, title: str) -> _Part:
    off, on = config.state[:2]
    shown: Mapping[Any, str] = {on: "on", off: "off"}
    # A device with one relay calls it POWER, unless SetOption26 is set; the first of several is POWER1.
    names = ["POWER", "POWER1"] if number == 0 else [f"POWER{number + 1}"]
    return _Part(
        domain,
        f"relay_{number + 1}",
        title,
        tuple(Field(VALUE, (name,), word(shown)) for name in names),
        {"state": _power(config, number)},
        frozenset({Ability.STATE}),
        words=dict.fromkeys(names, shown.get),
    )


def _power(config: Config, number: int) -> Callable[[Value], list[Publication]]:
    words = {Verb.OFF: config.state[0], Verb.ON: config.state[1]}

    def write(value: Value) -> list[Publication]:
        verb = Verb(str(value))
        if verb not in words:
            raise Unsupported(verb)
        return [Publication(config.topic(_CMND, f"POWER{number + 1}"), words[verb])]

    return write


def _light(config: Config, number: int, place: int, title: str) -> _Part:
    """``place``: among the device's lights, from 0."""
    relay = _relay(config, number, "light", title)
    kind, dimmer, said = config.lt_st, "Dimmer", "Dimmer"
    if config.option(_CHANNELS):
        kind, dimmer, said = _WHITE, f"Channel{number + 1}", f"Channel{number + 1}"
    elif not config.lk and kind >= _RGBW:
        kind = _RGB if place == 0 else _WHITE if kind == _RGBW else _TUNABLE
        dimmer = said = f"Dimmer{place + 1}"
    elif config.ty:
        dimmer = "Dimmer3"
    fields, writers = list(relay.fields), dict(relay.writers)
    abilities, limits = {Ability.STATE}, {}

    def told(command: str, value: object) -> list[Publication]:
        also = writers["state"](Verb.ON) if config.option(_LEFT_OFF) else []
        return [Publication(config.topic(_CMND, command), str(value)), *also]

    if kind >= _WHITE:
        abilities.add(Ability.BRIGHTNESS)
        fields.append(Field("brightness", (said,), percent(0, 100)))
        writers["brightness"] = lambda value: told(dimmer, round(finite(str(value))))
    if kind >= _RGB:
        abilities.add(Ability.COLOR)
        fields.append(Field("color", ("HSBColor",), _hsb))
        writers["color"] = lambda value: told("Color2", _rgb_text(value))
    if kind in (_TUNABLE, _RGBCW):
        low, high = (200, 380) if config.option(_NARROW) else (153, 500)
        kelvin = Limits(round(_KELVIN_MIRED / high), round(_KELVIN_MIRED / low))
        abilities.add(Ability.COLOR_TEMPERATURE)
        limits[Ability.COLOR_TEMPERATURE] = kelvin
        fields.append(Field("color_temperature", ("CT",), lambda mired: round(_KELVIN_MIRED / finite(mired))))
        writers["color_temperature"] = lambda value: told(
            "CT", min(max(round(_KELVIN_MIRED / finite(str(value))), low), high)
        )
    key = f"light_{number + 1}"
    return _Part(
        "light", key, title, tuple(fields), writers, frozenset(abilities), words=relay.words, limits=limits
    )  # fmt: skip


def _hsb(said: Any) -> Value | None:
    """``hue,saturation,brightness``; no brightness of its colours when it shines white."""
    hue, saturation, brightness = (finite(part) for part in str(said).split(","))
    return rgb_of({"h": hue, "s": saturation}) if brightness else None


def _rgb_text(value: Value) -> str:
    if not isinstance(value, tuple):
        raise Unsupported("color")
    return ",".join(map(str, value))


# -- shutters and fans ------------------------------------------------------------------------------------------------


def _shutters(config: Config) -> Iterator[_Part]:
    """Every two neighbouring relays that belong to shutters are one."""
    halves = [number for number, kind in enumerate(config.rl) if kind == _SHUTTER]
    pairs = [first for first, second in zip(halves[::2], halves[1::2], strict=False) if second == first + 1]
    for place, relay in enumerate(pairs):
        options = config.sho[place] if place < len(config.sho) else 0
        tilt = config.sht[place] if place < len(config.sht) else ()
        yield _shutter(config, place, _title(config, relay, alone=len(pairs) == 1), bool(options & _INVERTED), tilt)


def _shutter(config: Config, place: int, title: str, inverted: bool, tilt: Sequence[int]) -> _Part:
    key = f"Shutter{place + 1}"

    def at(level: Any) -> int:
        return round(100 - finite(level) if inverted else finite(level))

    def state(said: Any) -> Value:
        if not isinstance(said, dict):
            raise TypeError("the shutter is no object")
        direction = finite(said.get("Direction", 0)) * (-1 if inverted else 1)
        if direction:
            return "opening" if direction > 0 else "closing"
        return "open" if at(said["Position"]) > 0 else "closed"

    def told(command: str, value: object = "") -> list[Publication]:
        return [Publication(config.topic(_CMND, f"Shutter{command}{place + 1}"), str(value))]

    def obey(value: Value) -> list[Publication]:
        names = {Verb.OPEN: "Open", Verb.CLOSE: "Close", Verb.STOP: "Stop"}
        verb = Verb(str(value))
        if verb not in names:
            raise Unsupported(verb)
        return told(names[verb])

    fields = [Field(VALUE, (key,), state), Field("position", (key, "Position"), at)]
    writers: dict[str, Callable[[Value], list[Publication]]] = {
        "state": obey,
        "position": lambda value: told("Position", at(value)),
    }
    abilities = {Ability.STATE, Ability.POSITION}
    if len(tilt) > 1 and tilt[0] < tilt[1]:
        low, high = tilt[:2]
        abilities.add(Ability.TILT)
        fields.append(Field("tilt", (key, "Tilt"), percent(low, high)))
        writers["tilt"] = lambda value: told("Tilt", round(low + (high - low) * finite(str(value)) / 100))
    told_at = ("RESULT", "SENSOR")
    return _Part("cover", key.casefold(), title, tuple(fields), writers, frozenset(abilities), told_at)


def _fan(config: Config) -> Iterable[_Part]:
    """A fan with three speeds, of Sonoff's iFan."""
    if not config.if_:
        return

    def told(speed: int) -> list[Publication]:
        return [Publication(config.topic(_CMND, "FanSpeed"), str(speed))]

    def obey(value: Value) -> list[Publication]:
        speeds = {Verb.ON: 1, Verb.OFF: 0}
        verb = Verb(str(value))
        if verb not in speeds:
            raise Unsupported(verb)
        return told(speeds[verb])

    def run(value: Value) -> list[Publication]:
        wanted = within(Limits(0, 100), value)
        return told(max(round(wanted / 100 * _FAN_SPEEDS), 1 if wanted else 0))

    fields = (
        Field(VALUE, ("FanSpeed",), lambda speed: "on" if finite(speed) else "off"),
        Field("percentage", ("FanSpeed",), percent(0, _FAN_SPEEDS)),
    )
    able = frozenset({Ability.STATE, Ability.PERCENTAGE})
    title = joined(spoken(config.dn), "Fan")
    yield _Part("fan", "fan", title, fields, {"state": obey, "percentage": run}, able)


# -- sensors ----------------------------------------------------------------------------------------------------------


def _measured(sensors: Mapping[str, Any]) -> Iterator[_Part]:
    """What is known to be a measurement; a report also has counters, addresses and times."""
    found: list[tuple[tuple[str, ...], str]] = []
    for key, said in sensors.items():
        if isinstance(said, dict):
            found += [((key, name), re.sub(r"\d+$", "", name)) for name, value in said.items() if _is_number(value)]
        elif re.fullmatch(r"Switch\d+", key):
            shown = word({"ON": "on", "OFF": "off", "on": "on", "off": "off"})
            yield _report("binary_sensor", (key,), f"Switch {key[6:]}", shown, None, None)
    known = [(path, quantity) for path, quantity in found if quantity in MEASURED][:_MAX_SENSORS]
    for path, quantity in known:
        measured = MEASURED[quantity]
        alone = sum(other == quantity for _, other in known) == 1
        name = measured.name if alone else f"{' '.join(path[:1])} {measured.name} {path[-1][len(quantity) :]}".strip()
        unit = sensors.get("TempUnit") if measured.device_class == "temperature" else None
        unit = f"°{unit}" if unit in ("C", "F") else measured.unit
        yield _report("sensor", path, name, text, measured.device_class, unit)


def _report(
    domain: str,
    path: tuple[str, ...],
    name: str,
    read: Callable[[Any], Value],
    device_class: str | None,
    unit: str | None,
) -> _Part:
    key, able = "_".join(path), frozenset({Ability.READ})
    fields = (Field(VALUE, path, read),)
    return _Part(domain, key, spoken(name), fields, {}, able, ("SENSOR",), device_class=device_class, unit=unit)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
