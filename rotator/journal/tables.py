"""The journal's tables: facts, ids and codes, never a secret.

The invariants that a database can hold are constraints here: one open rotation
per credential, one unpromoted rotation per destination object, and the list of
phases. Instants and periods are integers of microseconds, which round trip.
A change of a table is a migration; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from rotator.core.notices import Delivery
from rotator.core.reasons import Reason
from rotator.core.rotation import FINAL_PHASES, Action, Phase, Role, Trigger
from rotator.journal.columns import Details, Instruction, Intention, Moment, Period, Texts, Word

READER = 6
"""The generation of rows that this release understands.

A release that writes what this one could not read raises `min_reader` of that
row, and this one leaves the row alone.
"""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

_SERIAL = BigInteger().with_variant(Integer, "sqlite")
_PHASES = ", ".join(f"'{phase}'" for phase in Phase)
_FINAL = ", ".join(f"'{phase}'" for phase in sorted(FINAL_PHASES))


def _partial(name: str, rows: str, *columns: Column[Any]) -> None:
    """Index only some rows; a query is served by it if it says `rows` in the same words."""
    Index(name, *columns, sqlite_where=text(rows), postgresql_where=text(rows))


schema_meta = Table(
    "schema_meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Integer, nullable=False),
)
"""`min_reader`: the oldest schema number whose release still runs on this schema."""

destination_object = Table(
    "destination_object",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("holder_rotation_id", Text),
    Column("lease_until", Moment),
    Column("lease_max", Moment),
    UniqueConstraint("kind", "account", "region", "name"),
)
"""What several credentials may share; its holder is the unpromoted rotation."""

place = Table(
    "place",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("action", Word(Action), nullable=False),
)
"""What credentials and keys are counted by; few rows, written once, and never changed."""

credential = Table(
    "credential",
    metadata,
    Column("id", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("principal_uid", Text, nullable=False),
    Column("principal_path", Text, nullable=False),
    Column("action", Word(Action), nullable=False),
    Column("rule", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("contact", Text, nullable=False, server_default=text("''")),
    Column("destination_id", Text, ForeignKey(destination_object.c.id)),
    Column("key_id_field", Text),
    Column("secret_field", Text),
    Column("merge_fields", Boolean),
    Column("create_missing", Boolean),
    Column("current_key_id", Text),
    Column("current_version", Text),
    Column("next_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("requested", Word(Trigger)),
    Column("operator_order", Instruction),
    Column("failures", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("hold_reason", Word(Reason)),
    Column("hold_since", Moment),
    Column("hold_detail", Text),
    Column("inspected_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("intent", Intention),
    Column("token", Text),
    Column("lease_until", Moment),
    Column("lease_max", Moment),
    Column("min_reader", Integer, nullable=False, server_default=text("1")),
    Column("place_id", BigInteger),
    UniqueConstraint("provider", "account", "principal"),
)
"""One row per principal; `next_at` is the only timer, `token` the fence."""

Index("due_credential", credential.c.next_at)
Index("credential_place_due", credential.c.place_id, credential.c.due_at)
_ROW = credential.c
_partial("failing_credential", "failures > 0", _ROW.place_id, _ROW.failures)
HELD = "hold_reason IS NOT NULL"
_partial("held_credential", HELD, _ROW.provider, _ROW.hold_reason, _ROW.place_id)

rotation = Table(
    "rotation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("credential_id", Text, ForeignKey(credential.c.id), nullable=False),
    Column("trigger", Word(Trigger), nullable=False),
    Column("phase", Word(Phase), nullable=False),
    Column("phase_since", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("old_key_id", Text, nullable=False),
    Column("intent", Intention),
    Column("attempt", Integer, nullable=False),
    Column("prepared_at", Moment),
    Column("new_key_id", Text),
    Column("verified_at", Moment),
    Column("promoted_at", Moment),
    Column("disabled_at", Moment),
    Column("enabled_at", Moment),
    Column("unstaged_at", Moment),
    Column("reversed_at", Moment),
    Column("vouched_at", Moment),
    Column("finished_at", Moment),
    Column("landing_until", Moment),
    Column("abandoned", Word(Reason)),
    Column("granted", Texts),
    Column("verify_failures", Integer, nullable=False),
    Column("expedited_at", Moment),
    Column("grace_given", Period),
    Column("halted_from", Word(Phase)),
    Column("halt_reason", Word(Reason)),
    Column("halt_detail", Text, nullable=False, server_default=text("''")),
    Column("outcome", Text, nullable=False),
    Column("followed_at", Moment),
    Column("refreshed_at", Moment),
    Column("min_reader", Integer, nullable=False, server_default=text("1")),
    CheckConstraint(f"phase IN ({_PHASES})", name="phase"),
    CheckConstraint(f"halted_from IN ({_PHASES})", name="halted_from"),
)
"""One row per attempt, with its open intent; `min_reader` keeps its credential's up."""

IS_OPEN = text(f"phase NOT IN ({_FINAL})")
Index(
    "one_open_rotation",
    rotation.c.credential_id,
    unique=True,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)
_RUN = rotation.c
_partial("open_rotation_phase", IS_OPEN.text, _RUN.phase, _RUN.phase_since, _RUN.credential_id)
Index("rotation_history", rotation.c.credential_id, rotation.c.created_at)

placement = Table(
    "placement",
    metadata,
    Column("rotation_id", Text, ForeignKey(rotation.c.id), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("destination_id", Text, ForeignKey(destination_object.c.id), nullable=False),
    Column("key_id_field", Text, nullable=False),
    Column("secret_field", Text, nullable=False),
    Column("merge_fields", Boolean, nullable=False),
    Column("create_missing", Boolean, nullable=False),
    Column("old_version", Text),
    Column("base_version", Text),
    Column("new_version", Text),
    Column("is_holder", Boolean, nullable=False),
)
"""Where a rotation publishes; ordinal 0 is the pivot, which promotion is about."""

_HOLDS = text("is_holder IS TRUE")
Index(
    "one_destination_holder",
    placement.c.destination_id,
    unique=True,
    sqlite_where=_HOLDS,
    postgresql_where=_HOLDS,
)

key = Table(
    "key",
    metadata,
    Column("credential_id", Text, ForeignKey(credential.c.id), primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("role", Word(Role), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("rotation_id", Text),
    Column("last_used_at", Moment),
    Column("last_used_service", Text, nullable=False),
    Column("last_used_region", Text, nullable=False),
    Column("use_read_at", Moment),
    Column("longest_gap", Period),
    Column("suspect_since", Moment),
    Column("disabled_at", Moment),
    Column("gone_at", Moment),
    Column("expires_at", Moment),
    Column("intent", Intention),
    Column("place_id", BigInteger),
)
"""What we know of keys; `rotation_id` may name a rotation of a journal that was lost."""

EXISTS = "gone_at IS NULL"
MANAGED = "gone_at IS NULL AND enabled IS TRUE AND role IN ('current', 'previous', 'pending')"
EXPIRES = "expires_at IS NOT NULL AND role = 'current'"
"""Rows of `key` that metrics count, in the words of the partial indexes."""
_KEY = key.c
_partial("key_place_role", EXISTS, _KEY.place_id, _KEY.role, _KEY.enabled)
_partial("key_place_age", MANAGED, _KEY.place_id, _KEY.created_at)
_partial("key_place_seen", MANAGED, _KEY.place_id, _KEY.seen_at, _KEY.created_at)
_partial("key_place_end", EXPIRES, _KEY.place_id, _KEY.expires_at)

event = Table(
    "event",
    metadata,
    Column("position", _SERIAL, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("credential_id", Text, ForeignKey(credential.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("rotation_id", Text),
    Column("phase", Text),
    Column("effect", Text),
    Column("detail", Details, nullable=False),
)
"""A credential's history, in the order of writing."""

Index("event_history", event.c.rotation_id, event.c.position)

audit_record = Table(
    "audit_record",
    metadata,
    Column("position", _SERIAL, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("seq", BigInteger, unique=True),
    Column("line", Text),
    Column("hash", Text),
)
"""`body` waits for its number; `seq`, `line` and `hash` are the sealer's."""

_UNSEALED = text("seq IS NULL")
Index(
    "unsealed_audit_record",
    audit_record.c.position,
    sqlite_where=_UNSEALED,
    postgresql_where=_UNSEALED,
)

account_budget = Table(
    "account_budget",
    metadata,
    Column("account", Text, primary_key=True),
    Column("full_at", Moment, nullable=False),
)
"""Token buckets, as `rotator.core.budget` understands them."""

pause = Table(
    "pause",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("account", Text),
    Column("credential_id", Text),
    Column("operator", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
)
"""One row per pause in force; without account and credential it is one of everything."""

account = Table(
    "account",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("is_confirmed", Boolean, nullable=False),
    Column("operator", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
)
"""One row per account that a person spoke of; an account without one is in plan mode."""

notice = Table(
    "notice",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("delivery", Word(Delivery), nullable=False),
    Column("last_error", Text, nullable=False),
    Column("taken_until", Moment),
)
"""One row per notice and channel; told ones are kept a while, so that none is noted twice."""

Index("notice_queue", notice.c.delivery, notice.c.channel, notice.c.next_at)

notice_cursor = Table(
    "notice_cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("policy", Text, nullable=False),
    Column("day", Text, nullable=False),
)
"""One row, up to where notices were made; the name is the chain's, `audit`."""

commit_mark = Table(
    "commit_mark",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)
"""One row per write on PostgreSQL, kept for a while: proof that its transaction was committed."""

Index("commit_mark_age", commit_mark.c.at)

snapshot = Table(
    "snapshot",
    metadata,
    Column("day", Text, primary_key=True),
    Column("taken_at", Moment, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""One picture of the inventory for each day, compressed, and the id of its audit record."""
