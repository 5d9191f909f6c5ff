"""0002, expand: marks, by which a writer finds out whether its commit was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; SQLite leaves it empty, for its commits have no network in between."""
    op.create_table(
        "commit_mark",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commit_mark"),
    )
    op.create_index("commit_mark_age", "commit_mark", ["at"])
