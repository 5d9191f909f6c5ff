"""How an order ends: its field is cleared in the commit that carries it out or refuses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction, AuditRecord, Event, Stage
from rotator.core.orders import Pause, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.orders import Order
    from rotator.core.rotation import Credential
    from rotator.reconcile.session import Session

ACTIONS: Mapping[Verb, AuditAction] = {
    Verb.RESUME: AuditAction.OPERATOR_RESUME,
    Verb.ABORT: AuditAction.OPERATOR_ABORT,
    Verb.ROLLBACK: AuditAction.OPERATOR_ROLLBACK,
    Verb.ENABLE: AuditAction.OPERATOR_ENABLE,
}
"""The audit's word for each order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What the commit that ends an order writes beside the rotation and the keys."""

    credential: Credential
    audit: tuple[AuditRecord, ...] = ()
    events: tuple[Event, ...] = ()
    pause: Pause | None = None


def carried_out(session: Session, order: Order, credential: Credential) -> Closed:
    """End an order that was carried out; whatever had failed before it counts no more."""
    after = replace(credential, order=None, failures=0, last_error="")
    return _closed(session, order, after, "success", order.reason)


def refused(session: Session, order: Order, why: str) -> Closed:
    """End an order that cannot be carried out, and say why."""
    after = replace(session.credential, order=None)
    return _closed(session, order, after, "failure", why)


def reversed_by(session: Session, credential: Credential) -> Closed:
    """End the order that made a rotation swap its keys, and pause its credential.

    The old key is older than policy allows, so without the pause its next rotation
    would start as soon as this one ends. The swap may be found done after a crash,
    when another order stands by then: that one stays.
    """
    order = session.credential.order
    if order is None or order.verb is not Verb.ROLLBACK:
        return Closed(credential=credential, pause=_pause(session, "rotator", "rolled back"))
    closed = carried_out(session, order, credential)
    pause = _pause(session, order.operator, f"rolled back: {order.reason}")
    return replace(closed, pause=pause)


def _pause(session: Session, operator: str, reason: str) -> Pause:
    credential, now = session.credential.id, session.now()
    return Pause(operator=operator, reason=reason, since=now, credential=credential)


def _closed(
    session: Session, order: Order, credential: Credential, outcome: str, reason: str
) -> Closed:
    action = ACTIONS[order.verb]
    record = session.audit(
        action,
        Stage.EVENT,
        outcome,
        actor=f"operator:{order.operator}",
        key=order.key_id,
        reason=reason,
        evidence={"order": order.id},
    )
    told = session.event(
        "order",
        outcome=outcome,
        verb=order.verb.value,
        operator=order.operator,
        reason=reason,
    )
    if order.rotation_id is not None:
        told = replace(told, rotation_id=order.rotation_id)
    return Closed(credential=credential, audit=(record,), events=(told,))
