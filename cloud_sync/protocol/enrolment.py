"""How a device becomes one of a house: a short code that a person carries from the bridge to the board.

A code is ``XXXX-XXXX`` in Crockford's base 32, which has no letters that are taken for one another. Where the bridge
made its certificate itself, sixteen more follow: the beginning of the fingerprint of its authority, so that the board
knows whom it tells the code.
"""

import hashlib
import secrets
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync.protocol.errors import Code, ProtocolError

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE: Final = 8
"""Characters of a code."""
FINGERPRINT: Final = 16
"""Characters of a fingerprint: 80 bits, which nobody finds a second authority for."""
_GROUP: Final = 4
HTTP: Final = "http"
_PURPOSE: Final = b"hearthside enrol 1\0"


class Enrol(msgspec.Struct, frozen=True, kw_only=True):
    """What the device says: ``POST /v1/enrol``, as JSON."""

    code: str
    device: str
    public: bytes
    """Its key, 32 bytes."""
    signature: bytes
    """Made with that key: see :func:`proven`."""
    name: str = ""
    """What people call it."""


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """What the bridge says."""

    server: str
    """Its id, which every challenge will bear."""
    public: bytes
    """Its key, 32 bytes, by which receipts are checked."""
    house: str


class Nonce(msgspec.Struct, frozen=True, kw_only=True):
    """To be signed as a challenge is: see :func:`cloud_sync.protocol.keys.signed`."""

    server: str
    nonce: bytes


class ProveIt(msgspec.Struct, frozen=True, kw_only=True):
    """What a device says to get a token: ``POST /v1/token``."""

    device: str
    nonce: bytes
    signature: bytes
    """With :data:`HTTP` in the place of an incarnation."""


class LogIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says: a code, or the token that buys the next pair: ``POST /v1/login``."""

    code: str = ""
    refresh: str = ""


class Tokens(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What both get."""

    token: str
    expires_ms: int
    refresh: str = ""
    """Of a person."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request over HTTP is refused."""

    code: str
    message: str
    retry_after_s: float = 0.0


def new_code() -> str:
    """8 random characters, 40 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE))


def grouped(code: str) -> str:
    """As people read it."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def plain(typed: str) -> str:
    """What a person typed, without what they may leave out or take for something else. Raises ProtocolError."""
    code = typed.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))
    if len(code) not in (CODE, CODE + FINGERPRINT) or set(code) - set(ALPHABET):
        raise ProtocolError(Code.MALFORMED, "a code has 8 letters and digits, or 24")
    return code


def fingerprint(certificate: bytes) -> str:
    """Of a certificate in DER: 16 characters."""
    number = int.from_bytes(hashlib.sha256(certificate).digest()[:10], "big")
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))


def proof(key: Ed25519PrivateKey, code: str, device: str) -> bytes:
    """That the device has the key which it shows."""
    return key.sign(_statement(code, device))


def proven(asked: Enrol) -> None:
    """Raises ProtocolError."""
    try:
        Ed25519PublicKey.from_public_bytes(asked.public).verify(asked.signature, _statement(asked.code, asked.device))
    except (InvalidSignature, ValueError):
        raise ProtocolError(Code.BAD_SIGNATURE, "the code was not signed by the key that was shown") from None


def _statement(code: str, device: str) -> bytes:
    return _PURPOSE + code.encode() + b"\0" + device.encode()
