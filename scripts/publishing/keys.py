"""Keys of the roles: Ed25519, a PEM file each, encrypted where there is a passphrase."""

import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

ROLES: Final = ("root", "targets", "snapshot", "timestamp")


class Keys:
    """A folder of them. That of ``root`` belongs on a stick in a drawer, and is there only when the root changes."""

    def __init__(self, folder: Path, passphrase: bytes | None = None) -> None:
        self._folder, self._passphrase = folder, passphrase

    def file(self, role: str) -> Path:
        """Where it lies."""
        return self._folder / f"{role}.pem"

    def make(self, role: str) -> CryptoSigner:
        """A new one, in the place of what was there. Raises OSError."""
        key = Ed25519PrivateKey.generate()
        encryption = BestAvailableEncryption(self._passphrase) if self._passphrase else NoEncryption()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._folder / f".{role}.part"
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        part.replace(self.file(role))
        return CryptoSigner(key)

    def signer(self, role: str) -> CryptoSigner:
        """That which is there. Raises OSError, and ValueError for a wrong passphrase."""
        key = load_pem_private_key(self.file(role).read_bytes(), self._passphrase)
        assert isinstance(key, Ed25519PrivateKey)
        return CryptoSigner(key)
