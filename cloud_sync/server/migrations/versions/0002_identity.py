"""Codes, tokens, people, the audit log, consent and erasures. See :mod:`cloud_sync.server.identity.tables`."""

import sqlalchemy as sa
from alembic import op

revision = "0002_identity"
down_revision: str | None = "0001_ingest"
branch_labels = None
depends_on = None

_APPEND_ONLY = "the audit log is only ever added to"


def upgrade() -> None:
    """To this step."""
    _people_and_devices()
    _log()
    _privacy()
    if op.get_bind().dialect.name == "postgresql":
        # What is old lies together, in the order in which it came: a few pages, and next to no work for what comes in.
        op.execute("CREATE INDEX event_by_age ON event USING brin (received_ms)")


def _people_and_devices() -> None:
    op.create_table(
        "enrolment",
        sa.Column("code_hash", sa.Text, primary_key=True),
        sa.Column("house", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        sa.Column("role", sa.Text, nullable=False, server_default="device"),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("attempt_by_time", "attempt", ["at_ms"])
    op.create_table(
        "person",
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("house", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
    )
    op.create_index("person_by_house", "person", ["house", "name"], unique=True)
    op.create_table(
        "token",
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("house", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("use", sa.Text, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("spent_ms", sa.BigInteger),
    )
    op.create_index("token_by_who", "token", ["who"])
    op.create_table(
        "revocation",
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("of_house", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("revocation_by_time", "revocation", ["at_ms"])
    op.create_table(
        "challenge",
        sa.Column("nonce_hash", sa.Text, primary_key=True),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("challenge_by_time", "challenge", ["expires_ms"])


def _log() -> None:
    op.create_table(
        "audit",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{_APPEND_ONLY}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays()"
        )
        op.execute("CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_stays()")
    else:
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{what.lower()} BEFORE {what} ON audit"
                f" BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END"
            )


def _privacy() -> None:
    op.create_table(
        "consent",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, primary_key=True),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("clock", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "erasure",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("clock", sa.BigInteger, nullable=False),
        sa.Column("of_time", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("statement", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("taken_ms", sa.BigInteger),
    )
    op.create_index("erasure_untaken", "erasure", ["house", "device", "taken_ms"])
    op.create_table(
        "erased",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("erasure", sa.Text, nullable=False),
    )
