"""Guessing is made slow: whoever was wrong some times waits, and longer each time."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from edge.api.web.problems import Refusal

_FIRST_S: Final = 2.0
_LONGEST_S: Final = 900.0
_FORGOTTEN_S: Final = 86_400.0
_MOST: Final = 4096
"""Keys that are remembered: whoever sends from very many addresses costs no more memory than that."""


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    last: float = 0.0
    free_at: float = 0.0


class Attempts:
    """What was tried, by key: an address, the name of an account."""

    def __init__(self, now: Callable[[], float] = time.monotonic, free: int = 5) -> None:
        """``now``: seconds; ``free``: so many wrong ones are nothing but typing."""
        self._now, self._free = now, free
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def begin(self, *keys: str) -> None:
        """Counts as wrong until :meth:`right` says otherwise, so that many at the same moment are many. Raises Refusal
        while one of the ``keys`` has to wait.
        """
        now = self._now()
        wait = max((self._of(key).free_at for key in keys), default=0.0) - now
        if wait > 0:
            raise too_many(wait, "too many wrong attempts")
        for key in keys:
            tries = self._of(key)
            tries.wrong += 1
            tries.last = now
            if tries.wrong >= self._free:
                tries.free_at = now + min(_LONGEST_S, _FIRST_S * 2.0 ** min(tries.wrong - self._free, 16))

    def right(self, *keys: str) -> None:
        """It was no guess."""
        for key in keys:
            self._tries.pop(key, None)

    def _of(self, key: str) -> _Tries:
        tries = self._tries.setdefault(key, _Tries())
        if self._now() - tries.last >= _FORGOTTEN_S:
            tries.wrong = 0
        self._tries.move_to_end(key)
        while len(self._tries) > _MOST:
            self._tries.popitem(last=False)
        return tries


class Known:
    """From where people have logged in, until the assistant ends: nobody who guesses elsewhere keeps them out there.
    As OWASP's device cookies, by the address instead of one more cookie, which would know a browser again after it was
    logged out: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
    """

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[str, str], None] = OrderedDict()

    def add(self, name: str, origin: str) -> None:
        """``name`` was right from ``origin``."""
        self._places[name, origin] = None
        self._places.move_to_end((name, origin))
        while len(self._places) > _MOST:
            self._places.popitem(last=False)

    def __contains__(self, place: tuple[str, str]) -> bool:
        return place in self._places


def too_many(wait_s: float, what: str) -> Refusal:
    """To be raised: come back in ``wait_s``."""
    seconds = math.ceil(wait_s)
    return Refusal(
        HTTPStatus.TOO_MANY_REQUESTS,
        what,
        code="too_many",
        remedy=f"try again in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )
