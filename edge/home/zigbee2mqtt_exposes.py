"""What a Zigbee device can do, from zigbee2mqtt's ``exposes`` of it: each part that people speak of, without topics.

Source: https://www.zigbee2mqtt.io/guide/usage/exposes.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from edge.devices import Ability, Value, Verb
from edge.home.entity import VALUE
from edge.home.json_state import Field, text, word
from edge.home.zigbee2mqtt_classes import BINARY, MEASURED
from edge.home.zigbee2mqtt_kinds import climate, cover, fan, light, lock, switch
from edge.home.zigbee2mqtt_part import (
    SET,
    STATE,
    Expose,
    NotUsed,
    Part,
    Write,
    choice_write,
    endpoint_name,
    is_effect,
    limits_of,
    number_write,
    verb_write,
)

_BESIDE: Final = frozenset({"config", "diagnostic"})
_KEPT: Final = frozenset({"action", "battery", "battery_low", "tamper"})
"""Of what is beside the point, what people ask for."""
_SETTING: Final = "config"
"""Category of all that can be set besides what the device is for: reached by its name alone."""


def parts(exposes: Sequence[Expose]) -> Iterator[Part | NotUsed]:
    """What each of ``exposes`` comes to, in order."""
    for expose in exposes:
        try:
            yield _part(expose, exposes)
        except NotUsed as reason:
            yield reason


def group_part(domain: str, members: Sequence[Expose]) -> Part | None:
    """A group as one of ``domain``, by the exposes of its members; None when none of them is one.

    It can do what any of its members can: zigbee2mqtt gives each what it understands. Its properties have no endpoints.
    """
    able = sorted((one for one in members if one.type == domain), key=lambda one: -len(one.features))
    for expose in able:
        plain = [one.model_copy(update={"property": _plain(one, expose.endpoint)}) for one in expose.features]
        try:
            part = _part(expose.model_copy(update={"endpoint": None, "features": tuple(plain)}), ())
        except NotUsed:
            continue
        return replace(part, gets=())
    return None


def _plain(feature: Expose, endpoint: str | None) -> str:
    return feature.property.removesuffix(f"_{endpoint}") if endpoint else feature.property


def _part(expose: Expose, whole: Sequence[Expose]) -> Part:
    reader = _READERS.get(expose.type)
    if reader is None:
        raise NotUsed(f"type {expose.type}")
    if expose.category in _BESIDE and expose.name not in _KEPT:
        raise NotUsed(f"category {expose.category}")
    if "factory" in expose.name:
        raise NotUsed("resets to the factory's settings")
    return reader(expose, whole)


# -- what else it has -------------------------------------------------------------------------------------------------


def _binary(expose: Expose, _: Sequence[Expose]) -> Part:
    if expose.value_on is None or expose.value_off is None or not expose.property:
        raise NotUsed("without values")
    on, off = expose.value_on, expose.value_off
    shown = (Field(VALUE, (expose.property,), word({on: "on", off: "off"})),) if expose.may(STATE) else ()
    if expose.may(SET):
        writers = {"state": verb_write(expose, {Verb.ON: on, Verb.OFF: off})}
        # Child locks, indicators and resets to the factory's settings: nobody means them who says "all switches".
        category = None if expose.name == "state" else _SETTING
        return replace(_own("switch", expose, Ability.STATE, shown, writers), category=category)
    if not shown:
        raise NotUsed("neither told nor set")
    return _own("binary_sensor", expose, Ability.READ, shown, device_class=BINARY.get(expose.name))


def _numeric(expose: Expose, _: Sequence[Expose]) -> Part:
    shown = (Field(VALUE, (expose.property,), text),) if expose.may(STATE) and expose.property else ()
    if expose.may(SET) and expose.property:
        part = _own("number", expose, Ability.NUMBER, shown, {"value": number_write(expose)}, unit=expose.unit)
        return replace(part, limits=limits_of(Ability.NUMBER, expose), category=_SETTING)
    if not shown:
        raise NotUsed("neither told nor set")
    device_class = MEASURED.get(expose.name)
    return _own("sensor", expose, Ability.READ, shown, device_class=device_class, unit=expose.unit)


def _enum(expose: Expose, whole: Sequence[Expose]) -> Part:
    if is_effect(expose) and any(one.type == "light" and one.endpoint == expose.endpoint for one in whole):
        raise NotUsed("effects, which are the light's")
    shown = (Field(VALUE, (expose.property,), text),) if expose.may(STATE) and expose.property else ()
    if expose.may(SET) and expose.property and expose.values:
        if len(expose.values) == 1 and not shown:
            press = {Verb.PRESS: expose.values[0]}
            part = _own("button", expose, Ability.STATE, (), {"state": verb_write(expose, press)})
            return replace(part, category=_SETTING)
        options = tuple(str(value) for value in expose.values)
        part = _own("select", expose, Ability.OPTION, shown, {"option": choice_write(expose)}, options=options)
        return replace(part, category=_SETTING)
    if not shown:
        raise NotUsed("neither told nor set")
    if expose.name == "action":
        happened = (Field(VALUE, (expose.property,), _happened),)
        return replace(_own("event", expose, Ability.READ, happened), happens=True)
    return _own("sensor", expose, Ability.READ, shown)


def _happened(said: Any) -> Value:
    if said == "":
        raise KeyError(said)
    return text(said)


def _text(expose: Expose, _: Sequence[Expose]) -> Part:
    shown = (Field(VALUE, (expose.property,), text),) if expose.may(STATE) and expose.property else ()
    if expose.may(SET) and expose.property:
        part = _own("text", expose, Ability.TEXT, shown, {"text": lambda value: {expose.property: str(value)}})
        return replace(part, category=_SETTING)
    if not shown:
        raise NotUsed("neither told nor set")
    return _own("sensor", expose, Ability.READ, shown)


def _own(
    domain: str,
    expose: Expose,
    ability: Ability,
    fields: tuple[Field, ...],
    writers: Mapping[str, Write] | None = None,
    *,
    device_class: str | None = None,
    unit: str | None = None,
    options: tuple[str, ...] = (),
) -> Part:
    """A part beside what the device is for, under its own name."""
    label = expose.label or expose.name.replace("_", " ").capitalize()
    place = endpoint_name(expose)
    name = label if not place or place.casefold() in label.casefold().split() else f"{label} {place}"
    return Part(
        domain=domain,
        object_id=expose.property,
        name=name,
        abilities=frozenset({ability}),
        fields=fields,
        writers=writers or {},
        device_class=device_class,
        unit=unit,
        options=options,
    )


_READERS: Final[Mapping[str, Callable[[Expose, Sequence[Expose]], Part]]] = {
    "binary": _binary,
    "climate": climate,
    "cover": cover,
    "enum": _enum,
    "fan": fan,
    "light": light,
    "lock": lock,
    "numeric": _numeric,
    "switch": switch,
    "text": _text,
}
