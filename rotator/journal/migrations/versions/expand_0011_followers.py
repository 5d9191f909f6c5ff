"""0011, expand: places that follow the first one, and consumers that were made to read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add columns that may be missing, which an older release neither reads nor writes."""
    op.add_column("rotation", sa.Column("followed_at", sa.BigInteger()))
    op.add_column("rotation", sa.Column("refreshed_at", sa.BigInteger()))
    op.add_column("credential", sa.Column("intent", sa.Text()))
