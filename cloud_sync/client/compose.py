"""Puts the device's end together from the settings: what the assistant has of it, and ``hearth-sync``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sync.client import capture, kept, outbox, shadow
from cloud_sync.client.bridge import LocalBridge
from cloud_sync.client.kept import KeptQuestions
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.replica import Replica
from cloud_sync.client.room import Room
from edge.errors import SettingsError
from edge.identity import identity
from edge.ports import Storage
from edge.settings import Settings

if TYPE_CHECKING:
    from cloud_sync.client.daemon import Daemon


@dataclass(frozen=True, slots=True)
class End:
    """What both processes have of the bridge: the same tables in the same file."""

    outbox: DatabaseOutbox
    replica: Replica

    async def prepare(self, storage: Storage) -> None:
        """Bring the tables up to date. Raises StorageError."""
        for part, steps in ((outbox.PART, outbox.STEPS), (kept.PART, kept.STEPS), (shadow.PART, shadow.STEPS)):
            await storage.migrate(part, steps)


@dataclass(frozen=True, slots=True)
class AssistantEnd(End):
    """And the assistant alone."""

    bridge: LocalBridge
    questions: KeptQuestions


def assistant_end(settings: Settings) -> AssistantEnd | None:
    """None where there is no bridge. Raises StorageError."""
    if settings.cloud.url is None:
        return None
    box = _outbox(settings)
    return AssistantEnd(box, Replica(box.device, box), LocalBridge(settings.data_dir), KeptQuestions(box))


async def let_go(storage: Storage) -> None:
    """Where there is no bridge any more: nothing is noticed for it. Raises StorageError."""
    if await storage.read(capture.watching):
        await storage.write(capture.end)


def daemon(settings: Settings) -> "Daemon":
    """Raises SettingsError where there is no bridge, and StorageError for a key that can't be used."""
    from cloud_sync.client.credentials import DeviceCredentials
    from cloud_sync.client.daemon import Daemon
    from cloud_sync.client.enrolment import enrolled
    from cloud_sync.client.keys import device_key
    from cloud_sync.client.tls import client_context

    cloud, data_dir = settings.cloud, settings.data_dir
    if cloud.url is None:
        raise SettingsError("no bridge is configured", "set cloud.url", permanent=True)
    bridge = enrolled(data_dir)
    authority = bridge.authority if bridge is not None else ""
    tls = client_context(cloud.ca_file, authority) if cloud.url.startswith("wss:") else None
    credentials = DeviceCredentials(device_key(data_dir), bridge.server if bridge is not None else "", tls)
    box = _outbox(settings)
    return Daemon(data_dir, cloud.url, credentials, End(box, Replica(box.device, box)))


def _outbox(settings: Settings) -> DatabaseOutbox:
    cloud = settings.cloud
    room = Room(cloud.outbox_rows, int(cloud.outbox_mb * 2**20))
    return DatabaseOutbox(identity(settings.data_dir), room=room)
