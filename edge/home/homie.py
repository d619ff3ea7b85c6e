"""The Homie convention, versions 3 and 4 (an attribute a topic) and 5 (one description in JSON).

``<base>/<device>/<node>/<property>`` holds a value, ``…/set`` takes a new one, ``<base>/<device>/$state`` says whether
the device is there; in version 5 the base is ``<domain>/5``. All of it is retained.

Source: https://homieiot.github.io/specification/
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.home.broker import Publication
from edge.home.convention import Malformed, json_of, topic_of
from edge.home.entity import Entity
from edge.home.homie_device import Described, Node, Property
from edge.home.homie_parts import entities_of

_MAX: Final = 262_144
_MAX_TEXT: Final = 4096
_MAX_DEVICES: Final = 2000
_MAX_ATTRIBUTES: Final = 2000
_MAX_LISTED: Final = 200
"""Nodes of a device, and properties of a node."""
_OF_DEVICE: Final = ("$homie", "$name", "$state", "$nodes", "$mac")
_OF_NODE: Final = ("$name", "$type", "$properties")
_OF_PROPERTY: Final = ("$name", "$datatype", "$format", "$settable", "$unit")
_LEVELS: Final[Mapping[int, tuple[str, ...]]] = {3: _OF_DEVICE, 4: _OF_NODE, 5: _OF_PROPERTY}
"""By number of levels of a topic of versions 3 and 4, what may be at its end."""
_OF_DEVICE_5: Final = ("$state", "$description")

Text = Annotated[str, Field(max_length=300)]


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Property5(_Lenient):
    """A property in a description."""

    name: Text | None = None
    datatype: Text = "string"
    format: Annotated[str, Field(max_length=_MAX_TEXT)] | None = None
    settable: bool = False
    unit: Text | None = None


class Node5(_Lenient):
    """A node in a description."""

    name: Text | None = None
    type: Text | None = None
    properties: Annotated[Mapping[Text, Property5], Field(max_length=_MAX_LISTED)] = {}


class Description(_Lenient):
    """``$description`` of version 5."""

    homie: Annotated[str, Field(pattern=r"^5\.")]
    name: Text | None = None
    nodes: Annotated[Mapping[Text, Node5], Field(max_length=_MAX_LISTED)] = {}
    root: Text | None = None


class Homie:
    """What each device, by its base topic, has said."""

    name = "homie"
    filters = (
        *(f"+/+/{end}" for end in _OF_DEVICE),
        *(f"+/+/+/{end}" for end in _OF_NODE),
        *(f"+/+/+/+/{end}" for end in _OF_PROPERTY),
        *(f"+/5/+/{end}" for end in _OF_DEVICE_5),
    )

    def __init__(self) -> None:
        self._attributes: dict[str, dict[str, str]] = {}
        """By device of versions 3 and 4, what its attributes say, by topic below it."""
        self._described: dict[str, Description] = {}
        """By device of version 5."""
        self._entities: dict[str, list[Entity]] = {}
        self._changed: set[str] = set()

    def announces(self, topic: str) -> bool:
        """See Convention."""
        start, _, end = topic.rpartition("/")
        if not end.startswith("$"):
            return False
        if _is_5(start):
            return end == "$description"
        return end in _LEVELS.get(topic.count("/") + 1, ())

    def take(self, topic: str, payload: bytes) -> bool:
        """See Convention."""
        start, _, end = topic.rpartition("/")
        topic_of(start)
        if _is_5(start) and end == "$description":
            return self._take_5(start, payload)
        base, device, *rest = topic.split("/")
        return self._take_4(f"{base}/{device}", "/".join(rest), payload)

    def entities(self) -> Iterable[Entity]:
        """See Convention."""
        for base in self._changed:
            described = self._device_5(base) if base in self._described else self._device_4(base)
            self._entities[base] = list(entities_of(described)) if described is not None else []
            if not self._entities[base]:
                del self._entities[base]
        self._changed.clear()
        return [entity for base in sorted(self._entities) for entity in self._entities[base]]

    def questions(self) -> list[Publication]:
        """None: it is all retained."""
        return []

    # -- versions 3 and 4 ---------------------------------------------------------------------------------------------

    def _take_4(self, base: str, attribute: str, payload: bytes) -> bool:
        known = self._attributes.get(base, {})
        if not payload:
            known.pop(attribute, None)
            if not known:
                self._attributes.pop(base, None)
        elif base not in self._attributes and len(self._attributes) >= _MAX_DEVICES:
            raise Malformed("there are too many devices")
        elif len(payload) > _MAX_TEXT or (attribute not in known and len(known) >= _MAX_ATTRIBUTES):
            raise Malformed("it is too much")
        else:
            self._attributes.setdefault(base, known)[attribute] = payload.decode(errors="replace")
        self._changed.add(base)
        return attribute != "$state"

    def _device_4(self, base: str) -> Described | None:
        said = self._attributes.get(base, {})
        if not said.get("$homie", "").startswith(("3.", "4.")):
            return None
        nodes = tuple(_node_4(said, name) for name in _listed(said.get("$nodes")))
        name = said.get("$name", "") or base.rpartition("/")[2]
        return Described(base, name, nodes, version=4, mac=said.get("$mac", ""))

    # -- version 5 ----------------------------------------------------------------------------------------------------

    def _take_5(self, base: str, payload: bytes) -> bool:
        if not payload:
            self._described.pop(base, None)
        elif base not in self._described and len(self._described) >= _MAX_DEVICES:
            raise Malformed("there are too many devices")
        else:
            try:
                self._described[base] = Description.model_validate(json_of(payload, _MAX))
            except (ValidationError, RecursionError) as error:
                raise Malformed(" ".join(str(error).split())[:200]) from None
        self._changed.add(base)
        return True

    def _device_5(self, base: str) -> Described:
        said = self._described[base]
        nodes = tuple(
            Node(
                key,
                node.name or key,
                node.type or "",
                tuple(
                    Property(name, one.name or name, one.datatype, one.format or "", one.settable, one.unit or "")
                    for name, one in node.properties.items()
                ),
            )
            for key, node in said.nodes.items()
        )
        place, _, own = base.rpartition("/")
        root = f"{place}/{said.root}" if said.root else None
        return Described(base, said.name or own, nodes, version=5, root=root)


def _is_5(start: str) -> bool:
    levels = start.split("/")
    return len(levels) == 3 and levels[1] == "5"  # noqa: PLR2004


def _listed(said: str | None) -> list[str]:
    return [name for part in (said or "").split(",")[:_MAX_LISTED] if (name := part.strip())]


def _node_4(said: Mapping[str, Any], node: str) -> Node:
    properties = []
    for name in _listed(said.get(f"{node}/$properties")):
        own = {key: said.get(f"{node}/{name}/{key}", "") for key in _OF_PROPERTY}
        properties.append(
            Property(
                name,
                own["$name"] or name,
                own["$datatype"] or "string",
                own["$format"],
                own["$settable"] == "true",
                own["$unit"],
            )
        )
    return Node(node, said.get(f"{node}/$name", "") or node, said.get(f"{node}/$type", ""), tuple(properties))
