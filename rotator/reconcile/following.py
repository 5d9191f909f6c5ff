"""Giving a follower the key that the pivot carries: one swap of its own, as often as it takes.

The key comes from the hand of the pass that made it, or is read back from the pivot; it
is a local of `_write` and nowhere else (invariant I5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core import recovery
from rotator.core.events import AuditAction, Stage
from rotator.core.facts import UNREAD, What
from rotator.core.ids import Instant, follower_token
from rotator.core.rotation import Effect, Intent
from rotator.core.steps import Do, known
from rotator.errors import (
    ConflictError,
    FatalError,
    InvariantError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    RotatorError,
    UnavailableError,
)
from rotator.ports.destination import CanReadBack, CanReadVersions
from rotator.reconcile import effects, outcomes
from rotator.reconcile.followers import named, troubled

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef, DestinationState
    from rotator.core.ids import CredentialId, KeyId, RotationId, VersionId
    from rotator.core.secret import KeyMaterial
    from rotator.reconcile.session import Session


def follow(session: Session, step: Do, in_hand: KeyMaterial | None) -> None:
    """Carry out a `follow` of the open rotation; a failure is that follower's alone."""
    not_after = effects.intend(session, step)
    try:
        with session.timed(step.effect):
            version = _write(session, step, in_hand, session.rotation.id, not_after)
    except OutcomeUnknownError as error:
        outcomes.unknown(session, step, error)
        _give_up(session, step, error)
    except RotatorError as error:
        outcomes.refused(session, step, error)
        _give_up(session, step, error)
    else:
        proof = named(_place(step))
        outcomes.succeeded(session, replace(step, version=version), proof=proof)


def mirror(session: Session, step: Do) -> None:
    """Carry out a `follow` while no rotation is open; the credential carries the intent.

    While nobody can tell what came of another one this one waits for another pass: a
    rotation that is due must not.
    """
    answer(session)
    if session.credential.intent is not None:
        msg = "what came of the last write to a follower cannot be read"
        _give_up(session, step, UnavailableError(msg, subject=session.credential.intent.place))
        session.observation = session.observation.with_reading(What.FOLLOWERS, UNREAD)
        return
    now = session.now()
    not_after = Instant(now + session.terms.limits.lease_period)
    intent = Intent(
        effect=step.effect,
        key_id=step.key_id,
        made_at=now,
        not_after=not_after,
        place=_place(step).name,
    )
    _commit(session, step, Stage.INTENT, "pending", intent=intent)
    record = session.key(step.key_id)
    owner = (record and record.rotation_id) or session.credential.id
    try:
        with session.timed(step.effect):
            version = _write(session, step, None, owner, not_after)
    except RotatorError as error:
        is_unknown = isinstance(error, OutcomeUnknownError)
        outcome = "unknown" if is_unknown else "failure"
        left = intent if is_unknown else None
        _commit(session, step, Stage.OUTCOME, outcome, intent=left, error=error.code)
        _give_up(session, step, error)
    else:
        _commit(session, replace(step, version=version), Stage.OUTCOME, "success", intent=None)


def answer(session: Session) -> None:
    """Write what came of a `follow` that was open when the credential was idle.

    What is not there yet is written again; a request of it that lands late meets a
    version that it does not expect, or the very same one.
    """
    intent = session.credential.intent
    if intent is None:
        return
    session.observe(What.FOLLOWERS)
    places = known(session.observation.followers) or ()
    found = [item for item in places if item.ref.name == intent.place]
    if any(item.state is None for item in found):
        return
    is_done = recovery.carried_at(intent.place, session.observation) == {intent.key_id}
    outcome, error = ("success", None) if is_done else ("failure", "not_done")
    place = found[0].ref if found else None
    step = Do(effect=Effect.FOLLOW, key_id=intent.key_id, place=place)
    reason = outcomes.FOUND_DONE if is_done else None
    _commit(session, step, Stage.OUTCOME, outcome, intent=None, error=error, reason=reason)


def _give_up(session: Session, step: Do, error: RotatorError) -> None:
    """Go on with the other followers; this one is tried again in another pass.

    Raises:
        ConflictError: The lease was lost, and with it the right to go on.
        FatalError: The error was one.
    """
    place = _place(step)
    if isinstance(error, FatalError):
        raise error
    if session.claim.lease_until <= session.now():
        msg = "the lease was lost while a follower was written"
        raise ConflictError(msg, subject=place.name) from error
    session.unfollowed[place.id] = troubled(place, error)
    code = error.code
    session.parts.telemetry.log("warning", "follower not written", place=place.name, code=code)


def _write(
    session: Session,
    step: Do,
    in_hand: KeyMaterial | None,
    owner: RotationId | CredentialId,
    not_after: Instant,
) -> VersionId:
    """Make the follower ready, store the key there and swap, if nobody has moved it meanwhile."""
    ref, key = _place(step), _key(step)
    adapter = session.destination(ref)
    state = _ready(session, ref, not_after)
    if state.current is not None and state.current in state.pending and _carries(session, ref, key):
        # The second half of an earlier swap is missing: a label only.
        adapter.promote(ref, state.current, expected=state.current, not_after=not_after)
        return state.current
    material = in_hand if in_hand and in_hand.key_id == key else _from_pivot(session, key)
    version = follower_token(owner, key, ref.id, state.current)
    adapter.stage(ref, version, material, base=state.current, not_after=not_after)
    adapter.promote(ref, version, expected=state.current, not_after=not_after)
    return version


def _ready(session: Session, ref: DestinationRef, not_after: Instant) -> DestinationState:
    """Return the state that was judged; an object that is missing or not ours is made ready.

    Raises:
        ConflictError: The object carries a key by now, which nobody has judged.
    """
    places = known(session.observation.followers) or ()
    judged = next((item.state for item in places if item.ref.id == ref.id), None)
    if judged is None:
        msg = "a follower is written that was not read"
        raise InvariantError(msg, subject=ref.name)
    if judged.current is not None and judged.owner is not None:
        return judged
    adapter = session.destination(ref)
    adapter.prepare(ref, not_after=not_after)
    if judged.current is not None:
        return judged
    if isinstance(adapter, CanReadBack) and adapter.published_key_id(ref) is not None:
        msg = "somebody has published a key there meanwhile"
        raise ConflictError(msg, subject=ref.name)
    return adapter.describe(ref)


def _carries(session: Session, ref: DestinationRef, key: KeyId) -> bool:
    places = known(session.observation.followers) or ()
    return any(item.ref.id == ref.id and item.published == key for item in places)


def _from_pivot(session: Session, key: KeyId) -> KeyMaterial:
    """Read the key back from the version that the pivot's consumers read.

    Raises:
        ConflictError: The pivot carries another key by now.
        PermanentError: It cannot be read back.
    """
    rotation = session.claim.rotation
    ref = rotation.destination if rotation else session.credential.destination
    if ref is None:
        msg = "no rule names a destination"
        raise InvariantError(msg, subject=session.credential.principal.name)
    adapter = session.destination(ref)
    state = known(session.observation.destination) or adapter.describe(ref)
    if not isinstance(adapter, CanReadVersions):
        msg = "the key cannot be read back from the first destination"
        raise PermanentError(msg, subject=ref.name, code="no_capability")
    if state.current is None:
        msg = "the first destination carries no key"
        raise NotFoundError(msg, subject=ref.name)
    material = adapter.read_version(ref, state.current)
    if material.key_id != key:
        msg = "the first destination carries another key by now"
        raise ConflictError(msg, subject=ref.name)
    return material


def _commit(
    session: Session,
    step: Do,
    stage: Stage,
    outcome: str,
    *,
    intent: Intent | None,
    error: str | None = None,
    reason: str | None = None,
) -> None:
    place = step.place.name if step.place else ""
    record = session.audit(
        AuditAction.KEY_FOLLOW,
        stage,
        outcome,
        key=step.key_id,
        version=step.version,
        error=error,
        reason=reason,
        evidence=step.evidence,
        destination=place or None,
    )
    told = session.event(stage.value, effect=step.effect, place=place, outcome=outcome)
    credential = replace(session.credential, intent=intent)
    session.commit(credential=credential, audit=(record,), events=(told,))
    if stage is Stage.OUTCOME:
        session.observation = session.observation.with_reading(What.FOLLOWERS, UNREAD)


def _place(step: Do) -> DestinationRef:
    if step.place is None:
        msg = "follow without a place"
        raise InvariantError(msg)
    return step.place


def _key(step: Do) -> KeyId:
    if step.key_id is None:
        msg = "follow without a key"
        raise InvariantError(msg)
    return step.key_id
