"""Who this device is to its bridge, and how it knows that bridge."""

import ssl
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.keys import signed


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """What the link needs."""

    key: Ed25519PrivateKey
    server: str
    """The bridge's id, as it was enrolled with; empty: any."""
    tls: ssl.SSLContext | None
    public: bytes = b""
    """The key that the bridge signs its receipts with; empty: it is not known, and no receipt is believed."""

    def sign(self, server: str, nonce: bytes, device: str, incarnation: str) -> bytes:
        """Answer a challenge. Raises ProtocolError where it is not the known bridge."""
        if self.server not in ("", server):
            raise ProtocolError(Code.WRONG_HOUSE, "this is not the bridge that this device was enrolled with")
        return signed(self.key, server, nonce, device, incarnation)

    def context(self) -> ssl.SSLContext | None:
        """How the bridge's certificate is checked; None for ``ws://``."""
        return self.tls
