"""0001, expand: the journal's first tables.

A migration is frozen once released: it spells its columns out and imports
nothing of `rotator`, whose tables move on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_PHASES = (
    "('planned', 'created', 'staged', 'verified', 'promoted', 'disabled', 'completed', "
    "'rolled_back', 'halted')"
)
_MOMENT = sa.BigInteger
_PERIOD = sa.BigInteger
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table; none existed before."""
    _make_meta()
    _make_destination_object()
    _make_credential()
    _make_rotation()
    _make_placement()
    _make_key()
    _make_event()
    _make_audit_record()
    _make_account_budget()


def _make_meta() -> None:
    table = op.create_table(
        "schema_meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_schema_meta"),
    )
    op.bulk_insert(table, [{"name": "min_reader", "value": 1}])


def _make_destination_object() -> None:
    op.create_table(
        "destination_object",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder_rotation_id", sa.Text()),
        sa.Column("lease_until", _MOMENT()),
        sa.Column("lease_max", _MOMENT()),
        sa.PrimaryKeyConstraint("id", name="pk_destination_object"),
        sa.UniqueConstraint("kind", "account", "region", "name", name="uq_destination_object_kind"),
    )


def _make_credential() -> None:
    op.create_table(
        "credential",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("principal_uid", sa.Text(), nullable=False),
        sa.Column("principal_path", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("destination_id", sa.Text()),
        sa.Column("key_id_field", sa.Text()),
        sa.Column("secret_field", sa.Text()),
        sa.Column("merge_fields", sa.Boolean()),
        sa.Column("create_missing", sa.Boolean()),
        sa.Column("current_key_id", sa.Text()),
        sa.Column("current_version", sa.Text()),
        sa.Column("next_at", _MOMENT(), nullable=False),
        sa.Column("due_at", _MOMENT()),
        sa.Column("requested", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("hold_reason", sa.Text()),
        sa.Column("hold_since", _MOMENT()),
        sa.Column("hold_detail", sa.Text()),
        sa.Column("inspected_at", _MOMENT()),
        sa.Column("created_at", _MOMENT(), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("lease_until", _MOMENT()),
        sa.Column("lease_max", _MOMENT()),
        sa.Column("min_reader", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["destination_object.id"], name="fk_credential_destination_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_credential"),
        sa.UniqueConstraint("provider", "account", "principal", name="uq_credential_provider"),
    )
    op.create_index("due_credential", "credential", ["next_at"])


def _make_rotation() -> None:
    op.create_table(
        "rotation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("phase_since", _MOMENT(), nullable=False),
        sa.Column("created_at", _MOMENT(), nullable=False),
        sa.Column("old_key_id", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("prepared_at", _MOMENT()),
        sa.Column("new_key_id", sa.Text()),
        sa.Column("verified_at", _MOMENT()),
        sa.Column("promoted_at", _MOMENT()),
        sa.Column("disabled_at", _MOMENT()),
        sa.Column("unstaged_at", _MOMENT()),
        sa.Column("finished_at", _MOMENT()),
        sa.Column("landing_until", _MOMENT()),
        sa.Column("abandoned", sa.Text()),
        sa.Column("verify_failures", sa.Integer(), nullable=False),
        sa.Column("expedited_at", _MOMENT()),
        sa.Column("grace_given", _PERIOD()),
        sa.Column("halted_from", sa.Text()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.CheckConstraint(f"phase IN {_PHASES}", name=op.f("ck_rotation_phase")),
        sa.CheckConstraint(f"halted_from IN {_PHASES}", name=op.f("ck_rotation_halted_from")),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name="fk_rotation_credential_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rotation"),
    )
    _make_partial_index(
        "one_open_rotation",
        "rotation",
        "credential_id",
        "phase NOT IN ('completed', 'rolled_back')",
        unique=True,
    )
    op.create_index("rotation_history", "rotation", ["credential_id", "created_at"])


def _make_placement() -> None:
    op.create_table(
        "placement",
        sa.Column("rotation_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("destination_id", sa.Text(), nullable=False),
        sa.Column("key_id_field", sa.Text(), nullable=False),
        sa.Column("secret_field", sa.Text(), nullable=False),
        sa.Column("merge_fields", sa.Boolean(), nullable=False),
        sa.Column("create_missing", sa.Boolean(), nullable=False),
        sa.Column("old_version", sa.Text()),
        sa.Column("base_version", sa.Text()),
        sa.Column("new_version", sa.Text()),
        sa.Column("is_holder", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["destination_object.id"], name="fk_placement_destination_id"
        ),
        sa.ForeignKeyConstraint(["rotation_id"], ["rotation.id"], name="fk_placement_rotation_id"),
        sa.PrimaryKeyConstraint("rotation_id", "ordinal", name="pk_placement"),
    )
    _make_partial_index(
        "one_destination_holder", "placement", "destination_id", "is_holder IS TRUE", unique=True
    )


def _make_key() -> None:
    op.create_table(
        "key",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT(), nullable=False),
        sa.Column("seen_at", _MOMENT(), nullable=False),
        sa.Column("rotation_id", sa.Text()),
        sa.Column("last_used_at", _MOMENT()),
        sa.Column("last_used_service", sa.Text(), nullable=False),
        sa.Column("last_used_region", sa.Text(), nullable=False),
        sa.Column("use_read_at", _MOMENT()),
        sa.Column("longest_gap", _PERIOD()),
        sa.Column("suspect_since", _MOMENT()),
        sa.Column("disabled_at", _MOMENT()),
        sa.Column("gone_at", _MOMENT()),
        sa.Column("intent", sa.Text()),
        sa.ForeignKeyConstraint(["credential_id"], ["credential.id"], name="fk_key_credential_id"),
        sa.PrimaryKeyConstraint("credential_id", "key_id", name="pk_key"),
    )


def _make_event() -> None:
    op.create_table(
        "event",
        sa.Column("position", _SERIAL, nullable=False),
        sa.Column("at", _MOMENT(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rotation_id", sa.Text()),
        sa.Column("phase", sa.Text()),
        sa.Column("effect", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name="fk_event_credential_id"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_event"),
    )
    op.create_index("event_history", "event", ["rotation_id", "position"])


def _make_audit_record() -> None:
    op.create_table(
        "audit_record",
        sa.Column("position", _SERIAL, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("line", sa.Text()),
        sa.Column("hash", sa.Text()),
        sa.PrimaryKeyConstraint("position", name="pk_audit_record"),
        sa.UniqueConstraint("id", name="uq_audit_record_id"),
        sa.UniqueConstraint("seq", name="uq_audit_record_seq"),
    )
    _make_partial_index(
        "unsealed_audit_record", "audit_record", "position", "seq IS NULL", unique=False
    )


def _make_account_budget() -> None:
    op.create_table(
        "account_budget",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("full_at", _MOMENT(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_account_budget"),
    )


def _make_partial_index(
    name: str, table: str, column: str, condition: str, *, unique: bool
) -> None:
    where = sa.text(condition)
    op.create_index(
        name, table, [column], unique=unique, sqlite_where=where, postgresql_where=where
    )
