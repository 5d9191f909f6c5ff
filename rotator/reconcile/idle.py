"""A credential without an open rotation: inspect it, adopt its key, or start a rotation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core import inventory, rollbacks
from rotator.core.events import AuditAction, Stage
from rotator.core.idle import Adopt, Rest, Start, next_for_idle
from rotator.core.ids import RotationId
from rotator.core.rotation import Phase, Role, Rotation
from rotator.core.steps import Do, known
from rotator.errors import InvariantError, PermanentError, RotatorError
from rotator.ports.provider import CanReportUse

if TYPE_CHECKING:
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Credential
    from rotator.core.steps import Wait
    from rotator.reconcile.session import Session

_MOST_STEPS = 20


def settle(session: Session) -> Rest | None:
    """Look at an idle credential.

    Returns:
        How long to rest, or None when a rotation was started and wants to be driven.
    """
    for _ in range(_MOST_STEPS):
        step = next_for_idle(session.credential, session.observation, session.terms, session.now())
        match step:
            case Do(what=what) if what is not None:
                session.observe(what)
            case Adopt():
                _adopt(session, step)
            case Start():
                waiting = backing_off(session)
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
    """Wait longer after each rotation in a row that was rolled back; an order does not wait."""
    if session.credential.requested is not None:
        return None
    failed = rollbacks.in_a_row(session.parts.journal.rotations(session.credential.id))
    waiting = rollbacks.back_off(failed, session.now())
    if waiting and session.credential.failures < len(failed):
        code = failed[0].outcome
        counted = replace(session.credential, failures=len(failed), last_error=code)
        session.commit(credential=counted)
    return waiting


def _adopt(session: Session, step: Adopt) -> None:
    record = session.key(step.key_id)
    if record is not None:
        session.learn((replace(record, role=Role.CURRENT),))
    adopted = replace(session.credential, current_key_id=step.key_id, current_version=step.version)
    entry = session.audit(
        AuditAction.KEY_ADOPT, Stage.EVENT, "success", key=step.key_id, version=step.version
    )
    session.commit(
        credential=adopted,
        audit=(entry,),
        events=(session.event("adopt", key_id=step.key_id),),
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
        old_version=credential.current_version,
        destination=credential.destination,
    )


def _inspect(session: Session) -> None:
    """Note strangers' keys that went away, and sample the current key's use."""
    listing = known(session.observation.keys)
    if listing is None:
        return
    session.learn(inventory.missing(session.keys(), listing, session.now()))
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
