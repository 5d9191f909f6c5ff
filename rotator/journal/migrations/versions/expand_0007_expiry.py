"""0007, expand: when its provider ends a key by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add a column that may be missing, which an older release neither reads nor writes."""
    op.add_column("key", sa.Column("expires_at", sa.BigInteger()))
