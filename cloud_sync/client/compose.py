"""Puts the device's end together from the settings: what the assistant has of it, and ``hearth-sync``."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from apsw import Connection

from cloud_sync.client import kept, outbox, shadow
from cloud_sync.client.bridge import LocalBridge
from cloud_sync.client.erasing import DeviceErasures
from cloud_sync.client.kept import KeptQuestions
from cloud_sync.client.leaving import has_shared, leave
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.replica import Replica
from cloud_sync.client.room import Room
from cloud_sync.protocol.messages import Changes
from edge.errors import SettingsError
from edge.identity import identity
from edge.privacy import consent
from edge.privacy.outgoing import Outgoing
from edge.settings import Settings

if TYPE_CHECKING:
    from cloud_sync.client.daemon import Daemon
    from edge.ports import Storage


@dataclass(frozen=True, slots=True)
class End:
    """What both processes have of the bridge: the same tables in the same file."""

    outbox: DatabaseOutbox
    replica: Replica
    asks_consent: bool = field(default=False, kw_only=True)
    """Whether the house shares only after it has said so."""

    async def prepare(self, storage: "Storage") -> None:
        """Bring the tables up to date. Raises StorageError."""
        parts = (
            (outbox.PART, outbox.STEPS),
            (kept.PART, kept.STEPS),
            (shadow.PART, shadow.STEPS),
            (consent.PART, consent.STEPS),
        )
        for part, steps in parts:
            await storage.migrate(part, steps)

    def seal(self, connection: Connection) -> None:
        """The last word in each transaction that writes: what the house shares is told, where it may be. Raises
        StorageError.
        """
        if self.shares(connection):
            self.replica.seal(connection)
        else:
            self.replica.pause(connection)

    def take(self, connection: Connection, page: Changes) -> bool:
        """Take a page of changes in, and its cursor, where the house shares anything. False: it does not; both are read
        again once it does.
        """
        is_shared = self.shares(connection)
        if is_shared:
            self.replica.take(connection, page)
        return is_shared

    def tell_again(self, connection: Connection, clock: int) -> None:
        """What was written here at that stamp: the event that told of it is damaged."""
        if self.shares(connection):
            self.replica.tell_again(connection, clock)

    def restart(self) -> None:
        """The link is another one."""
        self.replica.restart()

    def shares(self, connection: Connection) -> bool:
        """Whether the house has said that it shares anything."""
        return not self.asks_consent or consent.allowed(connection, consent.Purpose.MEMORY)


@dataclass(frozen=True, slots=True)
class AssistantEnd(End):
    """And the assistant alone."""

    bridge: LocalBridge
    questions: KeptQuestions
    erasures: DeviceErasures


def assistant_end(settings: Settings, places: Callable[[], Collection[str]] = frozenset) -> AssistantEnd | None:
    """None where there is no bridge. ``places``: gives the names of rooms and devices, for masking. Raises
    StorageError.
    """
    if settings.cloud.url is None:
        return None
    box = _outbox(settings, Outgoing(settings.understand.language, settings.privacy.names, places))
    replica, local = Replica(box.device, box), LocalBridge(settings.data_dir)
    return AssistantEnd(box, replica, local, KeptQuestions(box), DeviceErasures(box), asks_consent=True)


async def let_go(storage: "Storage", data_dir: Path) -> None:
    """Where there is no bridge any more: nothing is noticed for it. Raises StorageError."""
    if await storage.read(has_shared):
        device = identity(data_dir)
        await storage.write(lambda connection: leave(connection, device))


def daemon(settings: Settings) -> "Daemon":
    """Raises SettingsError where there is no bridge, and StorageError for a key that can't be used."""
    from cloud_sync.client.bridge_file import enrolled
    from cloud_sync.client.credentials import DeviceCredentials
    from cloud_sync.client.daemon import Daemon
    from cloud_sync.client.keys import device_key
    from cloud_sync.client.tls import client_context

    cloud, data_dir = settings.cloud, settings.data_dir
    if cloud.url is None:
        raise SettingsError("no bridge is configured", "set cloud.url", permanent=True)
    bridge = enrolled(data_dir)
    authority = bridge.authority if bridge is not None else ""
    tls = client_context(cloud.ca_file, authority) if cloud.url.startswith("wss:") else None
    credentials = DeviceCredentials(
        device_key(data_dir),
        bridge.server if bridge is not None else "",
        tls,
        bridge.public if bridge is not None else b"",
    )
    box = _outbox(settings, Outgoing(settings.understand.language, settings.privacy.names))
    return Daemon(data_dir, cloud.url, credentials, End(box, Replica(box.device, box), asks_consent=True))


def _outbox(settings: Settings, outgoing: Outgoing) -> DatabaseOutbox:
    cloud = settings.cloud
    room = Room(cloud.outbox_rows, int(cloud.outbox_mb * 2**20))
    return DatabaseOutbox(identity(settings.data_dir), room=room, screen=outgoing)
