"""Carrying out the order to enable a suspect: then it is a person's for ever."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.events import Stage
from rotator.core.ids import Instant
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Intent, Role
from rotator.core.steps import Refuse, Wait
from rotator.core.suspects import Finding, Judge, judged
from rotator.core.vouched import next_for_vouched
from rotator.errors import OutcomeUnknownError, RotatorError
from rotator.reconcile import closing
from rotator.reconcile.answering import answered
from rotator.reconcile.books import ACTIONS
from rotator.reconcile.effects import switch

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord
    from rotator.core.ids import KeyId
    from rotator.core.orders import Order
    from rotator.core.rotation import KeyRecord
    from rotator.reconcile.session import Session


def order_for(session: Session, key: KeyId) -> Order | None:
    """Return the order to enable this suspect; None when none stands."""
    order = session.credential.order
    is_about = order is not None and order.verb is Verb.ENABLE and order.key_id == key
    return order if is_about else None


def enable(session: Session, key: KeyId, order: Order) -> Wait | None:
    """Take the order as far as it goes now.

    Returns:
        Until when it has to wait; None when it is carried out or refused.
    """
    listing = session.list_keys()
    record = session.key(key)
    if record is None:
        return None
    step = next_for_vouched(record, listing, session.terms, session.now())
    match step:
        case Wait():
            return step
        case Refuse(why=why):
            foreign = judged(record, Finding.STRANGER, session.now())
            _end(session, foreign, closing.refused(session, order, why))
        case Judge(finding=Finding.GONE):
            why = f"{record.key_id} is deleted"
            gone, told = (
                judged(record, Finding.GONE, session.now()),
                answered(session, record, listing),
            )
            _end(session, gone, closing.refused(session, order, why), *told)
        case Judge():
            told = answered(session, record, listing)
            _end(session, _vouched(session, record), _carried_out(session, order), *told)
        case _:
            return _switch_on(session, record, order, answered(session, record, listing))
    return None


def _switch_on(
    session: Session, record: KeyRecord, order: Order, told: tuple[AuditRecord, ...]
) -> Wait | None:
    """Enable it, with the intent on its record; a lost answer is looked for soon."""
    now = session.now()
    not_after = Instant(now + session.terms.limits.lease_period)
    intent = Intent(
        effect=Effect.ENABLE_KEY, key_id=record.key_id, made_at=now, not_after=not_after
    )
    session.learn((replace(record, intent=intent),))
    session.commit(audit=(*told, _told(session, record, order, Stage.INTENT, "pending")))
    principal = session.credential.principal
    try:
        switch(session).enable_key(principal, record.key_id, not_after=not_after)
    except OutcomeUnknownError:
        session.commit(audit=(_told(session, record, order, Stage.OUTCOME, "unknown"),))
        until = Instant(now + session.terms.traits.list_lag)
        return Wait(until=until, reason=Reason.SETTLING, detail=record.key_id)
    except RotatorError:
        session.learn((record,))
        session.commit(audit=(_told(session, record, order, Stage.OUTCOME, "failure"),))
        raise
    done = _told(session, record, order, Stage.OUTCOME, "success")
    _end(session, _vouched(session, record), _carried_out(session, order), done)
    return None


def _vouched(session: Session, record: KeyRecord) -> KeyRecord:
    """Count it as a stranger's that is on; its time as a suspect stays noted."""
    foreign = judged(record, Finding.STRANGER, session.now())
    return replace(foreign, enabled=True, disabled_at=None, role=Role.FOREIGN)


def _carried_out(session: Session, order: Order) -> closing.Closed:
    return closing.carried_out(session, order, session.credential)


def _end(session: Session, record: KeyRecord, closed: closing.Closed, *told: AuditRecord) -> None:
    session.learn((record,))
    session.commit(credential=closed.credential, audit=(*told, *closed.audit), events=closed.events)


def _told(
    session: Session, record: KeyRecord, order: Order, stage: Stage, outcome: str
) -> AuditRecord:
    return session.audit(
        ACTIONS[Effect.ENABLE_KEY],
        stage,
        outcome,
        key=record.key_id,
        reason="an operator ordered it",
        evidence={"order": order.id},
    )
