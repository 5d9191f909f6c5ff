"""Broken glass: one rotation goes on though evidence cannot be written, and says so.

Its order and its records are durable in the journal as ever, and reach the places that
keep the audit log when these work again. Until then each record is told of in the log.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction, Stage
from rotator.core.rotation import Trigger
from rotator.reconcile.gates import is_evidence_late
from rotator.reconcile.late import LATE, tell

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord
    from rotator.reconcile.session import Session

_GATED = frozenset({AuditAction.KEY_CREATE, AuditAction.KEY_DISABLE, AuditAction.KEY_DELETE})


def flagged(session: Session, record: AuditRecord) -> AuditRecord:
    """Mark a record that is made while evidence waits, under an order that does not wait for it.

    Whether it waits is asked before what the gate would have held back, and not again
    until the next of these: between a mint and its safety nothing else is read.
    """
    rotation = session.claim.rotation
    trigger = rotation.trigger if rotation else session.credential.requested
    if trigger is not Trigger.BREAK_GLASS:
        return record
    is_asked = record.stage is Stage.INTENT and record.action in _GATED
    if is_asked or session.is_late is None:
        session.is_late = is_evidence_late(session)
    if not session.is_late:
        return record
    tell(record, session.parts.telemetry, "glass broken")
    return replace(record, evidence={**record.evidence, LATE: True})
