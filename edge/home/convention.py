"""What a convention is: a way in which devices tell the broker what they are."""

import re
from collections.abc import Iterable
from typing import Any, Final, Protocol

from edge import outside
from edge.home.broker import Publication
from edge.home.entity import Entity

MAX_NAME: Final = 120
"""Characters of a name."""


_NEVER_IN_TOPICS: Final = re.compile("[+#\x00\ufffd\ud800-\udfff]")
_MAX_TOPIC: Final = 1024


class Malformed(ValueError):
    """An announcement that can't be used; the text says why."""


class Convention(Protocol):
    """One convention's announcements: fed with messages, it says which entities there are now.

    It may keep what several messages say together. It never publishes, waits or raises anything but Malformed.
    """

    @property
    def name(self) -> str:
        """``Device.source`` of what it announces."""
        ...

    @property
    def filters(self) -> tuple[str, ...]:
        """Topic filters to subscribe to."""
        ...

    def announces(self, topic: str) -> bool:
        """Whether a message on ``topic`` may say what there is."""
        ...

    def take(self, topic: str, payload: bytes) -> bool:
        """Learn from an announcement; an empty ``payload`` takes back what that topic said.

        Returns whether the entities may be others now. Raises Malformed, and then what was known still stands.
        """
        ...

    def entities(self) -> Iterable[Entity]:
        """All that is announced now."""
        ...

    def questions(self) -> list[Publication]:
        """What has to be asked to learn what there is; each is given once."""
        ...


def topic_of(text: str) -> str:
    """``text``, if it can be a topic to publish to. Raises Malformed."""
    if not text or len(text) > _MAX_TOPIC or _NEVER_IN_TOPICS.search(text):
        raise Malformed(f"{text[:40]!r} is no topic")
    return text


def json_of(payload: bytes, most: int) -> Any:
    """The JSON in ``payload``, of ``most`` bytes at the most. Raises Malformed."""
    if len(payload) > most:
        raise Malformed(f"{len(payload)} bytes are too many")
    try:
        return outside.json_of(payload)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None


def spoken(text: str) -> str:
    """A name as people say it: ``kitchen/ceiling_light`` is ``kitchen ceiling light``. Empty when nothing is left."""
    printable = "".join(c if c.isprintable() else " " for c in text.replace("_", " ").replace("/", " "))
    return " ".join(printable.split())[:MAX_NAME]


def joined(device: str, own: str) -> str:
    """A device's name, then its part's own, which is left out where it says the same."""
    if f"{own} ".casefold().startswith(f"{device} ".casefold()):
        return own[:MAX_NAME]
    return f"{device} {own}".strip()[:MAX_NAME]
