"""What the journal writes on every audit record by itself, so that no caller can forget it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rotator.journal import codec, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection, Engine

    from rotator.core.events import AuditRecord, Scalar

_STAMP = "rotator_stamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """By what rules, where and by which release a record is written.

    Attributes:
        policy: Tells the SHA-256 of the policy in force; None where nobody can.
        source: The host and the release.
    """

    policy: Callable[[], str] | None = None
    source: Mapping[str, Scalar] = field(default_factory=dict)


def stamping(engine: Engine, stamp: Stamp) -> Engine:
    """Return the engine as one whose audit records all carry a stamp."""
    return engine.execution_options(**{_STAMP: stamp})


def queue_audit(connection: Connection, record: AuditRecord) -> None:
    """Queue a record for its number; what it says of its origin itself is kept."""
    stamp: Stamp = connection.get_execution_options().get(_STAMP, Stamp())
    policy = record.policy
    if policy is None and stamp.policy is not None:
        policy = stamp.policy()
    whole = replace(record, policy=policy, source=record.source or stamp.source)
    connection.execute(tables.audit_record.insert().values(**codec.encode_audit(whole)))
