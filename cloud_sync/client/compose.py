"""Puts ``hearth-sync`` together from the settings."""

from cloud_sync.client.credentials import DeviceCredentials
from cloud_sync.client.daemon import Daemon
from cloud_sync.client.enrolment import enrolled
from cloud_sync.client.keys import device_key
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.room import Room
from cloud_sync.client.tls import client_context
from edge.errors import SettingsError
from edge.identity import identity
from edge.sections import CloudSettings
from edge.settings import Settings


def daemon(settings: Settings) -> Daemon:
    """Raises SettingsError where there is no bridge, and StorageError for a key that can't be used."""
    cloud, data_dir = settings.cloud, settings.data_dir
    if cloud.url is None:
        raise SettingsError("no bridge is configured", "set cloud.url", permanent=True)
    bridge = enrolled(data_dir)
    authority = bridge.authority if bridge is not None else ""
    tls = client_context(cloud.ca_file, authority) if cloud.url.startswith("wss:") else None
    credentials = DeviceCredentials(device_key(data_dir), bridge.server if bridge is not None else "", tls)
    return Daemon(data_dir, cloud.url, credentials, outbox(settings))


def outbox(settings: Settings) -> DatabaseOutbox:
    """What waits for the bridge; the same for both processes. Raises StorageError."""
    return DatabaseOutbox(identity(settings.data_dir), room=room(settings.cloud))


def room(cloud: CloudSettings) -> Room:
    """How much may wait."""
    return Room(cloud.outbox_rows, int(cloud.outbox_mb * 2**20))
