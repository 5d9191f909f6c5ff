"""Writing down when to look again; a hold is told once as it begins, once when it is lifted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction, Stage
from rotator.core.ids import Instant
from rotator.core.lease import LONGEST_WAIT
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import Hold

if TYPE_CHECKING:
    from rotator.core.rotation import Credential
    from rotator.core.steps import Wait
    from rotator.reconcile.session import Session


def write(session: Session, rest: Wait, *, is_cut_short: bool) -> None:
    """Write down when to look again, and what is news about a hold.

    Args:
        session: The pass that comes to rest.
        rest: Until when, and why.
        is_cut_short: Whether an error ended the pass, so that nobody has looked
            whether what held it before is gone.
    """
    before = session.credential
    is_unknown = is_cut_short and not is_hold(rest.reason)
    after = replace(
        before,
        next_at=min(rest.until, Instant(session.now() + LONGEST_WAIT)),
        hold=before.hold if is_unknown else _hold(before, rest, session.now()),
        inspected_at=session.now(),
        failures=before.failures if _is_failing(rest) else 0,
        last_error=before.last_error if _is_failing(rest) else "",
    )
    if _reason(before) is _reason(after):
        session.commit(credential=after)
    elif after.hold is not None:
        _begin(session, after, rest)
    elif before.hold is not None:
        _lift(session, after, before.hold)


def _begin(session: Session, after: Credential, rest: Wait) -> None:
    reason = f"{rest.reason.value}: {rest.detail}" if rest.detail else rest.reason.value
    record = session.audit(AuditAction.ROTATION_HOLD, Stage.EVENT, "success", reason=reason)
    told = session.event("hold", reason=rest.reason.value, detail=rest.detail)
    session.commit(credential=after, audit=(record,), events=(told,))


def _lift(session: Session, after: Credential, hold: Hold) -> None:
    record = session.audit(
        AuditAction.HOLD_LIFT,
        Stage.EVENT,
        "success",
        reason=hold.reason.value,
        evidence={"held_since": hold.since.isoformat()},
    )
    told = session.event("lift", reason=hold.reason.value)
    session.commit(credential=after, audit=(record,), events=(told,))


def _is_failing(rest: Wait) -> bool:
    return is_hold(rest.reason) or rest.reason is Reason.BACKOFF


def _hold(before: Credential, rest: Wait, now: Instant) -> Hold | None:
    if not is_hold(rest.reason):
        return None
    is_same = before.hold is not None and before.hold.reason is rest.reason
    since = before.hold.since if is_same and before.hold else now
    return Hold(reason=rest.reason, since=since, detail=rest.detail)


def _reason(credential: Credential) -> Reason | None:
    return credential.hold.reason if credential.hold else None
