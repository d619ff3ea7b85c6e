"""Who a device is: an Ed25519 key (RFC 8032) that is made on it and never leaves it."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync.protocol.errors import Code, ProtocolError

_PURPOSE = b"hearthside hello 1\0"


def signed(key: Ed25519PrivateKey, server: str, nonce: bytes, device: str, incarnation: str) -> bytes:
    """The answer to a challenge: good for that bridge, that nonce and that device alone."""
    return key.sign(_statement(server, nonce, device, incarnation))


def verify(public: bytes, signature: bytes, server: str, nonce: bytes, device: str, incarnation: str) -> None:
    """``public``: 32 bytes. Raises ProtocolError."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _statement(server, nonce, device, incarnation))
    except (InvalidSignature, ValueError):
        raise ProtocolError(Code.BAD_SIGNATURE, "the challenge was not signed by this device's key") from None


def _statement(server: str, nonce: bytes, device: str, incarnation: str) -> bytes:
    return _PURPOSE + b"\0".join((server.encode(), nonce, device.encode(), incarnation.encode()))
