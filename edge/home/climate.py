"""Climate devices and water heaters of Home Assistant's MQTT discovery.

Source: https://www.home-assistant.io/integrations/climate.mqtt/ and water_heater.mqtt/
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from edge.devices import Ability, Limits, Value, Verb
from edge.home.broker import Publication
from edge.home.entity import VALUE, Decode, Reading
from edge.home.parts import Parts, Writers, each, number_of, one_of, text_of, verb_writer, within, word_of
from edge.home.payload import EncodeCommand, Payload

_CLIMATE_MODES: Final = ("auto", "off", "cool", "heat", "dry", "fan_only")
_WATER_MODES: Final = ("off", "eco", "electric", "gas", "heat_pump", "high_demand", "performance")
_FAN_MODES: Final = ("auto", "low", "medium", "high")
_WAKING: Final = ("auto", "heat_cool", "heat", "cool")
"""Modes that "on" means, the first that there is."""
_TARGETS: Final = (Ability.TEMPERATURE, Ability.TEMPERATURE_LOW, Ability.TEMPERATURE_HIGH)
_MEASURED: Final = ("current_temperature", "current_humidity")
_HUMIDITY: Final = Limits(30, 99, 1)
_CELSIUS: Final = {"climate": Limits(7, 35), "water_heater": Limits(43.3, 60)}
_FAHRENHEIT: Final = {"climate": Limits(44.6, 95), "water_heater": Limits(110, 140)}
"""What is sensible where the payload gives no limits of its own."""

_Writer = Callable[[Value], list[Publication]]


def climate(p: Payload) -> Parts:
    """Mode, one target temperature or two, fan, flaps, presets, humidity, and what it does and measures."""
    modes = p.texts("modes", _CLIMATE_MODES)
    presets = p.texts("preset_modes", ())
    words = {
        Ability.FAN_MODE: p.texts("fan_modes", _FAN_MODES),
        Ability.SWING: p.texts("swing_modes", ("on", "off")),
        Ability.PRESET: ("none", *presets) if presets else (),
    }
    limits = {**dict.fromkeys(_TARGETS, _temperatures(p, "climate")), Ability.HUMIDITY: _humidities(p)}
    readings = [
        *_reading(p, "mode_state", VALUE, text_of(VALUE)),
        *_reading(p, "action", "action", text_of("action")),
        *(
            each
            for key in ("current_temperature", "current_humidity")
            for each in _reading(p, key, key, number_of(key))
        ),
        *(each for key in _TARGETS for each in _reading(p, f"{key}_state", key, number_of(key))),
        *_reading(p, "target_humidity_state", "humidity", number_of("humidity")),
        *_reading(p, "fan_mode_state", "fan_mode", word_of("fan_mode", words[Ability.FAN_MODE])),
        *_reading(p, "swing_mode_state", "swing", word_of("swing", words[Ability.SWING])),
        *_reading(p, "preset_mode_state", "preset", text_of("preset"), "preset_mode_value_template"),
    ]
    writers = {
        **_mode_writers(p, modes),
        **_writers(
            p,
            {
                **{key: (key, partial(within, limits[key])) for key in _TARGETS},
                Ability.HUMIDITY: ("target_humidity", partial(within, limits[Ability.HUMIDITY])),
                Ability.FAN_MODE: ("fan_mode", partial(one_of, words[Ability.FAN_MODE])),
                Ability.SWING: ("swing_mode", partial(one_of, words[Ability.SWING])),
                Ability.PRESET: ("preset_mode", partial(one_of, words[Ability.PRESET])),
            },
        ),
    }
    return _parts(p, readings, writers, modes, words, limits)


def water_heater(p: Payload) -> Parts:
    """Mode, target temperature, and what it measures."""
    modes = p.texts("modes", _WATER_MODES)
    limits = {Ability.TEMPERATURE: _temperatures(p, "water_heater")}
    readings = [
        *_reading(p, "mode_state", VALUE, text_of(VALUE)),
        *_reading(p, "current_temperature", "current_temperature", number_of("current_temperature")),
        *_reading(p, "temperature_state", "temperature", number_of("temperature")),
    ]
    writers = {
        **_mode_writers(p, modes),
        **_writers(p, {Ability.TEMPERATURE: ("temperature", partial(within, limits[Ability.TEMPERATURE]))}),
    }
    return _parts(p, readings, writers, modes, {}, limits)


def _parts(
    p: Payload,
    readings: list[Reading],
    writers: Writers,
    modes: tuple[str, ...],
    words: dict[Ability, tuple[str, ...]],
    limits: dict[Ability, Limits],
) -> Parts:
    abilities = frozenset(Ability(key) for key in writers)
    return Parts(
        abilities or frozenset({Ability.READ}),
        tuple(readings),
        each(writers),
        unit={"F": "°F", "C": "°C"}.get(p.text("temperature_unit", "C"), "°C"),
        options=modes,
        choices={ability: choice for ability, choice in words.items() if ability in abilities and choice},
        limits={ability: limit for ability, limit in limits.items() if ability in abilities},
    )


def _reading(p: Payload, name: str, key: str, decode: Decode, template: str = "") -> Iterator[Reading]:
    if (topic := p.topic(f"{name}_topic")) is None:
        return
    own = template or f"{name}_template"
    # One template may stand for all state topics.
    yield Reading(topic, frozenset({key}), p.decode(own if p.has(own) else "value_template", decode))


def _mode_writers(p: Payload, modes: tuple[str, ...]) -> Writers:
    found: Writers = {}
    if (topic := p.topic("mode_command_topic")) is not None:
        encode = p.command("mode_command_template")
        waking = [mode for mode in (*_WAKING, *modes) if mode in modes and mode != "off"]
        names: dict[str, Value] = {Verb.ON: waking[0] if waking else "auto", Verb.OFF: "off"}

        def set_mode(value: Value) -> list[Publication]:
            return [Publication(topic, encode(one_of(modes, value)))]

        found = {"mode": set_mode, "state": lambda value: set_mode(names.get(Verb(str(value)), value))}
    if (power := p.topic("power_command_topic")) is not None:
        powers = {Verb.ON: p.text("payload_on", "ON"), Verb.OFF: p.text("payload_off", "OFF")}
        found = {**found, "state": verb_writer(powers, power, p.command("power_command_template"))}
    return found


def _writers(p: Payload, settings: Mapping[Ability, tuple[str, Callable[[Value], Value]]]) -> Writers:
    """By ability: the name of its topic and template, and what is written for a value."""
    return {
        ability.value: _writer(target, p.command(f"{name}_command_template"), write)
        for ability, (name, write) in settings.items()
        if (target := p.topic(f"{name}_command_topic")) is not None
    }


def _writer(target: str, encode: EncodeCommand, write: Callable[[Value], Value]) -> _Writer:
    return lambda value: [Publication(target, encode(write(value)))]


def _temperatures(p: Payload, kind: str) -> Limits:
    fahrenheit = p.text("temperature_unit", "C") == "F"
    usual = (_FAHRENHEIT if fahrenheit else _CELSIUS)[kind]
    low, high = p.number("min_temp", usual.low), p.number("max_temp", usual.high)
    # A device that gives only one end may lie beyond what is usual at the other.
    return Limits(min(low, high), max(low, high))


def _humidities(p: Payload) -> Limits:
    return Limits(p.number("min_humidity", _HUMIDITY.low), p.number("max_humidity", _HUMIDITY.high), _HUMIDITY.step)
