"""Driving an open rotation: ask the core, act, commit, until it has to wait.

`drive` is the one function in which a new key's plaintext exists: a local that
is minted, stored and proved there, and gone when it returns (invariant I5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction, Stage
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect
from rotator.core.steps import Do, Done, Halt, Lift, Obey, Record, Refuse, Wait
from rotator.core.transitions import halted, without_intent
from rotator.errors import InvariantError, RejectedError, RotatorError
from rotator.ports.destination import CanReadBack
from rotator.reconcile import effects, following, moving, obeying, outcomes
from rotator.reconcile.gates import held_back
from rotator.reconcile.proof import prove
from rotator.reconcile.readiness import unready

if TYPE_CHECKING:
    from rotator.core.rotation import Rotation
    from rotator.core.secret import KeyMaterial
    from rotator.reconcile.session import Session

_MOST_STEPS = 200
_STEPS_A_PLACE = 10
"""Far more than a rotation has, and than each of its followers and consumers adds to it.

A pass that needs more is going round in circles.
"""

_GATED = frozenset({Effect.CREATE_KEY, Effect.DISABLE_KEY, *moving.ACTS})
"""Effects that start something; they wait while evidence cannot be written (I7) or in a pause."""


def drive(session: Session) -> Wait | Done | Halt:
    """Carry the open rotation as far as it goes in this pass."""
    material: KeyMaterial | None = None
    further = len(session.terms.followers) + len(session.terms.consumers.refs)
    for _ in range(_MOST_STEPS + _STEPS_A_PLACE * further):
        step = obeying.ask(session, in_hand=material is not None)
        match step:
            case Do(effect=Effect.OBSERVE, what=what) if what is not None:
                session.observe(what)
            case Do(effect=Effect.CREATE_KEY):
                blocked = may_start(session, step)
                if blocked:
                    return blocked
                material = effects.mint(session, step)
            case Do(effect=Effect.STAGE):
                effects.stage(session, step, _held(material))
            case Do(effect=Effect.VERIFY):
                _verify(session, step, material)
            case Do():
                blocked = may_start(session, step)
                if blocked:
                    return blocked
                _act(session, step, material)
            case Record():
                outcomes.note(session, step)
            case Lift() | Obey() | Refuse():
                obeying.settle(session, step)
            case _:
                return step
        if session.claim.rotation is None:
            return Done()
    msg = "the rotation does not come to rest"
    raise InvariantError(msg, subject=session.rotation.id)


def _act(session: Session, step: Do, material: KeyMaterial | None) -> None:
    if step.effect is Effect.FOLLOW:
        following.follow(session, step, material)
    elif step.effect in moving.ACTS:
        moving.act(session, step)
    else:
        effects.act(session, step)


def may_start(session: Session, step: Do) -> Wait | None:
    """Hold back what must not start now: no evidence, a pause, no permission, no budget."""
    now = session.now()
    waiting = (
        held_back(session, session.rotation.trigger) if is_gated(session.rotation, step) else None
    )
    if waiting:
        return waiting
    if step.effect is not Effect.CREATE_KEY:
        return None
    waiting = unready(session)
    if waiting:
        return waiting
    budget = session.parts.budget
    again = session.parts.journal.reserve(
        session.rotation.destination.account,
        budget.per_rotation,
        now=now,
        rate=budget.rate,
        burst=budget.burst,
    )
    return Wait(until=again, reason=Reason.BUDGET) if again else None


def is_gated(rotation: Rotation, step: Do) -> bool:
    """Whether a step makes a key, or takes the old one or the way back to it."""
    match step.effect:
        case Effect.DELETE_KEY:
            return rotation.is_old(step.key_id)
        case Effect.UNSTAGE:
            return step.version == rotation.base_version
        case effect:
            return effect in _GATED


def _verify(session: Session, step: Do, material: KeyMaterial | None) -> None:
    effects.intend(session, step)
    try:
        with session.timed(step.effect):
            prove(session, material or _read_back(session))
    except RejectedError as error:
        failed = session.rotation.verify_failures + 1
        closed = without_intent(replace(session.rotation, verify_failures=failed))
        outcomes.refused(session, step, error, rotation=closed)
    except RotatorError as error:
        outcomes.refused(session, step, error)
        raise
    else:
        outcomes.succeeded(session, step)


def _read_back(session: Session) -> KeyMaterial:
    rotation = session.rotation
    adapter = session.destination(rotation.destination)
    if not isinstance(adapter, CanReadBack) or rotation.new_version is None:
        msg = "the staged secret cannot be read back"
        raise InvariantError(msg, subject=rotation.id)
    return adapter.read_staged(rotation.destination, rotation.new_version)


def _held(material: KeyMaterial | None) -> KeyMaterial:
    if material is None:
        msg = "there is no secret in hand to store"
        raise InvariantError(msg)
    return material


def halt(session: Session, step: Halt) -> None:
    """Stop the rotation for a person, and say so in history and audit."""
    rotation = halted(session.rotation, session.now(), step.reason, step.detail)
    record = session.audit(
        AuditAction.ROTATION_HALT, Stage.EVENT, "success", reason=f"{step.reason}: {step.detail}"
    )
    session.commit(
        rotation=rotation,
        audit=(record,),
        events=(session.event("halt", reason=step.reason, detail=step.detail),),
    )
