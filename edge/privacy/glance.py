"""What must be known at once, in the middle of a turn: read from the database's file itself, by a connection that only
reads, so that it is also true when another process has just changed it. Takes some 30 µs.
"""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, Final

import apsw

from edge.at_rest import unlock
from edge.privacy import consent
from edge.privacy.masking import Masked
from edge.privacy.outgoing import Outgoing, names_in

_FACTS: Final = "SELECT topic, text FROM memory_fact WHERE forgotten IS NULL"


class Glance:
    """One file, opened when it is first asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: apsw.Connection | None = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What ``query`` gives; nothing where the file or the table is not there."""
        try:
            return list(self._opened().execute(query))
        except apsw.Error:
            return []

    def version(self) -> int:
        """Another number once somebody has written to the file; 0 where there is none."""
        try:
            return int(self._opened().execute("PRAGMA data_version").get)
        except apsw.Error:
            return 0

    def allows(self, purpose: str) -> bool:
        """Whether what serves ``purpose`` may leave the house now. What can't be read is a no."""
        try:
            return consent.allowed(self._opened(), purpose)
        except apsw.Error:
            return False

    def close(self) -> None:
        """At the end."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            connection = apsw.Connection(str(self._file), flags=apsw.SQLITE_OPEN_READWRITE)
            unlock(connection, self._file)
            connection.execute("PRAGMA query_only = ON")
            self._connection = connection
        return self._connection


class HouseMasking:
    """Masks by the names that the house knows now."""

    def __init__(
        self, glance: Glance, language: str, names: Iterable[str], places: Callable[[], Collection[str]]
    ) -> None:
        """``names``: those of the settings; ``places``: gives the names of rooms and devices."""
        self._glance, self._outgoing = glance, Outgoing(language, names, places)
        self._told: tuple[int, frozenset[str]] = (-1, frozenset())

    def mask(self, text: str) -> Masked:
        """``text`` with placeholders; see :meth:`edge.privacy.masking.Masker.mask`."""
        # The facts are read again only after somebody wrote to the file.
        version = self._glance.version()
        if version != self._told[0]:
            self._told = (version, names_in(self._glance.rows(_FACTS)))
        return self._outgoing.masker(self._told[1]).mask(text)
