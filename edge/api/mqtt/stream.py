"""``hearthside/<site>/event``: everything that happens, as JSON, while it happens."""

import json
import logging
from typing import Any, Final

from edge.bus import Bus
from edge.errors import BrokerOffline
from edge.events import as_json
from edge.ports import Post

_log = logging.getLogger(__name__)
_WORDS: Final = frozenset({"text", "slots", "next_actions", "choices"})
"""Keys under which events hold what was said or answered."""


async def tell_events(bus: Bus, post: Post, topic: str, with_words: bool) -> None:
    """Runs until it is cancelled. A slow broker costs events and nothing else, and so does one that is away."""
    with bus.subscribe(listener="stream") as events:
        while True:
            told = as_json(await events.next())
            if not post.online:
                continue
            payload = json.dumps(told if with_words else without_words(told), ensure_ascii=False)
            try:
                await post.publish(topic, payload, qos=0)
            except BrokerOffline:
                _log.debug("an event was lost on the way to the broker")


def without_words(told: Any) -> Any:
    """``told``, an event as JSON, with empty values where somebody's words stood."""
    match told:
        case dict():
            return {
                key: type(value)() if key in _WORDS and value else without_words(value) for key, value in told.items()
            }
        case list():
            return [without_words(value) for value in told]
        case _:
            return told
