"""0003, expand: orders of operators, pauses, and what halts and rollbacks remember."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.BigInteger


def upgrade() -> None:
    """Add columns that may be missing or have a default, and one table."""
    op.add_column("credential", sa.Column("operator_order", sa.Text()))
    for name in ("enabled_at", "reversed_at", "vouched_at"):
        op.add_column("rotation", sa.Column(name, _MOMENT()))
    op.add_column("rotation", sa.Column("halt_reason", sa.Text()))
    op.add_column(
        "rotation",
        sa.Column("halt_detail", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column(
        "rotation",
        sa.Column("min_reader", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )
    op.create_table(
        "pause",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("account", sa.Text()),
        sa.Column("credential_id", sa.Text()),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", _MOMENT(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_pause"),
    )
