"""Committing what came of an effect, and what an observation proved."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rotator.core import inventory
from rotator.core.consequences import credential_after, keys_after_effect, keys_after_fact
from rotator.core.events import AuditAction, AuditRecord, Stage
from rotator.core.ids import Instant
from rotator.core.recovery import lands_until
from rotator.core.rotation import Effect, Role
from rotator.core.stamps import restamped
from rotator.core.steps import Do, Fact
from rotator.core.transitions import achieved, found, without_intent
from rotator.errors import InvariantError
from rotator.reconcile.books import ACTIONS
from rotator.reconcile.closing import Closed, reversed_by
from rotator.reconcile.handmade import spared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.events import Scalar
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Intent, KeyRecord, Rotation
    from rotator.core.steps import Record
    from rotator.errors import RotatorError
    from rotator.reconcile.session import Session

FOUND_DONE = "found done after a lost answer or a crash"
"""Why an effect counts as done that nobody saw being done."""

_NO_PROOF: Mapping[str, Scalar] = MappingProxyType({})

_LANDS_LATE = frozenset({Effect.PROMOTE, Effect.DISABLE_KEY, Effect.FOLLOW})
"""Effects that would undo an operator's rollback if they took effect once more after it."""


def succeeded(
    session: Session,
    step: Do,
    *,
    key: KeyId | None = None,
    reason: str | None = None,
    proof: Mapping[str, Scalar] = _NO_PROOF,
) -> None:
    """Commit that an effect happened, with everything that follows from it."""
    before, now = session.rotation, session.stamp()
    rotation = _landing(session, achieved(before, step, now, key=key), step)
    old, new = session.key(rotation.old_key_id), session.key(rotation.new_key_id)
    session.learn(keys_after_effect(step, rotation, old, new, now))
    record = session.audit(
        ACTIONS[step.effect],
        Stage.OUTCOME,
        "success",
        key=step.key_id or rotation.new_key_id,
        version=step.version,
        reason=reason,
        evidence={**step.evidence, **proof},
        destination=_place(before),
    )
    fresh = session.credential
    if rotation.promoted_at is not None:
        # Before the pivot one effect's success proves little: the rotation may still fail.
        fresh = replace(fresh, failures=0, last_error="")
    closed = Closed(credential=credential_after(fresh, rotation))
    if rotation.reversed_at != before.reversed_at:
        closed = reversed_by(session, closed.credential)
    told = session.event("outcome", rotation=rotation, effect=step.effect, **proof)
    session.commit(
        rotation=rotation,
        credential=closed.credential,
        audit=(record, *closed.audit, *finish(session, rotation)),
        events=(told, *closed.events),
        pause=closed.pause,
    )
    session.forget()


def _landing(session: Session, rotation: Rotation, step: Do) -> Rotation:
    """Note until when a request may land once more of what consumers could suffer from.

    An answer says that one request took effect. Another, sent before it by an
    adapter that tried again or by a replica that froze, may still be on its way.
    """
    intent = session.rotation.intent
    if intent is None or step.effect not in _LANDS_LATE:
        return rotation
    until = lands_until(intent, session.terms)
    return replace(rotation, landing_until=max(until, rotation.landing_until or until))


def unknown(session: Session, step: Do, error: RotatorError) -> None:
    """Write down that an answer is missing; the intent stays open."""
    # Nobody raises it, and it may name what a person has to look for.
    effect, told = step.effect.value, error.diagnostics()
    session.parts.telemetry.log(
        "warning", "answer lost", effect=effect, code=error.code, error=told
    )
    _failed(session, step, error, "unknown", session.rotation)


def refused(
    session: Session, step: Do, error: RotatorError, *, rotation: Rotation | None = None
) -> None:
    """Close the intent of an effect that surely was not done."""
    _failed(session, step, error, "failure", rotation or without_intent(session.rotation))


def _failed(
    session: Session, step: Do, error: RotatorError, result: str, rotation: Rotation
) -> None:
    session.parts.telemetry.count(
        "effect_failures",
        provider=session.credential.principal.provider,
        effect=step.effect.value,
        code=error.code,
    )
    record = session.audit(
        ACTIONS[step.effect],
        Stage.OUTCOME,
        result,
        key=step.key_id,
        version=step.version,
        error=error.code,
        destination=_place(session.rotation),
    )
    session.commit(
        rotation=rotation,
        audit=(record,),
        events=(session.event(result, effect=step.effect, code=error.code),),
    )
    session.forget()


def note(session: Session, step: Record) -> None:
    """Commit what an observation proved."""
    match step.fact:
        case Fact.INTENT_DONE:
            _intent_done(session, step, _open_intent(session))
        case Fact.INTENT_VOID:
            _intent_void(session, _open_intent(session))
        case Fact.RESTAMPED:
            _restamped(session)
        case _:
            _fact(session, step)


def _fact(session: Session, step: Record) -> None:
    step = spared(session, step)
    before, now = session.rotation, session.stamp()
    rotation = found(
        before, step.fact, now, version=step.version, reason=step.reason, moment=step.moment
    )
    old, new = session.key(rotation.old_key_id), session.key(rotation.new_key_id)
    suspects = [record for record in map(session.key, step.suspects) if record]
    session.learn(keys_after_fact(step, rotation, old, new, suspects, now))
    told = session.event(
        step.fact.value, rotation=rotation, effect=None, reason=step.reason, **step.evidence
    )
    session.commit(
        rotation=rotation,
        credential=credential_after(session.credential, rotation),
        audit=(
            *_abandoned(session, step),
            *_suspicions(session, step),
            *finish(session, rotation, step.evidence),
        ),
        events=(told,),
    )
    _count_end(session, step.evidence)
    session.forget()


def _intent_done(session: Session, step: Record, intent: Intent) -> None:
    key = step.key_id or intent.key_id
    if intent.effect is Effect.CREATE_KEY:
        session.learn(_adopted(session, key))
    done = Do(effect=intent.effect, key_id=key, version=intent.version)
    reason = None if intent.is_answered else FOUND_DONE
    succeeded(session, done, key=key, reason=reason, proof=step.evidence)
    _count_end(session, step.evidence)


def _count_end(session: Session, proof: Mapping[str, Scalar]) -> None:
    """Count the end of an old key by how it was proved."""
    if "proof" in proof:
        provider = session.credential.principal.provider
        session.parts.telemetry.count("key_ends", provider=provider, proof=str(proof["proof"]))


def _intent_void(session: Session, intent: Intent) -> None:
    landing = Instant(intent.not_after + session.terms.traits.signature_window)
    record = session.audit(
        ACTIONS[intent.effect],
        Stage.OUTCOME,
        "failure",
        key=intent.key_id,
        version=intent.version,
        error="not_done",
        destination=_place(session.rotation),
    )
    session.commit(
        rotation=without_intent(session.rotation, landing_until=landing),
        audit=(record,),
        events=(session.event("void", effect=intent.effect),),
    )
    session.forget()


def _place(rotation: Rotation) -> str | None:
    """Name the follower that the open intent is about; None where it is the pivot."""
    return (rotation.intent.place if rotation.intent else "") or None


def _restamped(session: Session) -> None:
    """Mend what a wrong clock wrote; every wait that it began begins again."""
    before = session.rotation
    rotation = restamped(before, session.stamp())
    told = session.event("restamped", written=before.phase_since.isoformat())
    session.commit(rotation=rotation, events=(told,))


def _open_intent(session: Session) -> Intent:
    intent = session.rotation.intent
    if intent is None:
        msg = "no intent is open"
        raise InvariantError(msg, subject=session.rotation.id)
    return intent


def _adopted(session: Session, key: KeyId | None) -> tuple[KeyRecord, ...]:
    record, rotation = session.key(key), session.rotation
    if record is None or key == rotation.old_key_id:
        return ()
    if record.role is Role.GONE:
        record = inventory.reborn(record, rotation.id, session.stamp())
    return (replace(record, role=Role.PENDING, rotation_id=rotation.id),)


def finish(
    session: Session, rotation: Rotation, proof: Mapping[str, Scalar] = _NO_PROOF
) -> tuple[AuditRecord, ...]:
    """Count a rotation that ended, and make its record; nothing for an open one."""
    if rotation.is_open:
        return ()
    principal = session.credential.principal
    session.parts.telemetry.count(
        "rotations",
        provider=principal.provider,
        account=principal.account,
        trigger=rotation.trigger.value,
        outcome=rotation.outcome,
    )
    action = AuditAction.ROTATION_FINISH
    reason = rotation.outcome
    return (session.audit(action, Stage.EVENT, "success", reason=reason, evidence=proof),)


def _abandoned(session: Session, step: Record) -> tuple[AuditRecord, ...]:
    if step.fact is not Fact.ABANDONED:
        return ()
    action = AuditAction.ROTATION_ABANDON
    given = step.evidence
    return (session.audit(action, Stage.EVENT, "success", reason=step.reason, evidence=given),)


def _suspicions(session: Session, step: Record) -> tuple[AuditRecord, ...]:
    return tuple(
        session.audit(
            AuditAction.KEY_SUSPECT,
            Stage.EVENT,
            "success",
            key=key,
            reason="made while our mint could land, without a proof that it is ours",
        )
        for key in step.suspects
    )
