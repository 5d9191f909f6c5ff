"""0005, expand: whom to ask about a credential."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a column with a default, which an older release neither reads nor writes."""
    op.add_column(
        "credential",
        sa.Column("contact", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
