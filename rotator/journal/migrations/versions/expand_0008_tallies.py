"""0008, expand: places, by which metrics count credentials and keys."""

from __future__ import annotations

import json
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_OPEN = "phase NOT IN ('completed', 'rolled_back')"
_EXISTS = "gone_at IS NULL"
_MANAGED = "gone_at IS NULL AND enabled IS TRUE AND role IN ('current', 'previous', 'pending')"
_EXPIRES = "expires_at IS NOT NULL AND role = 'current'"
_HELD = "hold_reason IS NOT NULL"
_INDEXES = (
    ("credential_place_due", "credential", ("place_id", "due_at"), None),
    ("failing_credential", "credential", ("place_id", "failures"), "failures > 0"),
    ("held_credential", "credential", ("provider", "hold_reason", "place_id"), _HELD),
    ("open_rotation_phase", "rotation", ("phase", "phase_since", "credential_id"), _OPEN),
    ("key_place_role", "key", ("place_id", "role", "enabled"), _EXISTS),
    ("key_place_age", "key", ("place_id", "created_at"), _MANAGED),
    ("key_place_seen", "key", ("place_id", "seen_at", "created_at"), _MANAGED),
    ("key_place_end", "key", ("place_id", "expires_at"), _EXPIRES),
)


def upgrade() -> None:
    """Add columns that may be missing, which an older release neither reads nor writes."""
    _add_tables_and_columns()
    _put_rows_in_place()
    for name, table, columns, rows in _INDEXES:
        chosen = None if rows is None else sa.text(rows)
        op.create_index(name, table, columns, sqlite_where=chosen, postgresql_where=chosen)


def _add_tables_and_columns() -> None:
    op.create_table(
        "place",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_place"),
    )
    for table in ("credential", "key"):
        op.add_column(table, sa.Column("place_id", sa.BigInteger()))


def _put_rows_in_place() -> None:
    """Write what a release that knows of places would have written."""
    connection = op.get_bind()
    rows = _CREDENTIAL.c
    names = (rows.provider, rows.account, rows.rule, rows.action)
    for place in connection.execute(sa.select(*names).distinct()).all():
        number = _number(*place)
        connection.execute(_PLACE.insert().values((number, *place)))
        mine = sa.and_(*(column == value for column, value in zip(names, place, strict=True)))
        connection.execute(_CREDENTIAL.update().where(mine).values(place_id=number))
    owner = sa.select(rows.place_id).where(rows.id == _KEY.c.credential_id).scalar_subquery()
    connection.execute(_KEY.update().values(place_id=owner))


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


_PLACE = _table("place", "id", "provider", "account", "rule", "action")
_CREDENTIAL = _table("credential", "id", "provider", "account", "rule", "action", "place_id")
_KEY = _table("key", "credential_id", "place_id")


def _number(*names: str) -> int:
    """Derive a place's number as the journal of this release does."""
    digest = sha256(json.dumps(names, ensure_ascii=True).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
