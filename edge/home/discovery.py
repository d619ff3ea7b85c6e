"""Home Assistant's MQTT discovery: retained payloads to entities.

``<prefix>/<component>/[<node>/]<object>/config`` announces one entity, ``<prefix>/device/<object>/config`` a device
with all of its entities. An empty payload takes them back.

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

import logging
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from edge import outside
from edge.devices import Ability, Device, Value
from edge.home.components import COMPONENTS, SPEECHLESS
from edge.home.entity import VALUE, Availability, AvailabilityMode, Entity, Reading, Seen
from edge.home.parts import json_object
from edge.home.payload import Payload, expand, with_base
from edge.home.template_budget import new_templates
from edge.home.templates import TemplateFault
from edge.home.things import by_discovery

_log = logging.getLogger(__name__)

MAX_PAYLOAD: Final = 262_144
"""Bytes; a device bundle of a hundred entities is a tenth of it."""
_MAX_NAME: Final = 120
_MAX_COMPONENTS: Final = 400
_MAX_SHARED: Final = 100
"""Parts of a device in one message, and what they share: each part is made with all of it."""
_MAX_AVAILABILITIES: Final = 16
_MAX_ID: Final = 255
"""Characters of an id. Sorting the accents of a text takes time by the square of its length."""
_BESIDE: Final = frozenset({"config", "diagnostic"})
"""Categories of what belongs to a device without being what it is there for."""
_MAX_ATTRIBUTES: Final = 32
_OWN_KEYS: Final = frozenset(
    {VALUE, *(ability.value for ability in Ability), "current_temperature", "current_humidity", "action", "segments",
     "installed_version", "latest_version", "in_progress", "color_mode"}
)  # fmt: skip
"""What a device's attributes in JSON may not pass for: there, brightness may be of any scale."""
_OURSELVES: Final = "Hearthside"
"""The ``origin`` that an assistant names when it announces itself to Home Assistant."""
_LEVELS: Final = (4, 5)
"""Levels of a discovery topic, without and with a node."""


class Malformed(ValueError):
    """A discovery payload that can't be used; the text says why."""


def topics(prefix: str) -> tuple[str, ...]:
    """What to subscribe to."""
    return (f"{prefix}/+/+/config", f"{prefix}/+/+/+/config")


def is_discovery(topic: str, prefix: str) -> bool:
    """Whether a message on ``topic`` announces something."""
    return topic.startswith(prefix + "/") and topic.endswith("/config") and topic.count("/") + 1 in _LEVELS


def read(topic: str, payload: bytes, prefix: str) -> list[Entity]:
    """The entities that a message announces: none for an empty payload and for components that are not used.

    Raises Malformed.
    """
    if not payload:
        return []
    if len(payload) > MAX_PAYLOAD:
        raise Malformed(f"{len(payload)} bytes are too many")
    with new_templates():
        return _read(topic, payload, prefix)


def _read(topic: str, payload: bytes, prefix: str) -> list[Entity]:
    """Raises Malformed."""
    component, *place = topic.removeprefix(prefix + "/").removesuffix("/config").split("/")
    try:
        raw = outside.json_of(payload)
        if component == "device":
            return _bundle(topic, raw)
        if not _used(component, topic):
            return []
        full = expand(raw)
        # It says that from now on a bundle announces it.
        wanted = _enabled(full) and not _by_an_assistant(full) and not Payload(full).flag("migrate_discovery", False)
        return [_entity(component, topic, {**full, "_object": place[-1]})] if wanted else []
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Malformed(str(error)) from None


def _used(component: object, topic: str) -> bool:
    """Whether it is understood; what is not is said once, there being one announcement of it."""
    if isinstance(component, str) and component in COMPONENTS:
        return True
    if not isinstance(component, str) or component not in SPEECHLESS:
        _log.info("the announcement on %s is ignored: the component %.40r is not known", topic, component)
    return False


def _enabled(full: Mapping[str, Any]) -> bool:
    """Whether it is meant to be there without anybody's doing: a device's link quality, say, is not."""
    return Payload(full).flag("enabled_by_default", True)


def _by_an_assistant(full: Mapping[str, Any]) -> bool:
    """Whether Hearthside announces itself, here or elsewhere in the house: nobody speaks of it as of a lamp."""
    origin = full.get("origin")
    return isinstance(origin, dict) and origin.get("name") == _OURSELVES


def _bundle(topic: str, raw: Any) -> list[Entity]:
    """The entities of a device bundle. One that is malformed does not harm the others, unless none is left."""
    full = expand(raw)
    base = raw.get("~")
    components = full.pop("components", None)
    if not isinstance(components, dict):
        raise Malformed("components is missing")
    if len(components) > _MAX_COMPONENTS or len(full) > _MAX_SHARED:
        raise Malformed("that is more than a device has")
    shared = {key: value for key, value in full.items() if key not in ("name", "unique_id")}
    entities: list[Entity] = []
    faults: list[str] = []
    for key, described in components.items():
        try:
            part = expand(described)
            kind = part.get("platform")
            # A platform and nothing else takes the entity back.
            if len(part) > 1 and _used(kind, f"{topic}#{key}") and _enabled(part):
                merged = {**shared, **(with_base(part, base) if isinstance(base, str) else part), "_object": str(key)}
                entities.append(_entity(str(kind), f"{topic}#{key}", merged))
        except (ValueError, ArithmeticError, RecursionError) as error:
            faults.append(f"{key}: {error}")
    if faults and not entities:
        raise Malformed("; ".join(faults))
    if faults:
        _log.warning("a part of the announcement on %s is ignored: %s", topic, "; ".join(faults))
    return entities


def _entity(component: str, identity: str, full: Mapping[str, Any]) -> Entity:
    payload = Payload(full)
    parts = COMPONENTS[component](payload)
    described = full.get("device")
    device: Mapping[str, Any] = described if isinstance(described, dict) else {}
    name = _name(component, full, device)
    base = _base_id(component, payload, name)
    area = Payload(device).text("suggested_area", "").strip() or None
    return Entity(
        device=Device(
            id=base,
            name=name,
            domain=component,
            area=area,
            abilities=parts.abilities,
            device_class=payload.text("device_class", "") or None,
            unit=parts.unit,
            options=parts.options,
            choices=parts.choices,
            limits=parts.limits,
            category=category if (category := payload.text("entity_category", "")) in _BESIDE else None,
            coded=parts.coded,
        ),
        readings=(*parts.readings, *_attributes(payload)),
        encode=parts.encode,
        availability=_availability(full),
        availability_mode=AvailabilityMode(payload.text("availability_mode", "latest")),
        base_name=base,
        identity=f"{component}:{unique}" if (unique := payload.text("unique_id", "")) else identity,
        things=by_discovery(device),
        implied=parts.implied,
        derive=parts.derive,
        expire_after_s=payload.scale("expire_after", 1) if payload.has("expire_after") else None,
        off_delay_s=payload.scale("off_delay", 1) if payload.has("off_delay") else None,
    )


def _attributes(p: Payload) -> tuple[Reading, ...]:
    """What a device tells of itself besides, as JSON: numbers and words, under the names that it gives them."""
    if (topic := p.topic("json_attributes_topic")) is None:
        return ()

    def decode(payload: str) -> Seen:
        plain: dict[str, Value | None] = {
            str(key)[:_MAX_NAME]: value
            for key, value in json_object(payload).items()
            if key not in _OWN_KEYS and isinstance(value, str | int | float)
        }
        return dict(list(plain.items())[:_MAX_ATTRIBUTES])

    return (Reading(topic, frozenset(), p.decode("json_attributes_template", decode)),)


def _name(component: str, full: Mapping[str, Any], device: Mapping[str, Any]) -> str:
    """As Home Assistant composes it: the device's name, then the entity's own; ``null`` means the device itself."""
    whole = Payload(device).text("name", "").strip()
    own = full.get("name", ...)
    if isinstance(own, dict | list):
        raise Malformed("name is no text")
    if own is ...:
        own = str(full.get("device_class") or "").replace("_", " ").capitalize() or None
        own = own or (None if whole else f"MQTT {component.replace('_', ' ')}")
    text = str(own).strip() if own else ""
    prefixed = f"{text} ".casefold().startswith(f"{whole} ".casefold())
    joined = text if not whole or prefixed else f"{whole} {text}".strip()
    name = " ".join("".join(c for c in (joined or str(full["_object"])) if c.isprintable()).split())[:_MAX_NAME]
    if not name:
        raise Malformed("it has no name")
    return name


def _base_id(component: str, payload: Payload, name: str) -> str:
    default = payload.text("default_entity_id", "").partition(".")[2]
    return f"{component}.{slug(default or payload.text('object_id', '') or name)}"


def slug(text: str) -> str:
    """Lower-case letters, digits and single underscores; letters without their accents."""
    plain = unicodedata.normalize("NFKD", text[:_MAX_ID].casefold())
    word = re.sub(r"[^\w]+|_+", "_", "".join(c for c in plain if not unicodedata.combining(c))).strip("_")
    return word or "device"


def _availability(full: Mapping[str, Any]) -> tuple[Availability, ...]:
    several = full.get("availability")
    if several is None and full.get("availability_topic"):
        one = {"topic": full["availability_topic"], "value_template": full.get("availability_template")}
        for key in ("payload_available", "payload_not_available"):
            if key in full:
                one[key] = full[key]
        several = [one]
    if several is None:
        return ()
    if not isinstance(several, list) or len(several) > _MAX_AVAILABILITIES:
        raise Malformed(f"availability is no list of at most {_MAX_AVAILABILITIES}")
    return tuple(_available(Payload(expand(one))) for one in several)


def _available(p: Payload) -> Availability:
    yes, no = p.text("payload_available", "online"), p.text("payload_not_available", "offline")
    template = p.template("value_template") if p.has("value_template") else None

    def read_it(text: str) -> bool | None:
        try:
            said = template.value(text) if template else text
        except TemplateFault:
            return None
        return True if said == yes else False if said == no else None

    return Availability(p.needed_topic("topic"), read_it)
