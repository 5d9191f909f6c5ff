"""0006, expand: what both keys of a rotation were seen to be granted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a column that may be missing, which an older release neither reads nor writes."""
    op.add_column("rotation", sa.Column("granted", sa.Text()))
