"""The key of this device: made here, readable by this user alone, never sent anywhere."""

from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import atomic_file
from edge.errors import StorageError

FILE: Final = "device.key"


def device_key(data_dir: Path) -> Ed25519PrivateKey:
    """Made at the first call. Raises StorageError."""
    path = data_dir / FILE
    try:
        if not path.exists():
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(path)
        if path.stat().st_mode & 0o077:
            what = f"{path} can be read by others"
            raise StorageError(what, f"chmod 600 {path}, or delete it and enrol again", permanent=True)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        what = f"{path} can't be read or written: {error.strerror or error}"
        raise StorageError(what, "see to the folder's permissions", permanent=True) from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise StorageError(f"{path} is not a key", "delete it and enrol again", permanent=True)
    return key


def public_of(key: Ed25519PrivateKey) -> bytes:
    """32 bytes."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Where another process was quicker, its key is the one.
    atomic_file.create(path, pem, mode=0o600)
