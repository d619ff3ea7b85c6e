"""Whom this device takes for its bridge: TLS 1.3, a certificate of a known authority, of that host and of today."""

import ssl
from pathlib import Path

from edge.errors import StorageError


def client_context(ca_file: Path | None = None, authority: str = "") -> ssl.SSLContext:
    """For connections to the bridge. ``ca_file`` or ``authority`` (PEM) are then the only authorities; with neither,
    the public ones are. Raises StorageError.
    """
    try:
        if ca_file is not None:
            context = ssl.create_default_context(cafile=ca_file)
        else:
            context = ssl.create_default_context(cadata=authority or None)
    except (OSError, ssl.SSLError) as error:
        where = ca_file if ca_file is not None else "the bridge's certificate that was kept"
        raise StorageError(f"{where} can't be used: {error}", "check cloud.ca_file", permanent=True) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
