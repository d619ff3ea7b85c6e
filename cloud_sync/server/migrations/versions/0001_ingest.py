"""Devices, what they send, and what their houses share. See :mod:`cloud_sync.server.tables`."""

import sqlalchemy as sa
from alembic import op

revision = "0001_ingest"
down_revision: str | None = None
branch_labels = None
depends_on = None

_PARTITIONS = 16


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "device",
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("house", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("role", sa.Text, nullable=False, server_default="device"),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.Column("cursor", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("seen_ms", sa.BigInteger),
    )
    op.create_index("device_by_house", "device", ["house"])
    op.create_table(
        "house",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("horizon", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "stream",
        sa.Column("house", sa.Text, nullable=False),
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("incarnation", sa.Text, primary_key=True),
        sa.Column("acked", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("acked_id", sa.LargeBinary, nullable=False, server_default=""),
        sa.Column("watermark", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("clock", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_index("stream_by_house", "stream", ["house"])
    op.create_table(
        "event",
        *_source(),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("covers", sa.BigInteger, nullable=False),
        sa.Column("id", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("clock", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        postgresql_partition_by="HASH (house)",
    )
    if op.get_bind().dialect.name == "postgresql":
        for part in range(_PARTITIONS):
            op.execute(
                f"CREATE TABLE event_{part:02} PARTITION OF event"
                f" FOR VALUES WITH (MODULUS {_PARTITIONS}, REMAINDER {part})"
            )
    op.create_index("event_by_id", "event", ["house", "id"])
    op.create_table(
        "change",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("incarnation", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("clock", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "register",
        *_record(),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
        *_stamp(),
    )
    op.create_table("tombstone", *_record(), *_stamp(), sa.Column("deleted_ms", sa.BigInteger, nullable=False))
    op.create_table(
        "dead",
        *_source(),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "store",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
    )


def _source() -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text, primary_key=True) for name in ("house", "device", "incarnation"))


def _record() -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text, primary_key=True) for name in ("house", "kind", "record"))


def _stamp() -> tuple[sa.Column[int] | sa.Column[str], ...]:
    return (
        sa.Column("clock", sa.BigInteger, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
    )
