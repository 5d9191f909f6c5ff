"""Walking through a credential's suspects: each on its own timer, one step at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.events import Stage
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Intent, Role
from rotator.core.steps import Wait, hold
from rotator.core.suspects import Act, Finding, Judge, ReadUse, acted, judged, next_for_suspect
from rotator.errors import NotFoundError, OutcomeUnknownError, PermanentError, RotatorError
from rotator.ports.destination import CanReadBack
from rotator.reconcile.books import ACTIONS
from rotator.reconcile.effects import switch

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef, KeyListing, LastUsed
    from rotator.core.ids import KeyId
    from rotator.core.rotation import KeyRecord
    from rotator.reconcile.session import Session

_MOST_STEPS = 20


def walk(session: Session) -> Instant | None:
    """Take every suspect as far as it goes now.

    Returns:
        When the first of them wants to be looked at again; None without suspects.
    """
    known = session.keys()
    suspects = [record.key_id for record in known if record.role is Role.SUSPECT]
    waits = [_one(session, key) for key in suspects]
    return min((wait.until for wait in waits if wait), default=None)


def _one(session: Session, key: KeyId) -> Wait | None:
    use: LastUsed | str | None = None
    listing = session.list_keys()
    for _ in range(_MOST_STEPS):
        record = session.key(key)
        if record is None or record.role is not Role.SUSPECT:
            return None
        step = next_for_suspect(record, listing, use, session.terms, session.now())
        match step:
            case ReadUse():
                use = _read(session, key)
            case Judge(finding=finding):
                _save(session, judged(record, finding, session.now()), finding.value)
            case Act(effect=effect):
                if session.parts.gate.is_blocked(session.now()):
                    return hold(session.terms, session.now(), Reason.AUDIT_BLOCKED)
                published = _publication(session, key)
                if isinstance(published, Wait):
                    return published
                if published:
                    finding = Finding.STRANGER
                    _save(session, judged(record, finding, session.now()), finding.value)
                    continue
                _act(session, record, effect, listing)
                listing = session.list_keys()
            case Wait():
                return step
    return hold(session.terms, session.now(), Reason.INVARIANT, key)


def _read(session: Session, key: KeyId) -> LastUsed | str:
    try:
        return session.read_use(key)
    except PermanentError as error:
        return error.code


def _publication(session: Session, key: KeyId) -> Wait | bool:
    """Whether consumers are given the suspect to read: then a person made it, used or not (I1)."""
    rotation = session.claim.rotation
    refs = {session.credential.destination, rotation.destination if rotation else None} - {None}
    code = "no_destination"
    try:
        if refs:
            return any(_published(session, ref) == key for ref in refs if ref)
    except PermanentError as error:
        code = error.code
    detail = f"{key} may be published: {code}"
    return hold(session.terms, session.now(), Reason.ACCESS_DENIED, detail)


def _published(session: Session, ref: DestinationRef) -> KeyId | None:
    adapter = session.destination(ref)
    state, credential = adapter.describe(ref), session.credential
    if not state.exists:
        return None
    if isinstance(adapter, CanReadBack):
        return adapter.published_key_id(ref)
    known = credential.current_version if ref == credential.destination else None
    if known is not None and state.current == known:
        # A version never changes: this one carries the key that we put or found there.
        return credential.current_key_id
    msg = "the destination cannot be read back"
    raise PermanentError(msg, subject=ref.name, code="no_capability")


def _save(session: Session, record: KeyRecord, what: str) -> None:
    session.learn((record,))
    session.commit(events=(session.event("suspect", key_id=record.key_id, finding=what),))


def _act(session: Session, record: KeyRecord, effect: Effect, listing: KeyListing) -> None:
    """Disable or delete a suspect that was never used; the intent lies on its record."""
    now = session.now()
    intent = Intent(
        effect=effect,
        key_id=record.key_id,
        made_at=now,
        not_after=Instant(now + session.terms.limits.lease_period),
        provider_time=listing.provider_time,
    )
    evidence = {"proof": "never used", "suspect_since": str(record.suspect_since)}
    _book(session, replace(record, intent=intent), effect, Stage.INTENT, "pending", evidence)
    try:
        _call(session, record.key_id, effect, intent.not_after)
    except OutcomeUnknownError:
        return
    except NotFoundError:
        pass
    except RotatorError as error:
        _book(session, record, effect, Stage.OUTCOME, "failure", {"code": error.code})
        raise
    done = session.key(record.key_id) or record
    _book(session, acted(done, session.now()), effect, Stage.OUTCOME, "success", evidence)


def _call(session: Session, key: KeyId, effect: Effect, not_after: Instant) -> None:
    principal = session.credential.principal
    if effect is Effect.DISABLE_KEY:
        switch(session).disable_key(principal, key, not_after=not_after)
    else:
        session.provider.delete_key(principal, key, not_after=not_after)


def _book(
    session: Session,
    record: KeyRecord,
    effect: Effect,
    stage: Stage,
    outcome: str,
    evidence: dict[str, str],
) -> None:
    session.learn((record,))
    entry = session.audit(
        ACTIONS[effect],
        stage,
        outcome,
        key=record.key_id,
        evidence=evidence,
        reason="a suspect that was never used",
    )
    session.commit(
        audit=(entry,),
        events=(session.event("suspect", effect=effect, key_id=record.key_id, outcome=outcome),),
    )
