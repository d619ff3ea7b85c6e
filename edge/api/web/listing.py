"""Long lists in pages: ``?limit=…&after=…`` → ``{"items": […], "next": …}``.

A cursor is the key of the last item that was given, so that what is added or erased meanwhile moves nothing: no item
comes twice, none is left out that was there all the time. What it looks like is nobody's business but ours.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Depends, Query

from edge.api.web.bodies import Body
from edge.api.web.problems import Refusal

T = TypeVar("T")
K = TypeVar("K", str, int, float)

USUAL: Final = 50
MOST: Final = 200
"""Items of a page."""
_LONGEST: Final = 512
_INTEGERS: Final = range(-(2**63), 2**63)
"""Those that a database takes."""


class Page(Body, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None = None
    """What ``after`` has to be for the next part; null: this is the last one."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for."""

    limit: int
    """How many items at the most."""
    after: str | int | float | None
    """The key of the last item of the part before; None: from the beginning."""

    def key(self, kind: type[K]) -> K | None:
        """``after`` as a key of that kind. Raises Refusal where it is of another: a cursor of another list."""
        if self.after is None or isinstance(self.after, kind):
            return self.after
        raise _bad_cursor()


def window(
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many items at the most.")] = USUAL,
    after: Annotated[
        str | None,
        Query(max_length=_LONGEST, description="`next` of the part before; leave it out for the first part."),
    ] = None,
) -> Window:
    """A dependency: what the request asks for. Raises Refusal."""
    return Window(limit, None if after is None else _read(after))


Listed = Annotated[Window, Depends(window)]
"""As the type of a parameter: which part of the list is asked for."""


def cut(
    items: Iterable[T], key: Callable[[T], K], asked: Window, *, descending: bool = False
) -> tuple[list[T], str | None]:
    """The part of ``items`` that is ``asked`` for, and the cursor of the next one, for lists that are in memory.

    ``key``: what no two items have in common. The list is in its order, or in the reverse one. Raises Refusal.
    """
    ordered = sorted(items, key=key, reverse=descending)
    if ordered and (after := asked.key(type(key(ordered[0])))) is not None:
        ordered = [item for item in ordered if (key(item) < after if descending else key(item) > after)]
    return followed(ordered[: asked.limit + 1], key, asked)


def followed(items: list[T], key: Callable[[T], K], asked: Window) -> tuple[list[T], str | None]:
    """The items of a page and the cursor of the next, for lists that a database cuts.

    ``items``: those after ``asked.after``, one more than ``asked.limit`` where there are as many.
    """
    given = items[: asked.limit]
    return given, cursor(key(given[-1])) if len(items) > asked.limit else None


def cursor(key: str | int | float) -> str:
    """What says: after the item with that ``key``."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(text: str) -> str | int | float:
    try:
        key = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _bad_cursor() from None
    match key:
        case bool():
            raise _bad_cursor()
        case str() if key.isprintable():
            return key
        case int() if key in _INTEGERS:
            return key
        case float() if math.isfinite(key):
            return key
    raise _bad_cursor()


def _bad_cursor() -> Refusal:
    what = "query.after: no cursor of this list"
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, what, code="malformed", remedy="take `next` of the part before")
