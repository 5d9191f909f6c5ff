"""Walking through a credential's suspects: each on its own timer, one step at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.events import Stage
from rotator.core.facts import Minter
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Intent, Role
from rotator.core.steps import Wait, hold
from rotator.core.suspects import (
    Act,
    AskMinter,
    Finding,
    Judge,
    ReadUse,
    acted,
    judged,
    next_for_suspect,
)
from rotator.errors import (
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    RotatorError,
    TransientError,
)
from rotator.ports.destination import CanReadBack
from rotator.ports.provider import CanTellMinter
from rotator.reconcile import vouching
from rotator.reconcile.answering import answered
from rotator.reconcile.books import ACTIONS
from rotator.reconcile.effects import switch
from rotator.reconcile.gates import held_back

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord
    from rotator.core.facts import DestinationRef, KeyListing, LastUsed
    from rotator.core.ids import KeyId
    from rotator.core.rotation import KeyRecord
    from rotator.reconcile.session import Session

_MOST_STEPS = 20
_ANSWERS = frozenset({Finding.INTENT_DONE, Finding.INTENT_VOID})


@dataclass(slots=True, kw_only=True)
class Told:
    """What one pass was told about a suspect; None where nobody asked yet.

    Attributes:
        use: Its last use; a text is the code of a reading that failed.
        minter: Who made it, by the provider's log.
    """

    use: LastUsed | str | None = None
    minter: Minter | None = None


def walk(session: Session) -> Wait | None:
    """Take every suspect as far as it goes now.

    Returns:
        When the first of them wants to be looked at again, with the reason of one that
        only a person can judge, if there is any; None without suspects.
    """
    known = session.keys()
    suspects = [record.key_id for record in known if record.role is Role.SUSPECT]
    waits = [wait for wait in (_one(session, key) for key in suspects) if wait]
    first = min(waits, key=lambda it: it.until, default=None)
    stuck = next((wait for wait in waits if wait.reason is Reason.USE_UNKNOWN), first)
    return first and stuck and replace(stuck, until=first.until)


def ask(session: Session, record: KeyRecord, listing: KeyListing, told: Told) -> Judge | Act | Wait:
    """Say what comes next for a suspect; read what that takes, and change nothing."""
    while True:
        terms, now = session.terms, session.now()
        step = next_for_suspect(record, listing, told.use, terms, now, minter=told.minter)
        match step:
            case ReadUse():
                told.use = _read(session, record.key_id)
            case AskMinter():
                told.minter = _minter(session, record)
            case Act():
                return _permitted(session, record.key_id, step)
            case _:
                return step


def _permitted(session: Session, key: KeyId, step: Act) -> Judge | Act | Wait:
    """Hold back what must not start now, and leave alone what consumers are given to read."""
    waiting = held_back(session)
    if waiting:
        return waiting
    published = _publication(session, key)
    if isinstance(published, Wait):
        return published
    return Judge(finding=Finding.STRANGER) if published else step


def _one(session: Session, key: KeyId) -> Wait | None:
    told = Told()
    order = vouching.order_for(session, key)
    if order is not None:
        return vouching.enable(session, key, order)
    listing = session.list_keys()
    for _ in range(_MOST_STEPS):
        record = session.key(key)
        if record is None or record.role is not Role.SUSPECT:
            return None
        step = ask(session, record, listing, told)
        match step:
            case Judge(finding=finding):
                outcome = answered(session, record, listing) if finding in _ANSWERS else ()
                _save(session, judged(record, finding, session.stamp()), finding.value, outcome)
            case Act(effect=effect, proof=proof):
                _act(session, record, effect, listing, proof)
                listing = session.list_keys()
            case Wait():
                return step
    return hold(session.terms, session.now(), Reason.INVARIANT, key)


def _read(session: Session, key: KeyId) -> LastUsed | str:
    try:
        return session.read_use(key)
    except PermanentError as error:
        return error.code


def _minter(session: Session, record: KeyRecord) -> Minter:
    """Ask the provider's log; whatever keeps it from answering is no answer."""
    provider, skew = session.provider, session.terms.limits.clock_skew
    if not isinstance(provider, CanTellMinter) or record.rotation_id is None:
        return Minter.UNKNOWN
    try:
        return provider.minted_by(
            session.credential.principal,
            record.key_id,
            record.rotation_id,
            since=Instant(record.created_at - skew),
            until=Instant(record.created_at + skew),
        )
    except (PermanentError, TransientError) as error:
        session.parts.telemetry.log("warning", "minter not told", code=error.code)
        return Minter.UNKNOWN


def _publication(session: Session, key: KeyId) -> Wait | bool:
    """Whether consumers are given the suspect to read: then a person made it, used or not (I1)."""
    rotation = session.claim.rotation
    pivots = (session.credential.destination, rotation.destination if rotation else None)
    refs = {ref.id: ref for ref in (*pivots, *session.terms.followers) if ref}
    code = "no_destination"
    try:
        if refs:
            return any(_published(session, ref) == key for ref in refs.values())
    except PermanentError as error:
        code = error.code
    detail = f"{key} may be published: {code}"
    return hold(session.terms, session.now(), Reason.ACCESS_DENIED, detail)


def _published(session: Session, ref: DestinationRef) -> KeyId | None:
    if ref.kind not in session.parts.destinations:
        msg = f"no destination of kind {ref.kind} is configured"
        raise PermanentError(msg, subject=ref.name, code="not_configured")
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


def _save(session: Session, record: KeyRecord, what: str, told: tuple[AuditRecord, ...]) -> None:
    session.learn((record,))
    found = session.event("suspect", key_id=record.key_id, finding=what)
    session.commit(audit=told, events=(found,))


def _act(
    session: Session, record: KeyRecord, effect: Effect, listing: KeyListing, proof: str
) -> None:
    """Disable or delete a suspect that was never used; the intent lies on its record."""
    now = session.now()
    intent = Intent(
        effect=effect,
        key_id=record.key_id,
        made_at=now,
        not_after=Instant(now + session.terms.limits.lease_period),
        provider_time=listing.provider_time,
    )
    evidence = {"proof": proof, "suspect_since": str(record.suspect_since)}
    listed = listing.find(record.key_id)
    if listed is not None and listed.rotation is not None:
        evidence["mark"] = listed.rotation
    _book(session, replace(record, intent=intent), effect, Stage.INTENT, "pending", evidence)
    try:
        with session.timed(effect):
            _call(session, record.key_id, effect, intent.not_after)
    except OutcomeUnknownError as error:
        kept = session.key(record.key_id) or record
        _book(session, kept, effect, Stage.OUTCOME, "unknown", {"code": error.code})
        return
    except NotFoundError:
        pass
    except RotatorError as error:
        _book(session, record, effect, Stage.OUTCOME, "failure", {"code": error.code})
        raise
    done = session.key(record.key_id) or record
    _book(session, acted(done, session.stamp()), effect, Stage.OUTCOME, "success", evidence)


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
