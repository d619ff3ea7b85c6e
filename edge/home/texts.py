"""Messages as text and as JSON, each made once however many devices read it: the parts of one thing share a topic."""

import functools
from typing import Any, Final

from edge import outside

_RECENT: Final = 4
"""A message is read by all devices before the next one comes; some read the text that a template has made of it."""


@functools.lru_cache(_RECENT)
def text_of(payload: bytes) -> str:
    """UTF-8. Raises UnicodeDecodeError, a ValueError."""
    return payload.decode()


@functools.lru_cache(_RECENT)
def json_of(text: str) -> Any:
    """The value; it is shared, and not to be changed. Raises ValueError or RecursionError."""
    return outside.json_of(text)
