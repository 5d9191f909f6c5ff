"""Audit lines of every action, for what turns lines into something else."""

from __future__ import annotations

from typing import Any

from rotator.core.chain import GENESIS, seal
from rotator.core.events import AuditAction, AuditRecord, ProviderCall, Stage
from rotator.core.ids import RotationId, VersionId
from rotator.testing.builders import NEW_KEY, OLD_KEY, at, audit_record
from tests.core.make_chain_vectors import LOG

ROTATION = RotationId("33333333-3333-4333-8333-333333333333")


def line_of(record: AuditRecord, seq: int = 7) -> str:
    """Seal one record as if it stood in a log."""
    return seal(record, seq=seq, prev=GENESIS.hash, log=LOG).line


def a_line(seq: int = 7, **changes: Any) -> str:  # noqa: ANN401 - a record's fields
    """Seal a record about the key of a principal."""
    return line_of(audit_record(seq, **changes), seq)


def outcome_of(action: AuditAction, **changes: Any) -> AuditRecord:  # noqa: ANN401
    """Build what came of an effect, with everything that a record can hold."""
    full: dict[str, Any] = {
        "at": at(days=1),
        "stage": Stage.OUTCOME,
        "action": action,
        "outcome": "success",
        "rotation_id": ROTATION,
        "trigger": "age",
        "new_key_id": NEW_KEY,
        "destination": "payments/api",
        "version_id": VersionId("44444444-4444-4444-8444-444444444444"),
        "rule": "pci",
        "reason": "older than 80d",
        "evidence": {"old_last_used": None, "attempts": 3},
        "calls": (ProviderCall(service="iam", operation="CreateAccessKey", request_id="r-1"),),
        "policy": "7bd1",
        "max_age": "90d",
        "source": {"host": "rotator-0", "version": "1.4.0"},
    }
    return audit_record(action.value, **{**full, **changes})


__all__ = ["NEW_KEY", "OLD_KEY", "ROTATION", "a_line", "line_of", "outcome_of"]
