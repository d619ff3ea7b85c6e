"""What goes wrong between device and bridge."""

from enum import StrEnum


class Code(StrEnum):
    """Why something is refused; :class:`cloud_sync.protocol.messages.Error` carries it."""

    MALFORMED = "malformed"
    """Not the protocol."""
    TOO_LARGE = "too_large"
    """A frame, or what it unpacks to."""
    VERSION = "version"
    """No version of the protocol that both speak."""
    UNKNOWN_DEVICE = "unknown_device"
    REVOKED = "revoked"
    WRONG_HOUSE = "wrong_house"
    BAD_SIGNATURE = "bad_signature"
    """Also a replayed hello: the challenge is another one each time."""
    EXPIRED = "expired"
    """A token or an enrolment code: to be renewed, never a reason to drop what waits."""
    GAP = "gap"
    """Events are missing before these."""
    FORK = "fork"
    """Another event has that number already: a copied or restored disk. A new incarnation is due."""
    CHECKSUM = "checksum"
    QUOTA = "quota"
    BUSY = "busy"
    """Come again after ``retry_after_s``."""
    CONSENT = "consent"
    """What was sent needs a consent that the house has not given."""
    ERASED = "erased"
    """What it is about was to be forgotten: nothing of it is taken in again."""
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    """No model that could answer can be reached."""
    INTERNAL = "internal"


class ProtocolError(Exception):
    """The other end said something that it may not say. The connection ends with this reason."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{code.value}: {message}")
        self.code, self.message = code, message
