"""What each role may do. Whatever is not in the table, nobody of that role may."""

from enum import StrEnum
from typing import Final

from cloud_sync.protocol.errors import Code


class Role(StrEnum):
    """Who somebody is in a house."""

    OWNER = "owner"
    RESIDENT = "resident"
    GUEST = "guest"
    DEVICE = "device"
    """An assistant."""


class May(StrEnum):
    """Something that not everybody may."""

    SYNC = "sync"
    """Send events, pull changes."""
    ASK = "ask"
    """Ask the larger model."""
    EXPORT = "export"
    """Take all that the bridge has of the house."""
    ERASE = "erase"
    """Have it forgotten."""
    USAGE = "usage"
    """See what questions cost."""
    AUDIT = "audit"
    """Read the audit log."""
    MANAGE = "manage"
    """Let devices and people in, and turn them out."""


ALLOWED: Final[dict[Role, frozenset[May]]] = {
    Role.OWNER: frozenset(May) - {May.SYNC},
    Role.RESIDENT: frozenset({May.ASK, May.EXPORT, May.ERASE, May.USAGE}),
    Role.GUEST: frozenset({May.ASK}),
    # A board stands in a room where guests are, too; but what it has it may see, and have forgotten.
    Role.DEVICE: frozenset({May.SYNC, May.ASK, May.EXPORT, May.ERASE, May.USAGE}),
}


class Forbidden(Exception):
    """Somebody who is known may not do that."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def may(role: str, what: May) -> bool:
    """Whether that role may. A role that is not known here may nothing."""
    return role in set(Role) and what in ALLOWED[Role(role)]
