"""The entities of a Homie device. Homie has no kinds of devices, only typed properties, so the kind is guessed:

| a node | is |
|---|---|
| with a settable boolean and a settable brightness or colour; or called a light, with one of the three | a light |
| called a shutter, blind, …, with a settable position or a settable choice of open and close | a cover |
| with a settable temperature called target or setpoint | a thermostat |
| else, property by property: a settable boolean | a switch |
| a settable integer or float, enum, string | a number, a select, a text |
| a boolean that can't be set | a binary sensor |
| any other | a sensor |
"""

import colorsys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from edge.devices import Ability, Device, Limits, Value, Verb
from edge.home.broker import Publication
from edge.home.color import rgb_of
from edge.home.convention import Malformed, joined, spoken, topic_of
from edge.home.discovery import slug
from edge.home.entity import VALUE, Availability, AvailabilityMode, Decode, Entity, Reading, Unsupported
from edge.home.homie_device import Described, Node, Property, words_of
from edge.home.parts import each, finite, one_of, within
from edge.home.things import by_mac

_LIGHTS: Final = frozenset({"light", "lights", "lamp", "bulb", "dimmer", "led", "ledstrip", "strip", "licht", "rgb"})
_COVERS: Final = frozenset(
    {"shutter", "blind", "blinds", "cover", "curtain", "roller", "awning", "jalousie", "rollershutter"}
)
_SWITCHED: Final = frozenset({"on", "power", "state", "switch", "onoff", "light", "led", "lamp"})
_DIMMED: Final = frozenset({"brightness", "dim", "dimmer", "intensity", "level", "luminance"})
_PLACED: Final = frozenset({"position", "level", "percent", "opening"})
_WANTED: Final = frozenset({"target", "setpoint", "desired"})
_MODES: Final = frozenset({"mode", "state", "heating"})
_VERBS: Final[Mapping[Verb, tuple[str, ...]]] = {
    Verb.OPEN: ("open", "up"),
    Verb.CLOSE: ("close", "down"),
    Verb.STOP: ("stop",),
}
_COVERED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("open", "opened", "up"), "open"),
    **dict.fromkeys(("close", "closed", "down"), "closed"),
    **dict.fromkeys(("stop", "stopped"), "stopped"),
    "opening": "opening",
    "closing": "closing",
}
_THERE: Final = {"ready": True, "alert": True, "sleeping": True, "init": False, "disconnected": False, "lost": False}
_BY_UNIT: Final = {
    "°C": "temperature", "°F": "temperature", "W": "power", "kW": "power", "Wh": "energy", "kWh": "energy",
    "V": "voltage", "A": "current", "lx": "illuminance", "hPa": "atmospheric_pressure", "ppm": "carbon_dioxide",
}  # fmt: skip
_BY_WORD: Final = {"humidity": "humidity", "battery": "battery", "temperature": "temperature"}


@dataclass(slots=True)
class _Draft:
    """An entity in the making."""

    topic: str
    """Of the node."""
    domain: str
    key: str
    name: str
    abilities: set[Ability] = field(default_factory=set)
    readings: list[Reading] = field(default_factory=list)
    writers: dict[str, Callable[[Value], list[Publication]]] = field(default_factory=dict)
    limits: dict[Ability, Limits] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    unit: str | None = None
    device_class: str | None = None
    used: set[str] = field(default_factory=set)
    """Ids of the properties that it is made of."""

    def reads(self, one: Property, key: str, read: Callable[[str], Value | None]) -> None:
        self.used.add(one.id)
        decode: Decode = lambda said: {key: read(said)}  # noqa: E731
        self.readings.append(Reading(f"{self.topic}/{one.id}", frozenset({key}), decode))

    def sets(self, one: Property, key: str, write: Callable[[Value], object]) -> None:
        target = f"{self.topic}/{one.id}/set"
        self.writers[key] = lambda value: [Publication(target, str(write(value)))]


def entities_of(device: Described) -> Iterator[Entity]:
    """All entities of a device. A node whose id can't be in a topic is left out."""
    for node in device.nodes:
        try:
            topic = topic_of(f"{device.base}/{node.id}")
            for one in node.properties:
                topic_of(one.id)
        except Malformed:
            continue
        for draft in _drafts(device, node, topic):
            yield _entity(device, node, draft)


def _drafts(device: Described, node: Node, topic: str) -> Iterator[_Draft]:
    whole = spoken(device.name) or device.base.rpartition("/")[2]
    own = spoken(node.name)
    # "Lamp" needs not be the lamp's light.
    plain = len(device.nodes) == 1 and words_of(own) <= _LIGHTS | _COVERS | _SWITCHED | {"relay", "node"}
    name = whole if plain else joined(whole, own)
    words = words_of(node.type) | words_of(node.name) | words_of(node.id)
    used: set[str] = set()
    for maker in (_light, _cover, _thermostat):
        if not used and (draft := maker(node, topic, name, words, device.version)) is not None:
            used = draft.used
            yield draft
    alone = len(node.properties) == 1
    for one in node.properties:
        if one.id not in used:
            yield _single(one, topic, name if alone else joined(name, spoken(one.name)))


def _entity(device: Described, node: Node, draft: _Draft) -> Entity:
    base = f"{draft.domain}.{slug(draft.name)}"
    tops = [device.base, device.root] if device.root and device.root != device.base else [device.base]
    return Entity(
        device=Device(
            id=base,
            name=draft.name,
            domain=draft.domain,
            abilities=frozenset(draft.abilities or {Ability.READ}),
            device_class=draft.device_class,
            unit=draft.unit,
            options=draft.options,
            limits=draft.limits,
            source="homie",
        ),
        readings=tuple(draft.readings),
        encode=each(draft.writers),
        availability=tuple(Availability(f"{top}/$state", _THERE.get) for top in tops),
        availability_mode=AvailabilityMode.ALL,
        base_name=base,
        identity=f"{draft.domain}:homie_{device.base}/{node.id}/{draft.key}",
        things=by_mac(device.mac),
    )


# -- nodes that are one thing -----------------------------------------------------------------------------------------


def _light(node: Node, topic: str, name: str, words: frozenset[str], version: int) -> _Draft | None:
    settable = [one for one in node.properties if one.settable]
    booleans = [one for one in settable if one.datatype == "boolean"]
    power = next((one for one in booleans if one.words & _SWITCHED), booleans[0] if len(booleans) == 1 else None)
    bright = next((one for one in settable if one.numeric and one.words & _DIMMED and _percent(one)), None)
    color = next((one for one in settable if one.datatype == "color" and _model(one)), None)
    called = bool(words & _LIGHTS)
    if not (called and (power or bright or color)) and not (power and (bright or color)):
        return None
    if words & _COVERS:
        return None
    draft = _Draft(topic, "light", "light", name)
    if power is not None:
        _switched(draft, power)
    if bright is not None:
        _scaled(draft, bright, Ability.BRIGHTNESS)
        if power is None:
            # A dimmer without a switch is off at nothing.
            draft.reads(bright, VALUE, lambda said: "on" if finite(said) > 0 else "off")
    if color is not None:
        draft.abilities.add(Ability.COLOR)
        draft.reads(color, "color", _rgb(_model(color), version))
        draft.sets(color, "color", _rgb_text(_model(color), version))
    if power is not None:
        # Another light does not turn a lamp on that has a switch of its own.
        on = draft.writers["state"]
        for key in draft.writers.keys() - {"state"}:
            draft.writers[key] = _after(on, draft.writers[key])
    return draft


def _after(
    on: Callable[[Value], list[Publication]], write: Callable[[Value], list[Publication]]
) -> Callable[[Value], list[Publication]]:
    return lambda value: [*on(Verb.ON), *write(value)]


def _cover(node: Node, topic: str, name: str, words: frozenset[str], _: int) -> _Draft | None:
    if not words & _COVERS:
        return None
    settable = [one for one in node.properties if one.settable]
    place = next((one for one in settable if one.numeric and one.words & _PLACED and _percent(one)), None)
    choice = next((one for one in settable if one.datatype == "enum" and len(_named(one.options)) > 1), None)
    if place is None and choice is None:
        return None
    draft = _Draft(topic, "cover", "cover", name)
    if place is not None:
        _scaled(draft, place, Ability.POSITION)
        draft.reads(place, VALUE, lambda said: "open" if finite(said) > 0 else "closed")
    if choice is not None:
        verbs = _named(choice.options)
        draft.abilities.add(Ability.STATE)
        draft.reads(choice, VALUE, lambda said: _COVERED.get(said.casefold()))
        draft.sets(choice, "state", lambda value: _one(verbs, value))
    return draft


def _named(options: tuple[str, ...]) -> Mapping[Verb, str]:
    """The options that are commands to a cover."""
    found = {verb: next((o for o in options if o.casefold() in words), None) for verb, words in _VERBS.items()}
    return {verb: option for verb, option in found.items() if option is not None}


def _thermostat(node: Node, topic: str, name: str, _words: frozenset[str], _: int) -> _Draft | None:
    degrees = [one for one in node.properties if one.numeric and one.unit in ("°C", "°F")]
    target = next((one for one in degrees if one.settable and one.words & _WANTED), None)
    if target is None:
        return None
    draft = _Draft(topic, "climate", "climate", name, unit=target.unit)
    draft.abilities.add(Ability.TEMPERATURE)
    draft.reads(target, "temperature", finite)
    draft.sets(target, "temperature", _number(target))
    if target.limits is not None:
        draft.limits[Ability.TEMPERATURE] = target.limits
    measured = next((one for one in degrees if not one.settable and "temperature" in one.words), None)
    if measured is not None:
        draft.reads(measured, "current_temperature", finite)
    enums = (one for one in node.properties if one.settable and one.datatype == "enum" and one.words & _MODES)
    mode = next((one for one in enums if "off" in one.options), None)
    if mode is not None:
        draft.options = mode.options
        on = next((word for word in ("auto", "heat", "on", "cool", *mode.options) if word in mode.options), "auto")
        draft.abilities |= {Ability.MODE, Ability.STATE}
        draft.reads(mode, VALUE, str)
        draft.sets(mode, "mode", lambda value: one_of(mode.options, value))
        # Writers are by change, so that this adds one to the same property.
        draft.sets(mode, "state", lambda value: _one({Verb.ON: on, Verb.OFF: "off"}, value))
    return draft


# -- single properties ------------------------------------------------------------------------------------------------


def _single(one: Property, topic: str, name: str) -> _Draft:
    draft = _Draft(topic, "sensor", one.id, name, unit=one.unit or None)
    word = next((word for word in _BY_WORD if word in one.words), "")
    draft.device_class = _BY_UNIT.get(one.unit) or _BY_WORD.get(word)
    if one.datatype == "boolean":
        draft.domain, draft.device_class = ("switch" if one.settable else "binary_sensor"), None
        if one.settable:
            _switched(draft, one)
        else:
            draft.reads(one, VALUE, _boolean)
        return draft
    draft.reads(one, VALUE, lambda said: said[:1024])
    if not one.settable:
        return draft
    if one.numeric:
        draft.domain = "number"
        draft.abilities.add(Ability.NUMBER)
        draft.sets(one, "value", _number(one))
        if one.limits is not None:
            draft.limits[Ability.NUMBER] = one.limits
    elif one.datatype == "enum" and one.options:
        draft.domain, draft.options = "select", one.options
        draft.abilities.add(Ability.OPTION)
        draft.sets(one, "option", lambda value: one_of(one.options, value))
    elif one.datatype == "string":
        draft.domain = "text"
        draft.abilities.add(Ability.TEXT)
        draft.sets(one, "text", str)
    return draft


def _switched(draft: _Draft, one: Property) -> None:
    draft.abilities.add(Ability.STATE)
    draft.reads(one, VALUE, _boolean)
    draft.sets(one, "state", lambda value: _one({Verb.ON: "true", Verb.OFF: "false"}, value))


def _boolean(said: str) -> Value:
    if said not in ("true", "false"):
        raise ValueError(f"{said[:40]!r} is neither true nor false")
    return "on" if said == "true" else "off"


def _one(words: Mapping[Verb, str], value: Value) -> str:
    verb = Verb(str(value))
    if verb not in words:
        raise Unsupported(verb)
    return words[verb]


def _number(one: Property) -> Callable[[Value], object]:
    def write(value: Value) -> object:
        wanted = within(one.limits, value)
        return round(wanted) if one.datatype == "integer" else wanted

    return write


def _percent(one: Property) -> Limits | None:
    """Its range, if it is known."""
    return one.limits or (Limits(0, 100) if one.unit == "%" else None)


def _scaled(draft: _Draft, one: Property, ability: Ability) -> None:
    limits = _percent(one) or Limits(0, 100)
    span = limits.high - limits.low
    draft.abilities.add(ability)
    draft.reads(one, ability, lambda said: round((finite(said) - limits.low) / span * 100))

    def write(value: Value) -> object:
        level = limits.low + span * within(Limits(0, 100), value) / 100
        return round(level) if one.datatype == "integer" else round(level, 4)

    draft.sets(one, ability, write)


# -- colours ----------------------------------------------------------------------------------------------------------


def _model(one: Property) -> str:
    """The first of its colour models that we know."""
    return next((model for model in one.format.split(",") if model.strip() in ("rgb", "hsv")), "").strip()


def _rgb(model: str, version: int) -> Callable[[str], Value | None]:
    def read(said: str) -> Value | None:
        named, *rest = said.split(",") if version == 5 else (model, *said.split(","))  # noqa: PLR2004
        first, second, third = (finite(part) for part in rest)
        if named == "rgb":
            return rgb_of({"r": first, "g": second, "b": third})
        return rgb_of({"h": first, "s": second}) if named == "hsv" and third else None

    return read


def _rgb_text(model: str, version: int) -> Callable[[Value], object]:
    def write(value: Value) -> object:
        if not isinstance(value, tuple):
            raise Unsupported("color")
        channels = value if model == "rgb" else _hsv(value)
        return ",".join([*([model] if version == 5 else []), *map(str, channels)])  # noqa: PLR2004

    return write


def _hsv(color: tuple[int, int, int]) -> tuple[int, int, int]:
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in color))
    return round(hue * 360), round(saturation * 100), round(value * 100)
