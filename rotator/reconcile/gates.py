"""What holds back a start, a disable or a delete at the last moment: evidence, mode, pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.reasons import Reason
from rotator.core.steps import Wait, hold
from rotator.core.terms import Mode

if TYPE_CHECKING:
    from rotator.reconcile.session import Session


def held_back(session: Session) -> Wait | None:
    """Say why nothing may be started or destroyed for this credential now; None when it may.

    Asked immediately before the intent. What brings a begun rotation to safety is
    never asked about: storing, proving and promoting a new key, enabling an old
    one, and discarding a key of our own.
    """
    now = session.now()
    if session.parts.gate.is_blocked(now):
        return hold(session.terms, now, Reason.AUDIT_BLOCKED)
    credential = session.credential
    # Asked again, for the pass may have begun before somebody took the confirmation back.
    if session.parts.terms_for(credential).mode is Mode.PLAN:
        return hold(session.terms, now, Reason.PLAN_MODE, credential.principal.account)
    return paused(session)


def paused(session: Session) -> Wait | None:
    """Say which pause holds this credential back, and whose it is; None when none does."""
    credential = session.credential
    for pause in session.parts.journal.pauses():
        if pause.covers(credential.principal.account, credential.id):
            since = f"{pause.since:%Y-%m-%d %H:%M} UTC"
            detail = f"{pause.scope} by {pause.operator} since {since}: {pause.reason}"
            return hold(session.terms, session.now(), Reason.PAUSED, detail)
    return None
