"""Lights of Home Assistant's MQTT discovery in one message: the schemas ``json`` and ``template``.

Source: https://www.home-assistant.io/integrations/light.mqtt/#json-schema and #template-schema
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from edge.devices import Ability, Value, Verb
from edge.home.broker import Publication
from edge.home.color import rgb_of
from edge.home.entity import VALUE, Decode, Encode, Reading, Seen, Unsupported
from edge.home.lights import color_numbers, in_kelvin, in_mireds, kelvin_limits, level, level_of
from edge.home.parts import Parts, finite, json_object, known, number_of, one_of
from edge.home.payload import Payload
from edge.home.templates import Template

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "rgb": ("r", "g", "b"),
    "rgbw": ("r", "g", "b", "w"),
    "rgbww": ("r", "g", "b", "c", "w"),
    "hs": ("h", "s"),
    "xy": ("x", "y"),
}
"""By colour mode, the members of ``color``."""
_PREFERRED: Final = ("rgb", "rgbw", "rgbww", "hs", "xy")
_MODES_OF_COLOR: Final = frozenset(_PREFERRED)
_TEMPLATED: Final = 255
"""Full brightness in a template, whatever the lamp's own scale."""


def json_light(p: Payload) -> Parts:
    """One JSON object to the lamp, one from it."""
    modes = {*p.texts("supported_color_modes", ()), *(mode for mode in _PREFERRED if p.flag(mode, False))}
    mode_of_color = next((mode for mode in _PREFERRED if mode in modes), None)
    tunable = bool(modes & {"color_temp", "rgbww"}) or p.flag("color_temp", False)
    dimmable = p.flag("brightness", False) or bool(modes - {"onoff"})
    effects = p.texts("effect_list", ())
    abilities = frozenset(
        {Ability.STATE}
        | ({Ability.BRIGHTNESS} if dimmable else set())
        | ({Ability.COLOR} if mode_of_color else set())
        | ({Ability.COLOR_TEMPERATURE} if tunable else set())
        | ({Ability.WHITE} if "white" in modes else set())
        | ({Ability.EFFECT} if effects or p.flag("effect", False) else set())
    )
    topic = p.topic("state_topic")
    keys = frozenset({VALUE, *(str(ability) for ability in abilities - {Ability.STATE, Ability.WHITE})})
    return Parts(
        abilities,
        (Reading(topic, keys, _json_decode(p, abilities)),) if topic else (),
        _json_encode(p, abilities, mode_of_color or "rgb", effects),
        choices={Ability.EFFECT: effects} if effects else {},
        limits=kelvin_limits(p) if tunable else {},
    )


def _json_encode(p: Payload, able: frozenset[Ability], mode: str, effects: tuple[str, ...]) -> Encode:
    target = p.needed_topic("command_topic")
    scale, whole = p.scale("brightness_scale", 255), p.scale("white_scale", 255)
    kelvin = p.flag("color_temp_kelvin", False)

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        body: dict[str, Any] = {"state": str(change.get("state", Verb.ON))}
        for key, value in change.items():
            match key:
                case "state":
                    pass
                # What it may be asked is decided by its abilities, which grow when it reports more than it announced.
                case "color" if isinstance(value, tuple):
                    body["color"] = dict(zip(_KEYS[mode], color_numbers(mode, value), strict=True))
                case "brightness" if Ability.BRIGHTNESS in able:
                    body["brightness"] = level(value, scale)
                case "color_temperature" if Ability.COLOR_TEMPERATURE in able:
                    body["color_temp"] = in_mireds(value, kelvin=kelvin)
                case "white" if Ability.WHITE in able:
                    body["white"] = level(value, whole)
                case "effect" if Ability.EFFECT in able:
                    body["effect"] = one_of(effects, value)
                case _:
                    raise Unsupported(key)
        return [Publication(target, json.dumps(body))]

    return encode


def _json_decode(p: Payload, able: frozenset[Ability]) -> Decode:
    scale, kelvin = p.scale("brightness_scale", 255), p.flag("color_temp_kelvin", False)

    def decode(payload: str) -> Seen:
        said = json_object(payload)
        seen: dict[str, Value | None] = {}
        if "state" in said:
            seen[VALUE] = None if said["state"] is None else str(said["state"]).lower()
        if said.get("brightness") is not None:
            seen["brightness"] = round(finite(said["brightness"]) / scale * 100)
        mode = said.get("color_mode")
        if isinstance(color := said.get("color"), dict) and (mixed := rgb_of(_of_mode(mode, color))) is not None:
            seen["color"] = mixed
        if said.get("color_temp"):
            seen["color_temperature"] = in_kelvin(finite(said["color_temp"]), kelvin=kelvin)
        if "effect" in said and Ability.EFFECT in able:
            seen["effect"] = known(said["effect"])
        return {**seen, **_beside(mode, able)}

    return decode


def _of_mode(mode: object, color: Mapping[str, Any]) -> Mapping[str, Any]:
    """The members of ``color`` that count in a colour mode."""
    members = _KEYS.get(str(mode), ())[:3]
    return {key: color[key] for key in members} if members and all(key in color for key in members) else color


def _beside(mode: object, able: frozenset[Ability]) -> Seen:
    """What a lamp reports besides, and does not show: a colour, while it is white; a white, while it is coloured."""
    if mode in ("color_temp", "white") and Ability.COLOR in able:
        return {"color": None}
    if mode in _MODES_OF_COLOR and Ability.COLOR_TEMPERATURE in able:
        return {"color_temperature": None}
    return {}


def template_light(p: Payload) -> Parts:
    """Whatever its templates make of it: text in any format."""
    target = p.needed_topic("command_topic")
    if not (p.has("command_on_template") and p.has("command_off_template")):
        raise ValueError("command_on_template or command_off_template is missing")
    switch_on, switch_off = p.template("command_on_template"), p.template("command_off_template")
    effects = p.texts("effect_list", ())
    colorful = all(p.has(f"{channel}_template") for channel in ("red", "green", "blue"))
    kelvin = p.flag("color_temp_kelvin", False)
    abilities = frozenset(
        {Ability.STATE}
        | ({Ability.BRIGHTNESS} if p.has("brightness_template") else set())
        | ({Ability.COLOR} if colorful else set())
        | ({Ability.COLOR_TEMPERATURE} if p.has("color_temp_template") else set())
        | ({Ability.EFFECT} if effects else set())
    )

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        if unknown := change.keys() - abilities:
            raise Unsupported(", ".join(sorted(unknown)))
        if change.get("state") == Verb.OFF:
            return [Publication(target, switch_off.command(None, state="off"))]
        if change.get("state", Verb.ON) != Verb.ON:
            raise Unsupported(change["state"])
        return [Publication(target, switch_on.command(None, state="on", **_variables(change, effects, kelvin=kelvin)))]

    return Parts(
        abilities,
        _template_readings(p, abilities, kelvin=kelvin),
        encode,
        choices={Ability.EFFECT: effects} if effects else {},
        limits=kelvin_limits(p),
    )


def _variables(change: Mapping[str, Value], effects: tuple[str, ...], *, kelvin: bool) -> dict[str, object]:
    known_as: dict[str, object] = {}
    for key, value in change.items():
        match key:
            case "brightness":
                known_as["brightness"] = level(value, _TEMPLATED)
            case "color_temperature":
                known_as["color_temp"] = in_mireds(value, kelvin=kelvin)
            case "effect":
                known_as["effect"] = one_of(effects, value)
            case "color" if isinstance(value, tuple):
                hue, sat = color_numbers("hs", value)
                known_as |= {**dict(zip(("red", "green", "blue"), value, strict=True)), "hue": hue, "sat": sat}
    return known_as


def _template_readings(p: Payload, abilities: frozenset[Ability], *, kelvin: bool) -> tuple[Reading, ...]:
    topic = p.topic("state_topic")
    if topic is None:
        return ()
    decoders: dict[str, Decode] = {}
    if p.has("state_template"):
        decoders[VALUE] = p.decode("state_template", _on_or_off)
    if Ability.BRIGHTNESS in abilities:
        decoders["brightness"] = p.decode("brightness_template", level_of("brightness", _TEMPLATED))
    if Ability.COLOR_TEMPERATURE in abilities:
        white = number_of("color_temperature", lambda said: in_kelvin(said, kelvin=kelvin))
        decoders["color_temperature"] = p.decode("color_temp_template", white)
    if p.has("effect_template"):
        decoders["effect"] = p.decode("effect_template", lambda text: {"effect": known(text)})
    if Ability.COLOR in abilities:
        channels = [p.template(f"{channel}_template") for channel in ("red", "green", "blue")]
        decoders["color"] = lambda payload: _mixed(channels, payload)
    return tuple(Reading(topic, frozenset({key}), decode) for key, decode in decoders.items())


def _on_or_off(text: str) -> Seen:
    if (said := known(text)) is None:
        return {VALUE: None}
    if said.casefold() not in ("on", "off"):
        raise ValueError(f"{said[:40]!r} is neither on nor off")
    return {VALUE: said.casefold()}


def _mixed(channels: list[Template], payload: str) -> Seen:
    texts = [channel.value(payload) for channel in channels]
    if not all(texts):
        return {}
    red, green, blue = (round(finite(text)) for text in texts)
    return {"color": (red, green, blue)}
