"""A credential without an open rotation: inspect it, adopt its key, or start a rotation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core import expiry, inventory, rollbacks
from rotator.core.drift import Note
from rotator.core.events import AuditAction, Stage
from rotator.core.idle import Adopt, Rest, Start, next_for_idle
from rotator.core.ids import Instant, RotationId
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase, Role, Rotation, Trigger
from rotator.core.steps import Do, known
from rotator.errors import InvariantError, PermanentError, RotatorError
from rotator.ports.provider import CanReportUse
from rotator.reconcile import following, orphans
from rotator.reconcile.gates import held_back
from rotator.reconcile.own_key import others_first
from rotator.reconcile.readiness import not_permitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.ids import KeyId, VersionId
    from rotator.core.rotation import Credential
    from rotator.core.steps import Wait
    from rotator.reconcile.session import Session

_MOST_STEPS = 20
_STEPS_A_FOLLOWER = 2
"""It is written, and all are read again."""


def settle(session: Session) -> Rest | None:
    """Look at an idle credential.

    Returns:
        How long to rest, or None when a rotation was started and wants to be driven.
    """
    for _ in range(_MOST_STEPS + _STEPS_A_FOLLOWER * len(session.terms.followers)):
        memory = orphans.memory(session)
        step = next_for_idle(
            session.credential, session.observation, session.terms, session.now(), memory=memory
        )
        match step:
            case Do(what=what) if what is not None:
                session.observe(what)
            case Do(effect=Effect.FOLLOW):
                waiting = held_back(session)
                if waiting:
                    return Rest(wait=waiting, due_at=session.credential.due_at)
                following.mirror(session, step)
            case Adopt(retires=retires) if retires is not None:
                adopt(session, step, rotation=remembered(session, step, retires))
                return None
            case Adopt():
                adopt(session, step)
            case Note(version=version):
                _note(session, version)
            case Start():
                waiting = (
                    held_back(session, step.trigger)
                    or not_permitted(session, step.trigger)
                    or others_first(session, step.trigger)
                    or backing_off(session)
                )
                if waiting:
                    return Rest(wait=waiting, due_at=step.due_at)
                _start(session, step)
                return None
            case Rest():
                _inspect(session)
                return step
            case _:
                break
    msg = "an idle credential does not come to rest"
    raise InvariantError(msg, subject=session.credential.principal.name)


def backing_off(session: Session) -> Wait | None:
    """Wait longer after each rotation in a row that was rolled back, and count them."""
    failed = rollbacks.in_a_row(session.parts.journal.rotations(session.credential.id))
    waiting = back_off(session, failed)
    if waiting and session.credential.failures < len(failed):
        code = failed[0].outcome
        counted = replace(session.credential, failures=len(failed), last_error=code)
        session.commit(credential=counted)
    return waiting


def back_off(session: Session, failed: Sequence[Rotation]) -> Wait | None:
    """Say how long to wait after rotations that were rolled back; a new order does not wait."""
    if session.credential.requested not in {None, failed[0].trigger if failed else None}:
        return None
    waiting = rollbacks.back_off(failed, session.now(), skew=session.terms.limits.clock_skew)
    if waiting is None or waiting.reason is not Reason.EXPIRES_TOO_SOON:
        return waiting
    return _until_better_than_nothing(session, waiting, failed[0])


def _until_better_than_nothing(session: Session, waiting: Wait, last: Rotation) -> Wait | None:
    """Wait no longer than the key that consumers read lives: then any that works is better."""
    record, current = session.key(last.new_key_id), session.key(session.credential.current_key_id)
    detail = expiry.refused_detail(last, record, session.terms) or waiting.detail
    until = waiting.until
    if current is not None and current.expires_at is not None:
        patience = (last.finished_at or last.phase_since) + session.terms.limits.check_interval
        until = min(until, Instant(max(current.expires_at, patience)))
    return replace(waiting, until=until, detail=detail) if session.now() < until else None


def remembered(session: Session, step: Adopt, retires: KeyId) -> Rotation:
    """Open the rotation again that the journal has forgotten, with a fresh grace.

    Our own mark proves that it was promoted; the key that it replaced was ours to
    retire, and still is, past the whole guard.
    """
    now, credential = session.stamp(), session.credential
    started = _opened(session, Start(trigger=Trigger.AGE, due_at=now))
    return replace(
        started,
        phase=Phase.PROMOTED,
        phase_since=now,
        prepared_at=now,
        old_key_id=retires,
        new_key_id=step.key_id,
        base_version=credential.current_version,
        new_version=step.version,
        verified_at=now,
        promoted_at=now,
    )


def adopt(
    session: Session, step: Adopt, *, rotation: Rotation | None = None, actor: str = "daemon"
) -> None:
    """Make a key the current one; one whose place it takes is retired by `rotation` alone."""
    before, record = session.credential.current_key_id, session.key(step.key_id)
    displaced = session.key(before)
    if displaced is not None and displaced.role is Role.CURRENT:
        session.learn((replace(displaced, role=Role.PREVIOUS),))
    if record is not None:
        session.learn((replace(record, role=Role.CURRENT, suspect_since=None),))
    adopted = replace(session.credential, current_key_id=step.key_id, current_version=step.version)
    entry = session.audit(
        AuditAction.KEY_ADOPT,
        Stage.EVENT,
        "success",
        key=step.key_id,
        version=step.version,
        reason=step.reason or None,
        evidence={"previous_key": before} if before else {},
        actor=actor,
    )
    session.commit(
        credential=adopted,
        rotation=rotation,
        audit=(entry,),
        events=(
            session.event("adopt", rotation=rotation, key_id=step.key_id, previous_key=before),
        ),
    )


def _note(session: Session, version: VersionId | None) -> None:
    """Remember somebody else's version, which carries our current key.

    Where another key has that key's id by now, somebody has published that one.
    """
    current = session.key(session.credential.current_key_id)
    namesake = next(
        (it for it in session.namesakes if current and it.key_id == current.key_id), None
    )
    if current is not None and namesake is not None:
        fresh = inventory.reborn(current, None, session.now())
        session.learn((replace(fresh, role=Role.CURRENT, created_at=namesake.created_at),))
        session.forget()
    entry = session.audit(
        AuditAction.DESTINATION_DRIFT,
        Stage.EVENT,
        "success",
        version=version,
        reason="another version carries the current key",
        evidence={"previous_version": session.credential.current_version},
    )
    session.commit(
        credential=replace(session.credential, current_version=version),
        audit=(entry,),
        events=(session.event("version", version=version),),
    )


def _start(session: Session, step: Start) -> None:
    rotation = _opened(session, step)
    entry = session.audit(
        AuditAction.ROTATION_START,
        Stage.EVENT,
        "success",
        key=rotation.old_key_id,
        reason=step.trigger.value,
        evidence={"due_at": step.due_at.isoformat()},
    )
    session.commit(
        rotation=rotation,
        credential=replace(session.credential, requested=None, due_at=step.due_at),
        audit=(entry,),
        events=(session.event("start", rotation=rotation, trigger=step.trigger.value),),
    )


def _opened(session: Session, step: Start) -> Rotation:
    credential: Credential = session.credential
    if credential.current_key_id is None or credential.destination is None:
        msg = "only an adopted credential with a destination is rotated"
        raise InvariantError(msg, subject=credential.principal.name)
    now = session.now()
    return Rotation(
        id=RotationId(session.parts.chance.new_id()),
        credential_id=credential.id,
        trigger=step.trigger,
        phase=Phase.PLANNED,
        phase_since=now,
        created_at=now,
        old_key_id=credential.current_key_id,
        old_version=step.version or credential.current_version,
        destination=credential.destination,
        # Whoever calls a key compromised wants it to end as soon as another is in use.
        expedited_at=now if step.trigger.is_taint else None,
    )


def _inspect(session: Session) -> None:
    """Note keys that went away or that we left behind, and sample every key's use."""
    listing = known(session.observation.keys)
    if listing is None:
        return
    session.learn(inventory.missing(session.keys(), listing, session.now()))
    orphans.watch(session)
    if not isinstance(session.provider, CanReportUse):
        return
    for key in listing.keys:
        _sample(session, key.key_id)


def _sample(session: Session, key_id: KeyId) -> None:
    """Read a use for the record only: nothing is decided here, so a refusal is no failure."""
    try:
        session.read_use(key_id)
    except PermanentError as error:
        session.parts.telemetry.log("warning", "last use not read", code=error.code)
    except RotatorError as error:
        session.parts.telemetry.log("info", "last use not read", code=error.code)
