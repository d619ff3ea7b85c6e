"""Passwords as they are kept: Argon2id, RFC 9106.

The cost is one of those that the OWASP Password Storage Cheat Sheet calls equal (19 MiB and 2 passes, 12 and 3, 9 and
4, 7 and 5): 12 MiB and 3 passes on one lane, because the smallest boards have 512 MB for everything.
https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
"""

import functools
import unicodedata
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, ParamSpec, TypeVar

import anyio
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from edge.api.web.problems import Refusal

P = ParamSpec("P")
R = TypeVar("R")
SHORTEST: Final = 10
LONGEST: Final = 200
"""Characters."""
_FEWEST_DIFFERENT: Final = 5
_WAITING: Final = 8
"""Each takes some tenths of a second of a small board; whoever comes beyond these is sent away."""


class Passwords:
    """Hashes and compares, one at a time, in a thread: two at once would take twice the memory."""

    def __init__(self, memory_kib: int = 12 * 1024, passes: int = 3) -> None:
        """``memory_kib`` and ``passes``: what one guess costs."""
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._one = anyio.CapacityLimiter(1)
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """As it is kept: with salt and cost. Raises Refusal when too many wait."""
        return await self._run(self._hasher.hash, _plain(password))

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether ``password`` is the one that ``kept`` was made of. Takes as long where there is no password at all.
        Raises Refusal when too many wait.
        """
        if not self._nobodys:
            self._nobodys = await self.hash("nobody has this password")
        right = await self._run(self._matches, kept or self._nobodys, _plain(password))
        return right and kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether it was made at another cost than that of today."""
        return self._hasher.check_needs_rehash(kept)

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
        if self._one.statistics().tasks_waiting >= _WAITING:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many log in at this moment",
                code="busy",
                remedy="try again in a few seconds",
                headers={"Retry-After": "5"},
            )
        return await anyio.to_thread.run_sync(functools.partial(work, *args, **named), limiter=self._one)


def check(password: str, name: str) -> None:
    """Raises Refusal for what is guessed at once: short, of few different characters, or the person's own ``name``."""
    plain = _plain(password).casefold()
    if len(plain) < SHORTEST:
        why = f"a password has at least {SHORTEST} characters"
    elif len(set(plain)) < _FEWEST_DIFFERENT:
        why = "the same few characters again and again are guessed at once"
    elif len(plain.replace(name.casefold(), "").replace("hearthside", "")) < SHORTEST // 2:
        why = "a password is more than a name"
    else:
        return
    raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, why, code="weak_password", remedy="three unrelated words do")


def _plain(password: str) -> str:
    """The same however the keyboard composes accents: RFC 8265, 4.2."""
    return unicodedata.normalize("NFC", password)
