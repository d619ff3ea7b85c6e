"""What answering a question consists of, for whoever makes traces: of the same trace as the device's turn."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias

Note: TypeAlias = Callable[..., None]
"""Takes attributes of a span, by keyword: names, numbers; never what was asked or answered."""


class Tracing(Protocol):
    """Spans, one within the other."""

    def span(self, name: str, traceparent: str = "") -> AbstractContextManager[Note]:
        """What happens within the block. ``traceparent``: what it is a part of, elsewhere; empty: of the block around
        it.
        """


class NoTracing:
    """Nobody wants to know."""

    @contextmanager
    def span(self, name: str, traceparent: str = "") -> Iterator[Note]:
        """Nothing."""
        yield _nothing


def _nothing(**_: object) -> None:
    pass
