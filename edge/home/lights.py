"""Lights of Home Assistant's MQTT discovery: schemas ``json`` and ``default``.

Source: https://www.home-assistant.io/integrations/light.mqtt/
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from edge.devices import Ability, Value, Verb
from edge.home.broker import Publication
from edge.home.color import rgb_of
from edge.home.entity import VALUE, Reading, Seen, Unsupported
from edge.home.parts import Parts, command_writer, each, json_object, number_of, value_reading
from edge.home.payload import Payload

_KELVIN_MIRED: Final = 1_000_000


def light(p: Payload) -> Parts:
    """Schemas ``json`` and ``default``; ``template`` is left to a later convention file."""
    schema = p.text("schema", "default")
    if schema == "json":
        return _json_light(p)
    if schema == "template":
        raise ValueError("lights of schema template are not supported")
    return _default_light(p)


def _json_light(p: Payload) -> Parts:
    target = p.needed_topic("command_topic")
    modes = set(p.texts("supported_color_modes", ()))
    colorful = bool(modes & {"rgb", "rgbw", "rgbww", "hs", "xy"})
    tunable = bool(modes & {"color_temp", "rgbww"}) or p.flag("color_temp", False)
    dimmable = p.flag("brightness", False) or bool(modes - {"onoff"})
    scale, kelvin = p.scale("brightness_scale", 255), p.flag("color_temp_kelvin", False)
    abilities = frozenset(
        {Ability.STATE}
        | ({Ability.BRIGHTNESS} if dimmable else set())
        | ({Ability.COLOR} if colorful else set())
        | ({Ability.COLOR_TEMPERATURE} if tunable else set())
    )

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        body: dict[str, Any] = {"state": str(change.get("state", Verb.ON))}
        for key, value in change.items():
            match key:
                case "state":
                    pass
                case "brightness" if dimmable:
                    body["brightness"] = max(round(float(str(value)) / 100 * scale), 1 if value else 0)
                # What it may be asked is decided by its abilities, which grow when it reports more than it announced.
                case "color" if isinstance(value, tuple):
                    body["color"] = dict(zip("rgb", value, strict=True))
                case "color_temperature" if tunable:
                    body["color_temp"] = value if kelvin else round(_KELVIN_MIRED / float(str(value)))
                case _:
                    raise Unsupported(key)
        return [Publication(target, json.dumps(body))]

    def decode(payload: str) -> Seen:
        said = json_object(payload)
        seen: dict[str, Value | None] = {}
        if "state" in said:
            seen[VALUE] = None if said["state"] is None else str(said["state"]).lower()
        if said.get("brightness") is not None:
            seen["brightness"] = round(float(said["brightness"]) / scale * 100)
        if isinstance(color := said.get("color"), dict) and (mixed := rgb_of(color)) is not None:
            seen["color"] = mixed
        if said.get("color_temp"):
            measured = float(said["color_temp"])
            seen["color_temperature"] = round(measured if kelvin else _KELVIN_MIRED / measured)
        return seen

    keys = frozenset({VALUE, *(str(ability) for ability in abilities - {Ability.STATE})})
    topic = p.topic("state_topic")
    return Parts(abilities, (Reading(topic, keys, decode),) if topic else (), encode)


def _default_light(p: Payload) -> Parts:
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    scale = p.scale("brightness_scale", 255)
    readings = list(value_reading(p, {on: "on", off: "off"}, template="state_value_template"))
    writers: dict[str, Callable[[Value], list[Publication]]] = {
        "state": command_writer(p, {Verb.ON: on, Verb.OFF: off})
    }
    abilities = {Ability.STATE}
    if (bright := p.topic("brightness_command_topic")) is not None:
        abilities.add(Ability.BRIGHTNESS)
        encode = p.command("brightness_command_template")
        writers["brightness"] = lambda value: [Publication(bright, encode(round(float(str(value)) / 100 * scale)))]
    if (topic := p.topic("brightness_state_topic")) is not None:
        scaled = number_of("brightness", lambda level: round(level / scale * 100))
        readings.append(Reading(topic, frozenset({"brightness"}), p.decode("brightness_value_template", scaled)))
    if (color := p.topic("rgb_command_topic")) is not None:
        abilities.add(Ability.COLOR)
        writers["color"] = lambda value: [Publication(color, _rgb_text(p, value))]
    if (topic := p.topic("rgb_state_topic")) is not None:
        readings.append(Reading(topic, frozenset({"color"}), p.decode("rgb_value_template", _rgb)))
    if (warm := p.topic("color_temp_command_topic")) is not None:
        abilities.add(Ability.COLOR_TEMPERATURE)
        kelvin = p.flag("color_temp_kelvin", False)
        convert = p.command("color_temp_command_template")
        writers["color_temperature"] = lambda value: [
            Publication(warm, convert(value if kelvin else round(_KELVIN_MIRED / float(str(value)))))
        ]
    return Parts(frozenset(abilities), tuple(readings), each(writers))


def _rgb_text(p: Payload, value: Value) -> str:
    if not isinstance(value, tuple):
        raise Unsupported("color")
    red, green, blue = value
    if p.has("rgb_command_template"):
        return p.command("rgb_command_template")(value, red=red, green=green, blue=blue)
    return f"{red},{green},{blue}"


def _rgb(payload: str) -> Seen:
    red, green, blue = (int(channel) for channel in payload.split(","))
    return {"color": (red, green, blue)}
