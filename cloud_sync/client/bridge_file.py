"""The bridge that this device belongs to, as it is kept: ``bridge.json`` in the data directory."""

import ssl
from pathlib import Path
from typing import Final

import msgspec

from cloud_sync.client.tls import client_context
from edge import atomic_file
from edge.errors import StorageError

FILE: Final = "bridge.json"


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """The bridge that this device belongs to."""

    url: str
    """``https://host:port``."""
    server: str
    public: bytes
    """The key that its receipts are signed with."""
    house: str
    device: str
    authority: str = ""
    """PEM of the certificate authority that it made itself; empty: a public one."""

    def context(self, ca_file: Path | None = None) -> ssl.SSLContext:
        """For every connection to it. ``ca_file``: the one of the settings, which outranks what was kept. Raises
        StorageError.
        """
        return client_context(ca_file, self.authority)


def enrolled(data_dir: Path) -> Bridge | None:
    """None before this device was enrolled. Raises StorageError."""
    path = data_dir / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Bridge)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise StorageError(f"{path} can't be read: {error}", "delete it and enrol again", permanent=True) from None


def keep(data_dir: Path, bridge: Bridge) -> None:
    """For :func:`enrolled`, from now on. Raises StorageError."""
    path = data_dir / FILE
    try:
        atomic_file.replace(path, msgspec.json.encode(bridge), mode=0o600)
    except OSError as error:
        what = f"{path} can't be written: {error.strerror or error}"
        raise StorageError(what, "see to the folder's permissions", permanent=True) from None
