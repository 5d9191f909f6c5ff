"""Reading a credential's other places; trouble with one of them keeps nobody from the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.facts import Follower
from rotator.core.rotation import Effect, Role
from rotator.errors import (
    ConflictError,
    FatalError,
    OutcomeUnknownError,
    PermanentError,
    RotatorError,
    TransientError,
)
from rotator.ports.destination import CanReadBack

if TYPE_CHECKING:
    from rotator.core.events import Scalar
    from rotator.core.facts import DestinationRef, DestinationState
    from rotator.core.ids import KeyId
    from rotator.reconcile.session import Session

_A_DAY = timedelta(days=1)
_NOT_OURS = frozenset({Role.FOREIGN, Role.SUSPECT})


def read(session: Session) -> tuple[Follower, ...]:
    """Look at every follower that policy names, in its order."""
    writes = _writes(session)
    found = (_one(session, ref) for ref in session.terms.followers)
    return tuple(replace(item, writes=writes[_object(item.ref)]) for item in found)


def named(ref: DestinationRef) -> dict[str, Scalar]:
    """Say in history and audit which object it is: a name may be that of several."""
    return {"place": ref.name, "region": ref.region}


def _object(ref: DestinationRef) -> frozenset[tuple[str, Scalar]]:
    return frozenset(named(ref).items())


def _writes(session: Session) -> Counter[frozenset[tuple[str, Scalar]]]:
    """Count how often each was written for the open rotation within the last day."""
    rotation, since = session.claim.rotation, session.now() - _A_DAY
    events = session.parts.journal.events(rotation.id) if rotation else ()
    return Counter(
        frozenset(event.detail.items())
        for event in events
        if event.effect == Effect.FOLLOW.value and event.kind == "outcome" and event.at >= since
    )


def troubled(ref: DestinationRef, error: RotatorError) -> Follower:
    """Tell of a follower that could not be read or written."""
    is_passing = isinstance(error, TransientError | ConflictError | OutcomeUnknownError)
    return Follower(ref=ref, code=error.code, why=str(error), is_passing=is_passing)


def _one(session: Session, ref: DestinationRef) -> Follower:
    try:
        found = _looked_at(session, ref)
    except FatalError:
        raise
    except RotatorError as error:
        return troubled(ref, error)
    failed = session.unfollowed.get(ref.id)
    if failed is None:
        return found
    return replace(found, code=failed.code, why=failed.why, is_passing=failed.is_passing)


def _looked_at(session: Session, ref: DestinationRef) -> Follower:
    if ref.kind not in session.parts.destinations:
        msg = f"no destination of kind {ref.kind} is configured"
        raise PermanentError(msg, subject=ref.name, code="not_configured")
    state = session.destination(ref).describe(ref)
    published = _published(session, ref, state)
    record = session.key(published)
    is_ours = record is not None and record.role not in _NOT_OURS
    return Follower(ref=ref, state=state, published=published, is_ours=is_ours)


def _published(session: Session, ref: DestinationRef, state: DestinationState) -> KeyId | None:
    if not state.exists or state.current is None:
        return None
    adapter = session.destination(ref)
    if not isinstance(adapter, CanReadBack):
        msg = "the follower cannot be read, so nobody could tell what it carries"
        raise PermanentError(msg, subject=ref.name, code="no_capability")
    return adapter.published_key_id(ref)
