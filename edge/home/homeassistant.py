"""Home Assistant's MQTT discovery as a :class:`~edge.home.convention.Convention`; see :mod:`edge.home.discovery`."""

from collections.abc import Iterable

from edge.home import discovery
from edge.home.broker import Publication
from edge.home.convention import Malformed
from edge.home.entity import Entity


class HomeAssistant:
    """Every discovery topic stands for itself."""

    name = "homeassistant"

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.filters = discovery.topics(prefix)
        self._announced: dict[str, list[Entity]] = {}

    def announces(self, topic: str) -> bool:
        """See Convention."""
        return discovery.is_discovery(topic, self._prefix)

    def take(self, topic: str, payload: bytes) -> bool:
        """See Convention."""
        try:
            entities = discovery.read(topic, payload, self._prefix)
        except discovery.Malformed as fault:
            raise Malformed(str(fault)) from None
        before = self._announced.pop(topic, [])
        if entities:
            self._announced[topic] = entities
        return bool(entities or before)

    def entities(self) -> Iterable[Entity]:
        """See Convention. In the order of topics, not of messages; two that say they are the same are one."""
        ordered = (entity for topic in sorted(self._announced) for entity in self._announced[topic])
        return {entity.identity: entity for entity in ordered}.values()

    def questions(self) -> list[Publication]:
        """None: it is all retained."""
        return []
