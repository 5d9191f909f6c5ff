"""The key by which the daemon itself is admitted: replaced when nothing else is under way.

The successor retires it like any other key. Until we are admitted by the successor
our own calls use the old one, so the guard itself keeps it from being revoked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Trigger
from rotator.core.steps import Wait
from rotator.ports.provider import CanTellOwn

if TYPE_CHECKING:
    from rotator.core.rotation import Credential
    from rotator.reconcile.session import Session


def others_first(session: Session, trigger: Trigger) -> Wait | None:
    """Wait while another key of the account is due or not yet promoted; a tainted key does not."""
    credential, provider, now = session.credential, session.provider, session.now()
    account = credential.principal.account
    if trigger.is_taint or not isinstance(provider, CanTellOwn):
        return None
    if credential.current_key_id is None or provider.own_key(account) != credential.current_key_id:
        return None
    ahead = _ahead(session, now)
    if not ahead:
        return None
    until = Instant(now + session.terms.limits.check_interval)
    return Wait(until=until, reason=Reason.OWN_KEY_LAST, detail=", ".join(sorted(ahead)))


def _ahead(session: Session, now: Instant) -> set[str]:
    """Name whose turn is before ours; who waits for a person, or fails, is not waited for."""
    own, journal = session.credential, session.parts.journal
    open_ones = {item.credential_id for item in journal.rotations() if item.is_unpromoted}
    return {
        item.principal.name
        for item in journal.credentials()
        if item.id != own.id
        and item.principal.account == own.principal.account
        and item.action is Action.ROTATE
        and item.hold is None
        and not item.failures
        and (item.id in open_ones or _is_due(item, now))
    }


def _is_due(credential: Credential, now: Instant) -> bool:
    is_ordered = credential.requested is not None
    return is_ordered or (credential.due_at is not None and credential.due_at <= now)
