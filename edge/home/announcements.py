"""All that is announced, by whichever convention: what is new, what is gone, and how much of it we bear."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.home.broker import Message, Publication
from edge.home.convention import Convention, Malformed
from edge.home.entity import Entity
from edge.home.things import once

_log = logging.getLogger(__name__)

MAX_TOPICS: Final = 50_000
"""Topics that announce something; a thousand Homie devices have as many."""
MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes of all announcements together; a thousand zigbee2mqtt devices are 8 MB."""
_FAULTS_TOLD: Final = 100
"""Announcements that make no sense, each of which gets a line in the log."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """The last announcement on a topic."""

    said: int
    """Hash of its payload: devices that return announce themselves anew."""
    size: int
    connection: int
    """In which connection it came."""


class Announcements:
    """Feed it every message; ask it which entities there are."""

    def __init__(self, conventions: Sequence[Convention]) -> None:
        """``conventions``: the preferred first, see :func:`edge.home.things.once`."""
        self._conventions = conventions
        self.filters = tuple(sorted({wanted for convention in conventions for wanted in convention.filters}))
        """What to subscribe to."""
        self._heard: dict[str, _Heard] = {}
        self._bytes = 0
        self._connection = 0
        self._full = False
        self._faults = 0

    def concerns(self, topic: str) -> bool:
        """Whether a message on ``topic`` may announce something."""
        return any(convention.announces(topic) for convention in self._conventions)

    def take(self, message: Message) -> bool:
        """Learn from ``message``. Returns whether the entities may be others now."""
        speakers = [convention for convention in self._conventions if convention.announces(message.topic)]
        if not speakers or not self._note(message.topic, message.payload):
            return False
        return self._tell(speakers, message.topic, message.payload)

    def begin(self) -> None:
        """A new connection: what the broker still has will be heard again."""
        self._connection += 1

    def forget_unheard(self) -> bool:
        """Take back what was announced in an earlier connection and not in this one; returns as :meth:`take` does."""
        gone = [topic for topic, heard in self._heard.items() if heard.connection != self._connection]
        changes = [self.take(Message(topic, b"", True)) for topic in gone]
        return any(changes)

    def entities(self) -> Mapping[str, Entity]:
        """By identity, all that there is now; each physical thing by one convention."""
        sides = [convention.entities() for convention in self._conventions]
        return {entity.identity: entity for entity in reversed(once(sides))}

    def questions(self) -> list[Publication]:
        """What has to be asked to learn what there is; each is given once."""
        return [question for convention in self._conventions for question in convention.questions()]

    def _note(self, topic: str, payload: bytes) -> bool:
        """Whether it is news, and small enough."""
        old = self._heard.get(topic)
        said = hash(payload)
        if old is not None and old.said == said and old.size == len(payload):
            self._heard[topic] = _Heard(said, old.size, self._connection)
            return False
        size = self._bytes - (old.size if old else 0) + len(payload)
        if payload and (size > MAX_BYTES or (old is None and len(self._heard) >= MAX_TOPICS)):
            if not self._full:
                self._full = True
                _log.warning("%s and more announcements are ignored: there are too many", topic)
            return False
        self._bytes = size
        if payload:
            self._heard[topic] = _Heard(said, len(payload), self._connection)
        else:
            self._heard.pop(topic, None)
        return True

    def _tell(self, speakers: Sequence[Convention], topic: str, payload: bytes) -> bool:
        changed = False
        for convention in speakers:
            try:
                changed = convention.take(topic, payload) or changed
            except Malformed as fault:
                # What it announced before, if anything, still stands: a device does not go because of a typing error.
                self._complain(topic, fault)
        return changed

    def _complain(self, topic: str, fault: Malformed) -> None:
        """One line for each, but no flood of lines for a flood of nonsense."""
        self._faults += 1
        if self._faults <= _FAULTS_TOLD:
            _log.warning("the announcement on %s is ignored: %s", topic, fault)
        if self._faults == _FAULTS_TOLD:
            _log.warning("further announcements that make no sense are ignored without a word")
