"""0004, expand: accounts that a person confirmed; those that were rotated before count as such."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_RUNNING = """
INSERT INTO account (provider, id, is_confirmed, operator, reason, since)
SELECT credential.provider, credential.account, :confirmed, 'upgrade',
       'rotated before confirmations were asked for', MIN(rotation.created_at)
FROM rotation JOIN credential ON credential.id = rotation.credential_id
GROUP BY credential.provider, credential.account
"""
"""An upgrade must not stop rotations that are under way, or that a team relies on."""


def upgrade() -> None:
    """Make the table, and fill in what was running."""
    op.create_table(
        "account",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", name="pk_account"),
    )
    op.get_bind().execute(sa.text(_RUNNING), {"confirmed": True})
