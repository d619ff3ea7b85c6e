"""The one-time code by which the first owner shows that they may set the first password."""

import hmac
import secrets
import time
from collections.abc import Callable
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that looks like another, https://www.crockford.com/base32.html"""
_READ_AS: Final = str.maketrans("OIL", "011", "- ")
_LENGTH: Final = 8
"""40 bits, of which five guesses can be made."""
LIFE_S: Final = 1800.0
_TRIES: Final = 5


class SetupCode:
    """The one that is good now, if any."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """``now``: seconds."""
        self._now = now
        self._code, self._until, self._tries = "", 0.0, 0

    def new(self) -> str:
        """From now on this one alone, for half an hour, once: ``K7QM-93F4``."""
        self._code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        self._until, self._tries = self._now() + LIFE_S, _TRIES
        return f"{self._code[:4]}-{self._code[4:]}"

    @property
    def good(self) -> bool:
        """Whether there is any that would be taken."""
        return self._tries > 0 and self._now() < self._until

    def take(self, typed: str) -> bool:
        """Whether it is the one. After the fifth wrong one no code is good any more."""
        if not self.good:
            return False
        self._tries -= 1
        plain = typed.upper().translate(_READ_AS)
        return hmac.compare_digest(plain.encode(), self._code.encode())

    def void(self) -> None:
        """It has served."""
        self._tries = 0
