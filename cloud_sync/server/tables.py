"""The tables of what devices send and read.

Every table whose rows belong to a house says so in a column ``house``, and what is looked up by rows of a house names
the house, too: that is what the store is divided by. Moments are milliseconds since the epoch.

``device``    who may connect
``house``     how far the numbering of a house's changes is
``stream``    how far one incarnation of a device is
``event``     what came in, byte for byte
``change``    the numbered changes of a house, in the order in which its devices get them
``register``  the field values that hold, by the last writer; ``change`` says where each came from
``tombstone`` the records that are deleted
``dead``      events that could not be applied
``rollout``   what is being let out by and by in a house, to how many percent of its devices
``store``     one row: the identity of this store
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, Table, Text

from cloud_sync.server.database import metadata

device: Final = Table(
    "device",
    metadata,
    Column("device", Text, primary_key=True),
    Column("house", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),  # Ed25519, 32 bytes
    Column("role", Text, nullable=False, server_default="device"),
    Column("name", Text, nullable=False, server_default=""),
    Column("enrolled_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("cursor", BigInteger, nullable=False, server_default="0"),  # the changes up to it were fetched
    Column("seen_ms", BigInteger),
    Index("device_by_house", "house"),
)

house: Final = Table(
    "house",
    metadata,
    Column("house", Text, primary_key=True),
    Column("n", BigInteger, nullable=False, server_default="0"),  # the last number given
    Column("horizon", BigInteger, nullable=False, server_default="0"),  # older cursors get a snapshot
)

stream: Final = Table(
    "stream",
    metadata,
    Column("house", Text, nullable=False),
    Column("device", Text, primary_key=True),
    Column("incarnation", Text, primary_key=True),
    Column("acked", BigInteger, nullable=False, server_default="0"),
    Column("acked_id", LargeBinary, nullable=False, server_default=""),
    Column("watermark", BigInteger, nullable=False, server_default="0"),
    Column("clock", BigInteger, nullable=False, server_default="0"),  # the last effective stamp
    Index("stream_by_house", "house"),
)

event: Final = Table(
    "event",
    metadata,
    Column("house", Text, primary_key=True),
    Column("device", Text, primary_key=True),
    Column("incarnation", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("covers", BigInteger, nullable=False),
    Column("id", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("clock", BigInteger, nullable=False),  # effective
    Column("received_ms", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("event_by_id", "house", "id"),
    postgresql_partition_by="HASH (house)",
)

change: Final = Table(
    "change",
    metadata,
    Column("house", Text, primary_key=True),
    Column("n", BigInteger, primary_key=True),
    Column("device", Text, nullable=False),
    Column("incarnation", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("clock", BigInteger, nullable=False),  # effective
    Column("received_ms", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

register: Final = Table(
    "register",
    metadata,
    Column("house", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("record", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),  # MessagePack
    Column("clock", BigInteger, nullable=False),
    Column("device", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
)

tombstone: Final = Table(
    "tombstone",
    metadata,
    Column("house", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("record", Text, primary_key=True),
    Column("clock", BigInteger, nullable=False),
    Column("device", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("deleted_ms", BigInteger, nullable=False),
)

dead: Final = Table(
    "dead",
    metadata,
    Column("house", Text, primary_key=True),
    Column("device", Text, primary_key=True),
    Column("incarnation", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

rollout: Final = Table(
    "rollout",
    metadata,
    Column("house", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("percent", Float, nullable=False),
)

store: Final = Table(
    "store",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("server", Text, nullable=False),  # the bridge's id, which devices know it by
    Column("epoch", Text, nullable=False),  # another one after each restore
)
