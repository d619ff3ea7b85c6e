"""The pieces of which zigbee2mqtt's ``exposes`` are read: an entry, and the part of a device that it comes to.

Source: https://www.zigbee2mqtt.io/guide/usage/exposes.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Where

from edge.devices import Ability, Limits, Value, Verb
from edge.home.entity import Unsupported
from edge.home.json_state import Field
from edge.home.parts import one_of, within

STATE, SET, GET = 1, 2, 4
"""Bits of ``access``: found in the state, can be set, can be asked for."""

Name = Annotated[str, Where(max_length=120)]
Scalar: TypeAlias = bool | int | float | Annotated[str, Where(max_length=120)]
Finite = Annotated[float, Where(allow_inf_nan=False)]


class Expose(BaseModel):
    """One entry of ``exposes``, or one of its ``features``."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    type: Name
    name: Name = ""
    property: Name = ""
    label: Name = ""
    endpoint: Name | None = None
    category: Name | None = None
    access: int = 0
    unit: Name | None = None
    value_on: Scalar | None = None
    value_off: Scalar | None = None
    value_min: Finite | None = None
    value_max: Finite | None = None
    value_step: Finite | None = None
    values: Annotated[tuple[Scalar, ...], Where(max_length=2000)] = ()
    features: Annotated[tuple["Expose", ...], Where(max_length=100)] = ()

    def feature(self, name: str) -> "Expose | None":
        """Its feature of that name, if it has a property to it."""
        return next((one for one in self.features if one.name == name and one.property), None)

    def may(self, bit: int) -> bool:
        """Whether ``access`` has that bit."""
        return bool(self.access & bit)


Write: TypeAlias = Callable[[Value], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """One entity of a device, on whatever topic it is."""

    domain: str
    object_id: str
    """As zigbee2mqtt's discovery calls it, unique within the device."""
    name: str
    """Of its own; empty when it is what the device is for."""
    abilities: frozenset[Ability]
    fields: tuple[Field, ...]
    writers: Mapping[str, Write] = field(default_factory=dict)
    """By change, the properties to set."""
    gets: tuple[str, ...] = ()
    """Properties that can be asked for."""
    device_class: str | None = None
    unit: str | None = None
    options: tuple[str, ...] = ()
    choices: Mapping[Ability, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[Ability, Limits] = field(default_factory=dict)
    category: str | None = None
    """As in :class:`edge.devices.Device`; likewise those above."""
    happens: bool = False
    """Whether it tells what happens, not how things are."""


class NotUsed(Exception):
    """There is nothing in it for a voice assistant; the text says why in a few words."""


def verb_write(feature: Expose, names: Mapping[Verb, Any]) -> Write:
    """Verbs by the names that the property has for them."""

    def write(value: Value) -> Mapping[str, Any]:
        verb = Verb(str(value))
        if verb not in names:
            raise Unsupported(verb)
        return {feature.property: names[verb]}

    return write


def number_write(expose: Expose) -> Write:
    """A number between the limits: less than was asked for would not be what was asked for."""
    limits = limits_of(Ability.NUMBER, expose).get(Ability.NUMBER)

    def write(value: Value) -> Mapping[str, Any]:
        wanted = within(limits, value)
        return {expose.property: int(wanted) if wanted.is_integer() else wanted}

    return write


def limits_of(key: Ability, expose: Expose) -> Mapping[Ability, Limits]:
    """``key`` with the limits of its values, when it has both."""
    low, high = expose.value_min, expose.value_max
    return {key: Limits(low, high, expose.value_step or 0.0)} if low is not None and high is not None else {}


def choice_write(expose: Expose) -> Write:
    """One of its values, in their own types."""
    typed = {str(value): value for value in expose.values}
    return lambda value: {expose.property: typed[str(one_of(tuple(typed), value))]}


def endpoint_name(expose: Expose) -> str:
    """How people call an endpoint: ``left``, and ``1`` for ``l1``."""
    return re.sub(r"^l(\d+)$", r"\1", expose.endpoint or "").replace("_", " ")


def is_effect(expose: Expose) -> bool:
    """Whether it is a lamp's effects."""
    return expose.type == "enum" and expose.name == "effect" and bool(expose.property and expose.values)
