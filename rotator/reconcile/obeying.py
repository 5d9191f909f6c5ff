"""Carrying orders about the open rotation out, or refusing them; each ends in one commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.consequences import credential_after, keys_after_fact
from rotator.core.events import AuditAction, AuditRecord, Stage
from rotator.core.instructed import is_about, next_for_order
from rotator.core.machine import next_step
from rotator.core.orders import Verb
from rotator.core.rotation import Phase, Role
from rotator.core.stamps import is_ahead
from rotator.core.steps import Fact, Lift, Obey, Record, Refuse
from rotator.core.transitions import halted, lifted
from rotator.errors import InvariantError
from rotator.reconcile import closing, outcomes

if TYPE_CHECKING:
    from rotator.core.orders import Order
    from rotator.core.rotation import KeyRecord, Rotation
    from rotator.core.steps import OrderStep
    from rotator.reconcile.session import Session


def ask(session: Session, *, in_hand: bool) -> OrderStep:
    """Ask what comes next: for the order about the open rotation, if one stands."""
    observation = replace(session.observation, secret_in_hand=in_hand)
    rotation, order, now = session.rotation, session.credential.order, session.now()
    # Times that a wrong clock wrote are mended first: an order would wait for them to come.
    is_wrong = is_ahead(rotation, now, session.terms.limits.clock_skew)
    is_mended_first = is_wrong and rotation.phase is not Phase.HALTED
    if order is None or is_mended_first or not is_about(order, rotation):
        return next_step(rotation, observation, session.terms, now)
    return next_for_order(order, rotation, observation, session.terms, now)


def settle(session: Session, step: Lift | Obey | Refuse) -> None:
    """Commit what an order comes to."""
    match step:
        case Lift():
            session.commit(rotation=lifted(session.rotation, session.now()))
        case Obey():
            _obey(session, step, _order(session))
        case Refuse(why=why):
            refuse(session, _order(session), why)


def refuse_stray(session: Session) -> None:
    """Refuse an order that is about neither the open rotation nor a suspect."""
    order, rotation = session.credential.order, session.claim.rotation
    if order is None or (rotation is not None and is_about(order, rotation)):
        return
    record = session.key(order.key_id)
    if order.verb is Verb.ENABLE and record is not None and record.role is Role.SUSPECT:
        return
    refuse(session, order, _why_stray(order, record))


def _why_stray(order: Order, record: KeyRecord | None) -> str:
    if order.verb is not Verb.ENABLE:
        return "this rotation is not open any more"
    known = "is unknown to rotator" if record is None else f"counts as {record.role.value}"
    return (
        f"{order.key_id} {known}: rotator enables only the old key of an open rotation, "
        "and a key that it suspects to be its own"
    )


def refuse(session: Session, order: Order, why: str) -> None:
    """Refuse an order; a halt that it had led out of is entered again."""
    closed = closing.refused(session, order, why)
    session.commit(
        rotation=_halted_again(session),
        credential=closed.credential,
        audit=closed.audit,
        events=closed.events,
    )
    session.forget()


def _halted_again(session: Session) -> Rotation | None:
    rotation = session.claim.rotation
    if rotation is None or rotation.halt_reason is None or rotation.phase is Phase.HALTED:
        return None
    return halted(rotation, session.now(), rotation.halt_reason, rotation.halt_detail)


def _obey(session: Session, step: Obey, order: Order) -> None:
    before, rotation, now = session.rotation, step.rotation, session.now()
    credential = credential_after(session.credential, rotation)
    if step.fact is not None:
        old, new = session.key(rotation.old_key_id), session.key(rotation.new_key_id)
        session.learn(keys_after_fact(Record(fact=step.fact), rotation, old, new, (), now))
    is_reversal = rotation.reversed_at != before.reversed_at
    closed = (
        closing.reversed_by(session, credential)
        if is_reversal
        else closing.carried_out(session, order, credential)
    )
    session.commit(
        rotation=rotation,
        credential=closed.credential,
        audit=(
            *closed.audit,
            *_given_up(session, step, order),
            *outcomes.finish(session, rotation),
        ),
        events=closed.events,
        pause=closed.pause,
    )
    session.forget()


def _given_up(session: Session, step: Obey, order: Order) -> tuple[AuditRecord, ...]:
    if step.fact is not Fact.ABANDONED:
        return ()
    action, reason = AuditAction.ROTATION_ABANDON, step.rotation.abandoned
    actor = f"operator:{order.operator}"
    return (session.audit(action, Stage.EVENT, "success", actor=actor, reason=reason),)


def _order(session: Session) -> Order:
    order = session.credential.order
    if order is None:
        msg = "no order stands"
        raise InvariantError(msg, subject=session.rotation.id)
    return order
