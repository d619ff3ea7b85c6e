"""Lights of Home Assistant's MQTT discovery: the schema ``default``, which has a topic for each property.

Source: https://www.home-assistant.io/integrations/light.mqtt/
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from edge.devices import Ability, Limits, Value, Verb
from edge.home.broker import Publication
from edge.home.color import Rgb, hs_of, rgb_of, xy_of
from edge.home.entity import Decode, Reading, Seen, Unsupported
from edge.home.parts import Parts, command_writer, finite, known, number_of, one_of, value_reading
from edge.home.payload import Payload

_KELVIN_MIRED: Final = 1_000_000
_CHANNELS: Final[Mapping[str, tuple[str, ...]]] = {
    "rgb": ("red", "green", "blue"),
    "rgbw": ("red", "green", "blue", "white"),
    "rgbww": ("red", "green", "blue", "cold_white", "warm_white"),
    "hs": ("hue", "sat"),
    "xy": ("x", "y"),
}
"""By colour mode, the numbers in its messages, and how command templates call them."""
_STYLES: Final = ("white", "brightness", "color", "color_temperature", "effect")
_ON_TYPES: Final = frozenset({"first", "last", "brightness"})

_Writer = Callable[[Value], list[Publication]]


def default_light(p: Payload) -> Parts:
    """On and off, brightness, colours in five modes, whites, effects."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    effects = p.texts("effect_list", ())
    readings = [
        *value_reading(p, {on: "on", off: "off"}, template="state_value_template"),
        *_reading(p, "brightness", "brightness", level_of("brightness", p.scale("brightness_scale", 255))),
        *(each for mode in _CHANNELS for each in _reading(p, mode, "color", _color_of(mode))),
        *_reading(p, "color_temp", "color_temperature", _kelvin_of(p)),
        *_reading(p, "effect", "effect", lambda payload: {"effect": known(payload)}),
        *_reading(p, "color_mode", "color_mode", lambda payload: {"color_mode": known(payload)}),
    ]
    writers = {"state": command_writer(p, {Verb.ON: on, Verb.OFF: off}), **_style_writers(p, effects)}
    return Parts(
        frozenset(map(Ability, writers)),
        tuple(readings),
        _in_order(p, writers),
        choices={Ability.EFFECT: effects} if "effect" in writers else {},
        limits=kelvin_limits(p) if "color_temperature" in writers else {},
    )


def level_of(key: str, scale: float) -> Decode:
    """A level from 0 to ``scale``, as percent."""
    return number_of(key, lambda level: round(level / scale * 100))


def level(value: Value, scale: float) -> int:
    """Percent on the lamp's own scale; a little is not nothing."""
    percent = finite(str(value))
    return max(round(percent / 100 * scale), 1 if percent > 0 else 0)


def in_mireds(value: Value, *, kelvin: bool) -> int:
    """Kelvin as the lamp wants them: mired, or kelvin where it says so."""
    return round(finite(str(value)) if kelvin else _KELVIN_MIRED / finite(str(value)))


def in_kelvin(said: float, *, kelvin: bool) -> int:
    """The other way round."""
    return round(said if kelvin else _KELVIN_MIRED / said)


def kelvin_limits(p: Payload) -> dict[Ability, Limits]:
    """How warm and how cold the lamp's white may be; nothing where its payload does not say."""
    low = p.number("min_kelvin", 0) or (_KELVIN_MIRED / p.scale("max_mireds", 500) if p.has("max_mireds") else 0)
    high = p.number("max_kelvin", 0) or (_KELVIN_MIRED / p.scale("min_mireds", 153) if p.has("min_mireds") else 0)
    if not 0 < low < high:
        return {}
    return {Ability.COLOR_TEMPERATURE: Limits(round(low), round(high))}


def color_numbers(mode: str, color: Rgb) -> tuple[float, ...]:
    """``color`` in the numbers of a colour mode; white diodes stay dark."""
    match mode:
        case "hs":
            return hs_of(color)
        case "xy":
            return xy_of(color)
    return (*color, *(0 for _ in _CHANNELS[mode][3:]))


def color_from(mode: str, numbers: Sequence[float]) -> Rgb | None:
    """The other way round; white diodes alone are white."""
    if len(numbers) != len(_CHANNELS[mode]):
        raise ValueError(f"{len(numbers)} numbers are no {mode}")
    if mode in ("hs", "xy"):
        return rgb_of(dict(zip(mode, numbers, strict=True)))
    red, green, blue, *whites = (round(number) for number in numbers)
    return (255, 255, 255) if any(whites) and not (red or green or blue) else (red, green, blue)


def _reading(p: Payload, name: str, key: str, decode: Decode) -> Sequence[Reading]:
    topic = p.topic(f"{name}_state_topic")
    return () if topic is None else (Reading(topic, frozenset({key}), p.decode(f"{name}_value_template", decode)),)


def _color_of(mode: str) -> Decode:
    def decode(payload: str) -> Seen:
        if (said := known(payload)) is None:
            return {"color": None}
        return {"color": color_from(mode, [finite(number) for number in said.split(",")])}

    return decode


def _kelvin_of(p: Payload) -> Decode:
    kelvin = p.flag("color_temp_kelvin", False)
    return number_of("color_temperature", lambda said: in_kelvin(said, kelvin=kelvin))


def _style_writers(p: Payload, effects: tuple[str, ...]) -> dict[str, _Writer]:
    """All but on and off."""
    writers: dict[str, _Writer] = {}
    if (bright := p.topic("brightness_command_topic")) is not None:
        scale, encode = p.scale("brightness_scale", 255), p.command("brightness_command_template")
        writers["brightness"] = lambda value: [Publication(bright, encode(level(value, scale)))]
    # Of several the last counts: a lamp's own xy overrides its rgb, and white diodes are told to be dark.
    for mode in _CHANNELS:
        if (target := p.topic(f"{mode}_command_topic")) is not None:
            writers["color"] = _color_writer(p, mode, target)
    if (warm := p.topic("color_temp_command_topic")) is not None:
        kelvin, convert = p.flag("color_temp_kelvin", False), p.command("color_temp_command_template")
        writers["color_temperature"] = lambda value: [Publication(warm, convert(in_mireds(value, kelvin=kelvin)))]
    if (white := p.topic("white_command_topic")) is not None:
        whole = p.scale("white_scale", 255)
        writers["white"] = lambda value: [Publication(white, str(level(value, whole)))]
    if (show := p.topic("effect_command_topic")) is not None:
        express = p.command("effect_command_template")
        writers["effect"] = lambda value: [Publication(show, express(one_of(effects, value)))]
    return writers


def _color_writer(p: Payload, mode: str, target: str) -> _Writer:
    key = f"{mode}_command_template"
    template = p.template(key) if p.has(key) else None

    def write(value: Value) -> list[Publication]:
        if not isinstance(value, tuple):
            raise Unsupported("color")
        numbers = color_numbers(mode, value)
        if template is None:
            return [Publication(target, ",".join(f"{number:g}" for number in numbers))]
        return [Publication(target, template.command(None, **dict(zip(_CHANNELS[mode], numbers, strict=True))))]

    return write


def _in_order(p: Payload, writers: Mapping[str, _Writer]) -> Callable[[Mapping[str, Value]], list[Publication]]:
    """A message for each property, and "on" before or after them, or by brightness alone, as the lamp wants it."""
    kind = p.text("on_command_type", "last")
    if kind not in _ON_TYPES:
        raise ValueError(f"on_command_type {kind!r} is not known")
    by_brightness = kind == "brightness" and "brightness" in writers

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        if unknown := change.keys() - writers.keys():
            raise Unsupported(", ".join(sorted(unknown)))
        style = [message for key in _STYLES if key in change for message in writers[key](change[key])]
        if "state" not in change:
            return style
        if by_brightness and change["state"] == Verb.ON:
            return style if "brightness" in change else [*style, *writers["brightness"](100)]
        state = writers["state"](change["state"])
        return [*state, *style] if kind == "first" else [*style, *state]

    return encode
