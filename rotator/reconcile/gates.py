"""What holds back a start, a disable or a delete at the last moment: evidence, mode, pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.reasons import Reason
from rotator.core.rotation import Trigger
from rotator.core.steps import Wait, hold
from rotator.core.terms import Mode

if TYPE_CHECKING:
    from rotator.reconcile.session import Session


def held_back(session: Session, trigger: Trigger | None = None) -> Wait | None:
    """Say why nothing may be started or destroyed for this credential now; None when it may.

    Asked immediately before the intent. What brings a begun rotation to safety is
    never asked about: storing, proving and promoting a new key, enabling an old
    one, and discarding a key of our own.

    Args:
        session: The pass.
        trigger: What the rotation was started for that wants to go on; None for what
            belongs to no rotation.
    """
    now = session.now()
    if trigger is not Trigger.BREAK_GLASS and is_evidence_late(session):
        return hold(session.terms, now, Reason.AUDIT_BLOCKED)
    credential = session.credential
    # Asked again, for the pass may have begun before somebody took the confirmation back.
    if session.parts.terms_for(credential).mode is Mode.PLAN:
        return hold(session.terms, now, Reason.PLAN_MODE, credential.principal.account)
    return paused(session)


def is_evidence_late(session: Session) -> bool:
    """Whether records wait longer for a place that keeps them than the limit allows."""
    parts = session.parts
    return parts.late.is_waiting or parts.gate.is_blocked(session.now())


def paused(session: Session) -> Wait | None:
    """Say which pause holds this credential back, and whose it is; None when none does."""
    credential = session.credential
    for pause in session.parts.journal.pauses():
        if pause.covers(credential.principal.account, credential.id):
            since = f"{pause.since:%Y-%m-%d %H:%M} UTC"
            detail = f"{pause.scope} by {pause.operator} since {since}: {pause.reason}"
            return hold(session.terms, session.now(), Reason.PAUSED, detail)
    return None
