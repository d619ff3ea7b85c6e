"""Heavy questions, their answers, what they cost. See :mod:`cloud_sync.server.heavy.tables`."""

import sqlalchemy as sa
from alembic import op

revision = "0003_heavy"
down_revision: str | None = "0002_identity"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "heavy_question",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("ask", sa.LargeBinary, nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "heavy_job",
        sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("of_house", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("heavy_job_due", "heavy_job", ["due_ms"])
    op.create_index("heavy_job_of", "heavy_job", ["of_house", "device", "id"], unique=True)
    op.create_table(
        "heavy_answer",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("heavy_answer_expires", "heavy_answer", ["expires_ms"])
    _costs()


def _costs() -> None:
    op.create_table(
        "heavy_usage",
        sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("house", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False, server_default=""),
        sa.Column("model", sa.Text, nullable=False, server_default=""),
        sa.Column("tokens_in", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("tokens_out", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("estimated", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("cost", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("first_ms", sa.BigInteger),
        sa.Column("latency_ms", sa.BigInteger),
        sa.Column("cached", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("outcome", sa.Text, nullable=False),
    )
    op.create_index("heavy_usage_by_day", "heavy_usage", ["house", "day", "device"])
    op.create_index("heavy_usage_by_time", "heavy_usage", ["house", "at_ms"])
    op.create_table(
        "heavy_budget",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "heavy_cache",
        sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("house", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("meaning", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("heavy_cache_of", "heavy_cache", ["house", "language", "expires_ms"])
