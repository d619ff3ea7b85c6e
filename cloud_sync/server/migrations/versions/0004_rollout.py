"""What is being let out by and by. See :mod:`cloud_sync.server.tables`."""

import sqlalchemy as sa
from alembic import op

revision = "0004_rollout"
down_revision: str | None = "0003_heavy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "rollout",
        sa.Column("house", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("percent", sa.Float, nullable=False),
    )
