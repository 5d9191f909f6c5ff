"""Requests that may have changed something, and that no other record would name.

A record names the requests that were sent since the one before it. Where none comes
after a change, because the pass ends there, the change has a record of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction, Stage
from rotator.errors import RotatorError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rotator.core.events import AuditRecord
    from rotator.core.ids import KeyId
    from rotator.reconcile.session import Session


def sent(
    session: Session, why: str, *, outcome: str = "unknown", key: KeyId | None = None
) -> tuple[AuditRecord, ...]:
    """Make the record of what was sent since the one before; none if that changed nothing."""
    if not session.parts.calls.has_change():
        return ()
    action = AuditAction.REQUEST_SEND
    return (session.audit(action, Stage.EVENT, outcome, key=key, reason=why),)


def write_rest(session: Session) -> None:
    """Write at the end of a pass what its records do not name; needs no claim any more."""
    records = sent(session, "the pass ended here")
    if not records:
        return
    parts = session.parts
    try:
        parts.journal.append(records)
    except RotatorError:
        parts.late.keep(records, parts.telemetry, parts.chance)


def unwritten(records: tuple[AuditRecord, ...], telling: Collection[str]) -> Iterator[AuditRecord]:
    """Yield what must not be forgotten of records that the journal did not take.

    Args:
        records: Those of a commit that failed, or of whose end nobody knows.
        telling: The ids of those that name a change.

    Yields:
        What tells of a deed as it is. What was only meant was not done; but what had
        been sent before it was, and is told by itself.
    """
    for record in records:
        if record.stage is Stage.OUTCOME:
            yield record
        elif record.id in telling:
            why = f"{record.action.value} was not written"
            yield replace(
                record,
                stage=Stage.EVENT,
                action=AuditAction.REQUEST_SEND,
                outcome="unknown",
                reason=why,
                evidence={},
            )
